"""Gmail's methods on messages, threads, labels and history."""

import re
from collections.abc import Callable
from typing import Any

from infra.local.google.mailbox import SYSTEM_LABELS, Mailbox, Record, Stored
from infra.local.google.mime import base64url
from infra.local.google.request import Request
from infra.local.google.search import compile_query
from infra.local.google.state import State
from infra.local.google.wire import GoogleError, Reply, bad_value, not_found, ok

FORMATS = frozenset({"minimal", "metadata", "full", "raw"})
HISTORY_KINDS = {
    "messageAdded": "messagesAdded",
    "messageDeleted": "messagesDeleted",
    "labelAdded": "labelsAdded",
    "labelRemoved": "labelsRemoved",
}
Method = Callable[[State, Mailbox, Request], Reply]


def get_profile(state: State, box: Mailbox, request: Request) -> Reply:
    """users.getProfile."""
    request.only()
    threads = {message.thread_id for message in box.messages.values()}
    return ok(
        {
            "emailAddress": box.email,
            "messagesTotal": len(box.messages),
            "threadsTotal": len(threads),
            "historyId": str(box.shown_history_id(now=state.now())),
        }
    )


def list_messages(state: State, box: Mailbox, request: Request) -> Reply:
    """users.messages.list: newest first; drafts are in it, spam and the bin only when asked for."""
    request.only("q", "labelIds", "includeSpamTrash", "maxResults", "pageToken")
    found = _found(state, box, request)
    items = [{"id": message.id, "threadId": message.thread_id} for message in found]
    return _page(request, "messages", items)


def list_threads(state: State, box: Mailbox, request: Request) -> Reply:
    """users.threads.list."""
    request.only("q", "labelIds", "includeSpamTrash", "maxResults", "pageToken")
    newest: dict[str, Stored] = {}
    for message in _found(state, box, request):
        newest.setdefault(message.thread_id, message)
    items = [
        {"id": one.thread_id, "snippet": "", "historyId": str(one.history_id)} for one in newest.values()
    ]
    return _page(request, "threads", items)


def _found(state: State, box: Mailbox, request: Request) -> list[Stored]:
    query, now = request.text("q"), state.now()
    test = compile_query(query, now=now)
    wanted = set(request.query.get("labelIds", []))
    hidden = set() if _spam_trash(request, query) else {"SPAM", "TRASH"}
    return [
        message
        for message in box.newest_first(now=now)
        if wanted <= message.labels and not (hidden & message.labels) and test(message)
    ]


def _spam_trash(request: Request, query: str) -> bool:
    asked = request.choice("includeSpamTrash", "false", frozenset({"true", "false"}), "TYPE_BOOL") == "true"
    return asked or bool(
        re.search(r"\b(in:(anywhere|spam|trash)|label:(spam|trash))\b", query, re.IGNORECASE)
    )


def _page(request: Request, name: str, items: list[dict[str, Any]]) -> Reply:
    """Cut a list into pages; the token is a number bound to the query, the estimate is a guess."""
    size = max(request.number("maxResults", 100, most=500), 1)
    binding = sum(map(ord, request.text("q") + "".join(request.query.get("labelIds", [])))) % 1000
    start = _position(request.text("pageToken"), binding)
    rest = items[start : start + size]
    answer: dict[str, Any] = {name: rest}
    more = start + size < len(items)
    if more:
        answer["nextPageToken"] = f"{binding:03d}{start + size:017d}"
    answer["resultSizeEstimate"] = 201 if more else len(rest)
    return ok(answer)


def _position(token: str, binding: int) -> int:
    if not token:
        return 0
    if not re.fullmatch(r"\d{20}", token) or int(token[:3]) != binding:
        raise GoogleError(400, "Invalid pageToken", "invalidArgument")
    return int(token[3:])


def get_message(state: State, box: Mailbox, request: Request) -> Reply:
    """users.messages.get in one of four formats."""
    request.only("format", "metadataHeaders")
    format_ = request.choice("format", "full", FORMATS, "type.googleapis.com/caribou.api.proto.MessageFormat")
    message = _message(state, box, request.path[1])
    state.handed_out(box.email, format_, message.id)
    return ok(_shown(state, box, message, format_, request))


def _message(state: State, box: Mailbox, message_id: str) -> Stored:
    if not re.fullmatch(r"[0-9a-fA-F]{1,16}", message_id):
        raise GoogleError(400, "Invalid id value", "invalidArgument")
    message = box.messages.get(message_id)
    if message is None or message.visible_from > state.now():
        raise not_found()
    return message


def _shown(state: State, box: Mailbox, message: Stored, format_: str, request: Request) -> dict[str, Any]:
    payload = state.payload(box.email, message.id, message.raw)
    shown: dict[str, Any] = {
        "id": message.id,
        "threadId": message.thread_id,
        "labelIds": sorted(message.labels),
        "snippet": payload.snippet(),
        "historyId": str(message.history_id),
        "internalDate": str(message.internal_ms),
        "sizeEstimate": len(message.raw),
    }
    if format_ == "raw":
        shown["raw"] = base64url(message.raw, padded=state.padded())
    elif format_ == "metadata":
        wanted = frozenset(name.lower() for name in request.query.get("metadataHeaders", []))
        shown["payload"] = {
            "partId": "",
            "mimeType": payload.media_type,
            "filename": "",
            "headers": payload.headers(wanted or None),
            "body": {"size": 0},
        }
    elif format_ == "full":
        shown["payload"] = payload.full()
        state.remember_attachments(box.email, message.id, payload)
    return {name: value for name, value in shown.items() if name != "labelIds" or value}


