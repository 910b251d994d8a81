"""users.history.list: changes after startHistoryId; 404 when they are forgotten."""

from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from infra.local.google import paging
from infra.local.google.errors import bad_value, invalid_argument, not_found
from infra.local.google.history import Change, Record
from infra.local.google.mailbox import Mailbox
from infra.local.google.request import Request
from infra.local.google.state import State
from infra.local.google.wire import Json, without_empty

T = TypeVar("T")

KINDS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
KIND_TYPE = "type.googleapis.com/caribou.api.proto.HistoryType"


def list_history(state: State, box: Mailbox, request: Request) -> Json:
    """Return records oldest first; historyId is the mailbox's current one on every page."""
    request.only("startHistoryId", "maxResults", "pageToken", "labelId", "historyTypes")
    kinds, label, now = _kinds(request), request.text("labelId"), state.now()
    try:
        records = box.history.since(_start(state, request), now=now)
    except LookupError:
        raise not_found() from None
    matching = ((one.id, wanted) for one in records if (wanted := _wanted(one, kinds, label)))
    found, following = _page(state, request, matching)
    page = [_item(id_, wanted) for id_, wanted in found]
    current = str(box.history.shown(now=now))
    return without_empty({"history": page, "nextPageToken": following, "historyId": current})


def _start(state: State, request: Request) -> int:
    if not request.text("startHistoryId"):
        raise invalid_argument(state.settings.missing_start_text)
    return request.number("startHistoryId", 0, bits=64)


def _kinds(request: Request) -> frozenset[str]:
    """Return the record fields asked for; the parameter's names are singular, the fields' plural."""
    names = request.several("historyTypes")
    for name in names:
        if name not in KINDS:
            raise bad_value("history_types", KIND_TYPE, name)
    return frozenset(KINDS[name] for name in names) or frozenset(KINDS.values())


def _wanted(record: Record, kinds: frozenset[str], label: str) -> list[Change]:
    """Return the changes of a record that were asked for; the label counts as it was at the time."""
    return [
        change
        for change in record.changes
        if (change.kind == "bare" or change.kind in kinds)
        and (not label or label in change.labels or label in change.changed)
    ]


def _page(state: State, request: Request, items: Iterable[T]) -> tuple[list[T], str]:
    """Cut a page.  Tokens count in halves: the odd ones come after the empty page of the switch."""
    start, half = divmod(paging.position(request), 2)
    size = request.page_size()
    found = list(islice(items, start, start + size + 1))
    if state.settings.history_empty_pages and found and not half:
        return [], paging.token(request, start * 2 + 1)
    return found[:size], paging.token(request, (start + size) * 2) if len(found) > size else ""


def _item(id_: int, changes: list[Change]) -> Json:
    named = {one.message_id: {"id": one.message_id, "threadId": one.thread_id} for one in changes}
    item: Json = {"id": str(id_), "messages": list(named.values())}
    for change in changes:
        if change.kind != "bare":
            item.setdefault(change.kind, []).append(_entry(change))
    return item


def _entry(change: Change) -> Json:
    message = {"id": change.message_id, "threadId": change.thread_id, "labelIds": list(change.labels)}
    return without_empty({"message": without_empty(message), "labelIds": list(change.changed)})
