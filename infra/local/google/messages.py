"""users.messages and users.threads: lists, gets, attachments."""

import re
from collections.abc import Iterator

from infra.local.google import attachment_ids, paging, payload, query, search, shapes
from infra.local.google.errors import invalid_argument, not_found
from infra.local.google.mailbox import Mailbox, Stored
from infra.local.google.request import Request
from infra.local.google.state import State
from infra.local.google.wire import Json, base64url, without_empty

LIST = ("q", "labelIds", "includeSpamTrash", "maxResults", "pageToken")
HIDDEN = frozenset({"SPAM", "TRASH"})
GUESS = 201  # resultSizeEstimate of anything with more pages; it is never meant to be relied on


def list_messages(state: State, box: Mailbox, request: Request) -> Json:
    """users.messages.list: newest first; drafts are in it, spam and the bin only when asked for."""
    request.only(*LIST)
    longest = state.settings.longest_query
    if longest and len(request.text("q")) > longest:
        raise invalid_argument("The query is too long.")
    found, following = paging.page(request, _found(state, box, request))
    items = [{"id": message.id, "threadId": message.thread_id} for message in found]
    answer = without_empty({"messages": items, "nextPageToken": following})
    return answer | {"resultSizeEstimate": GUESS if following else len(items)}


def list_threads(state: State, box: Mailbox, request: Request) -> Json:
    """users.threads.list: the threads of what messages.list would find."""
    request.only(*LIST)
    found, following = paging.page(request, _newest_of_threads(_found(state, box, request)))
    items = [_thread_item(state, box, message) for message in found]
    answer = without_empty({"threads": items, "nextPageToken": following})
    return answer | {"resultSizeEstimate": GUESS if following else len(items)}


def _newest_of_threads(messages: Iterator[Stored]) -> Iterator[Stored]:
    seen = set()
    for message in messages:
        if message.thread_id not in seen:
            seen.add(message.thread_id)
            yield message


def _thread_item(state: State, box: Mailbox, newest: Stored) -> Json:
    latest = max(one.history_id for one in box.thread(newest.thread_id, now=state.now()))
    return without_empty(
        {"id": newest.thread_id, "snippet": shapes.snippet(newest), "historyId": str(latest)}
    )


def _found(state: State, box: Mailbox, request: Request) -> Iterator[Stored]:
    tree = query.parse(request.text("q"))
    test = search.compiled(tree, search.Setting(state.now(), box.user_labels))
    wanted = frozenset(request.several("labelIds"))
    open_ = request.truth("includeSpamTrash") or search.asks_for_hidden(tree)
    hidden = frozenset() if open_ else HIDDEN - wanted
    for message in box.newest_first(now=state.now()):
        if wanted <= message.labels and not (hidden & message.labels) and test(message):
            yield message


def get_message(state: State, box: Mailbox, request: Request) -> Json:
    """users.messages.get in one of four formats; all cost the same."""
    request.only("format", "metadataHeaders")
    shape = request.choice("format", "full", shapes.FORMATS, shapes.FORMAT_TYPE)
    message = _message(state, box, request.path[1])
    return shapes.shown(state, box, message, shape, request.several("metadataHeaders"))


def get_thread(state: State, box: Mailbox, request: Request) -> Json:
    """users.threads.get: oldest first, no raw."""
    request.only("format", "metadataHeaders")
    shape = request.choice("format", "full", shapes.FORMATS - {"raw"}, shapes.FORMAT_TYPE)
    thread_id = _well_formed(request.path[1])
    messages = box.thread(thread_id, now=state.now())
    if not messages:
        raise not_found()
    wanted = request.several("metadataHeaders")
    return {
        "id": thread_id,
        "historyId": str(max(one.history_id for one in messages)),
        "messages": [shapes.shown(state, box, message, shape, wanted) for message in messages],
    }


def get_attachment(state: State, box: Mailbox, request: Request) -> Json:
    """users.messages.attachments.get, by an id handed out for this message at any time."""
    request.only()
    message = _message(state, box, request.path[1])
    part_id = attachment_ids.part_of(request.path[3], message.id, seed=state.seed)
    part = None if part_id is None else state.tree(box.email, message).at(part_id)
    if part is None:
        raise invalid_argument("Invalid attachment token")
    state.counters.handed_out(box.email, "attachment", message.id)
    data = payload.attached(part, shapes.manner(state))
    padded = payload.padded(state.settings.padding, state.random)
    return {"size": len(data), "data": base64url(data, padded=padded)}


def _message(state: State, box: Mailbox, message_id: str) -> Stored:
    message = box.messages.get(_well_formed(message_id))
    if message is None or message.visible_from > state.now():
        raise not_found()
    return message


def _well_formed(id_: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{1,16}", id_):
        raise invalid_argument("Invalid id value")
    return id_.lower()
