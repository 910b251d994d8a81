"""users.getProfile, users.labels and users.settings.sendAs: what a mailbox says about itself."""

from infra.local.google.errors import not_found
from infra.local.google.mailbox import SYSTEM_LABELS, Mailbox, Stored
from infra.local.google.request import Request
from infra.local.google.state import State
from infra.local.google.wire import Json


def get_profile(state: State, box: Mailbox, request: Request) -> Json:
    """users.getProfile; the address is the primary one, however the mailbox was named."""
    request.only()
    return {
        "emailAddress": box.email,
        "messagesTotal": len(box.messages),
        "threadsTotal": len(box.threads),
        "historyId": str(box.history.shown(now=state.now())),
    }


def list_labels(_: State, box: Mailbox, request: Request) -> Json:
    """users.labels.list: no counts in here."""
    request.only()
    return {"labels": [_label(box, id_) for id_ in (*SYSTEM_LABELS, *box.user_labels)]}


def get_label(_: State, box: Mailbox, request: Request) -> Json:
    """users.labels.get, with counts."""
    request.only()
    id_ = request.path[1]
    if id_ not in SYSTEM_LABELS and id_ not in box.user_labels:
        raise not_found()
    held = [message for message in box.messages.values() if id_ in message.labels]
    unread = [message for message in held if "UNREAD" in message.labels]
    counts = {
        "messagesTotal": len(held),
        "messagesUnread": len(unread),
        "threadsTotal": _threads(held),
        "threadsUnread": _threads(unread),
    }
    return _label(box, id_) | counts


def _label(box: Mailbox, id_: str) -> Json:
    if id_ in SYSTEM_LABELS:
        return {"id": id_, "name": id_, "type": "system"}
    visible = {"messageListVisibility": "show", "labelListVisibility": "labelShow"}
    return {"id": id_, "name": box.user_labels[id_]} | visible | {"type": "user"}


def _threads(messages: list[Stored]) -> int:
    return len({message.thread_id for message in messages})


def list_send_as(_: State, box: Mailbox, request: Request) -> Json:
    """users.settings.sendAs.list: the mailbox's own addresses."""
    request.only()
    empty = {"displayName": "", "replyToAddress": "", "signature": ""}
    first = {"sendAsEmail": box.email} | empty | {"isPrimary": True, "isDefault": True}
    others = [
        {"sendAsEmail": alias} | empty | {"treatAsAlias": True, "verificationStatus": "accepted"}
        for alias in box.aliases
    ]
    return {"sendAs": [first, *others]}
