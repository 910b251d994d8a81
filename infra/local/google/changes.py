"""users.history.list: changes after startHistoryId; 404 when they are forgotten."""

from infra.local.google import paging
from infra.local.google.errors import bad_value, invalid_argument, not_found
from infra.local.google.history import Change, Record
from infra.local.google.mailbox import Mailbox
from infra.local.google.request import Request
from infra.local.google.state import State
from infra.local.google.wire import Json, without_empty

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
    items = [item for record in records if (item := _item(record, kinds, label))]
    page, following = _page(state, request, items)
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


def _page(state: State, request: Request, items: list[Json]) -> tuple[list[Json], str]:
    """Cut a page.  Tokens count in halves: the odd ones come after the empty page of the switch."""
    start, half = divmod(paging.position(request), 2)
    size, rest = request.page_size(), items[start:]
    if state.settings.history_empty_pages and rest and not half:
        return [], paging.token(request, start * 2 + 1)
    return rest[:size], paging.token(request, (start + size) * 2) if len(rest) > size else ""


def _item(record: Record, kinds: frozenset[str], label: str) -> Json | None:
    """Return a record reduced to what was asked for; None when nothing is left of it."""
    wanted = [
        change
        for change in record.changes
        if (change.kind == "bare" or change.kind in kinds)
        and (not label or label in change.labels or label in change.changed)
    ]
    if not wanted:
        return None
    named = {one.message_id: {"id": one.message_id, "threadId": one.thread_id} for one in wanted}
    item: Json = {"id": str(record.id), "messages": list(named.values())}
    for change in wanted:
        if change.kind != "bare":
            item.setdefault(change.kind, []).append(_entry(change))
    return item


def _entry(change: Change) -> Json:
    message = {"id": change.message_id, "threadId": change.thread_id, "labelIds": list(change.labels)}
    return without_empty({"message": without_empty(message), "labelIds": list(change.changed)})