def get_thread(state: State, box: Mailbox, request: Request) -> Reply:
    """users.threads.get: oldest first, no raw."""
    request.only("format", "metadataHeaders")
    format_ = request.choice(
        "format", "full", FORMATS - {"raw"}, "type.googleapis.com/caribou.api.proto.ThreadFormat"
    )
    messages = [one for one in box.thread(request.path[1]) if one.visible_from <= state.now()]
    if not messages:
        raise not_found()
    for message in messages:
        state.handed_out(box.email, format_, message.id)
    shown = [_shown(state, box, message, format_, request) for message in messages]
    return ok(
        {"id": request.path[1], "historyId": str(max(one.history_id for one in messages)), "messages": shown}
    )


def get_attachment(state: State, box: Mailbox, request: Request) -> Reply:
    """users.messages.attachments.get."""
    request.only()
    message = _message(state, box, request.path[1])
    data = state.attachment(box.email, message.id, request.path[3])
    if data is None:
        raise GoogleError(400, "Invalid attachment token", "invalidArgument")
    return ok({"size": len(data), "data": base64url(data, padded=state.padded())})


def list_labels(state: State, box: Mailbox, request: Request) -> Reply:
    """users.labels.list."""
    del state
    request.only()
    system = [{"id": name, "name": name, "type": "system"} for name in SYSTEM_LABELS]
    return ok(
        {
            "labels": system
            + [{"id": id_, "name": name, "type": "user"} for id_, name in box.user_labels.items()]
        }
    )


def get_label(state: State, box: Mailbox, request: Request) -> Reply:
    """users.labels.get, with counts."""
    del state
    request.only()
    label = request.path[1]
    if label not in SYSTEM_LABELS and label not in box.user_labels:
        raise not_found()
    held = [message for message in box.messages.values() if label in message.labels]
    return ok(
        {
            "id": label,
            "name": box.user_labels.get(label, label),
            "type": "user" if label in box.user_labels else "system",
            "messagesTotal": len(held),
            "messagesUnread": sum("UNREAD" in message.labels for message in held),
        }
    )


def list_send_as(state: State, box: Mailbox, request: Request) -> Reply:
    """users.settings.sendAs.list: the mailbox's own addresses."""
    del state
    request.only()
    first = {
        "sendAsEmail": box.email,
        "displayName": "",
        "replyToAddress": "",
        "isPrimary": True,
        "isDefault": True,
    }
    others = [
        {"sendAsEmail": alias, "replyToAddress": "", "treatAsAlias": True, "verificationStatus": "accepted"}
        for alias in box.aliases
    ]
    return ok({"sendAs": [first, *others]})


def list_history(state: State, box: Mailbox, request: Request) -> Reply:
    """users.history.list: changes after startHistoryId; 404 when they are forgotten."""
    request.only("startHistoryId", "maxResults", "pageToken", "labelId", "historyTypes")
    start = (
        request.number("startHistoryId", -1, most=2**64, kind="TYPE_UINT64")
        if request.text("startHistoryId")
        else _missing_start()
    )
    kinds = _kinds(request)
    now = state.now()
    try:
        records = box.since(start, now=now)
    except LookupError:
        raise not_found() from None
    label = request.text("labelId")
    shown = [
        one
        for one in records
        if one.kind in kinds and (not label or label in one.labels or label in one.changed)
    ]
    answer = _history_page(state, request, [_record(one) for one in shown], start)
    return ok(answer | {"historyId": str(box.shown_history_id(now=now))})


def _missing_start() -> int:
    raise GoogleError(400, "Required parameter: startHistoryId", "required")


def _kinds(request: Request) -> set[str]:
    names = request.query.get("historyTypes", [])
    for name in names:
        if name not in HISTORY_KINDS:
            raise bad_value("history_types", "type.googleapis.com/caribou.api.proto.HistoryType", name)
    return (
        {HISTORY_KINDS[name] for name in names} | {"bare"}
        if names
        else set(HISTORY_KINDS.values()) | {"bare"}
    )


def _history_page(
    state: State, request: Request, records: list[dict[str, Any]], start: int
) -> dict[str, Any]:
    size, binding = max(request.number("maxResults", 100, most=500), 1), start % 1000
    token = request.text("pageToken")
    if state.settings.history_empty_pages and not token and records:
        return {"nextPageToken": f"{binding:03d}{0:017d}"}
    position = _position(token, binding)
    page: dict[str, Any] = {"history": records[position : position + size]}
    if position + size < len(records):
        page["nextPageToken"] = f"{binding:03d}{position + size:017d}"
    return page


def _record(record: Record) -> dict[str, Any]:
    named = {"id": record.message_id, "threadId": record.thread_id}
    labelled = named | ({"labelIds": list(record.labels)} if record.labels else {})
    shown: dict[str, Any] = {"id": str(record.id), "messages": [named]}
    if record.kind in {"labelsAdded", "labelsRemoved"}:
        shown[record.kind] = [{"message": labelled, "labelIds": list(record.changed)}]
    elif record.kind != "bare":
        shown[record.kind] = [{"message": labelled}]
    return shown
