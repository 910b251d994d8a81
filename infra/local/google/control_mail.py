"""The control side of one mailbox: deliver, label, bin, delete, draft, send, forget history."""

from collections.abc import Callable
from email.utils import getaddresses

from infra.local.google import transport
from infra.local.google.heads import headers_of
from infra.local.google.mailbox import Mailbox, Stored
from infra.local.google.publisher import Publisher
from infra.local.google.state import State
from infra.local.google.wire import Json, unbase64url

ARRIVED = ("INBOX", "UNREAD")


class NotThere(Exception):
    """No such mailbox, message or path."""


class MailControl:
    """Answers what is below /control/mailboxes/{email}; hold the state's lock."""

    def __init__(self, state: State, publisher: Publisher) -> None:
        self._state, self._publisher = state, publisher
        self._acts: dict[tuple[str, str], Callable[[Mailbox, str, Json], Json]] = {
            ("GET", ""): lambda box, _, __: self._shown_box(box),
            ("DELETE", ""): self._remove,
            ("POST", "messages"): self._deliver,
            ("GET", "messages"): lambda box, _, __: {"messages": [shown(m) for m in box.messages.values()]},
            ("GET", "messages/{}"): lambda box, id_, __: shown(_message(box, id_)),
            ("DELETE", "messages/{}"): self._delete,
            ("POST", "messages/{}/labels"): self._label_one,
            ("POST", "messages/{}/trash"): self._trash,
            ("POST", "messages/{}/untrash"): self._untrash,
            ("POST", "messages/{}/touch"): self._touch,
            ("POST", "labels"): self._label_many,
            ("POST", "drafts"): self._save_draft,
            ("PUT", "drafts/{}"): self._replace_draft,
            ("DELETE", "drafts/{}"): lambda box, id_, body: self._delete(box, _draft(box, id_), body),
            ("POST", "drafts/{}/send"): self._send_draft,
            ("POST", "history-floor"): self._floor,
            ("POST", "flags"): self._flags,
        }

    def act(self, verb: str, path: list[str], body: Json) -> Json:
        """Do what a path below /control/ says."""
        if path[:1] != ["mailboxes"] or len(path) == 1:
            raise NotThere(f"nothing is served at /control/{'/'.join(path)}")
        box = self._state.mailboxes.get(path[1].lower())
        if box is None:
            raise NotThere(f"no mailbox {path[1]}")
        kind, id_, rest = [*path[2:], "", "", ""][:3]
        shape = "/".join(part for part in (kind, "{}" if id_ else "", rest) if part)
        act = self._acts.get((verb, shape))
        if act is None or len(path) > 5:  # noqa: PLR2004 - mailboxes/E/messages/ID/verb
            raise NotThere(f"nothing is served at {verb} /control/{'/'.join(path)}")
        return act(box, id_, body)

    @staticmethod
    def _shown_box(box: Mailbox) -> Json:
        about: Json = {"email": box.email, "historyId": str(box.history.current)}
        about |= {"historyFloor": str(box.history.floor), "messages": len(box.messages)}
        return about | {"aliases": list(box.aliases), "labels": box.user_labels, "drafts": box.drafts}

    def _remove(self, box: Mailbox, _: str, __: Json) -> Json:
        self._state.remove_mailbox(box.email)
        return {}

    def _deliver(self, box: Mailbox, _: str, body: Json) -> Json:
        """One message, or many under "messages"; one notification at most for all of them."""
        added = [self._add(box, one, ARRIVED) for one in body.get("messages", [body])]
        self._tell(box, added, body)
        if "messages" in body:
            return {"messages": [shown(one) for one in added], "historyId": str(box.history.current)}
        return shown(added[0])

    def _add(self, box: Mailbox, body: Json, labels: tuple[str, ...], thread_id: str = "") -> Stored:
        now = self._state.now()
        told = self._state.settings
        raw = raw_of(body)
        if body.get("transport"):
            raw = transport.head(box.email, headers_of(raw), now, box.dice) + raw
        return box.add(
            raw,
            box.label_ids(body.get("labels", labels)),
            int(body.get("internalDateMs", now * 1000)),
            thread_id=str(body.get("threadId", thread_id)),
            visible_from=now + told.message_lag_sec if told.message_lag_sec else 0.0,
            in_history_from=self._in_history_from(),
        )

    def _in_history_from(self) -> float:
        """The time at which history.list begins to show what happens now; 0 is at once."""
        lag = self._state.settings.history_lag_sec
        return self._state.now() + lag if lag else 0.0

    def _tell(self, box: Mailbox, changed: list[Stored], body: Json, labels: set[str] | None = None) -> None:
        if body.get("notify", True) and changed:
            self._publisher.changed(box, (labels or set()).union(*(one.labels for one in changed)))

    def _relabel(self, box: Mailbox, ids: list[str], body: Json) -> Json:
        for id_ in ids:
            _message(box, id_)
        add, remove = box.label_ids(body.get("add", ())), box.label_ids(body.get("remove", ()))
        messages = box.relabel(ids, add, remove, visible_from=self._in_history_from())
        self._tell(box, messages, body, {*add, *remove})
        if len(ids) == 1:
            return shown(messages[0])
        return {"messages": [shown(one) for one in messages], "historyId": str(box.history.current)}

    def _label_one(self, box: Mailbox, id_: str, body: Json) -> Json:
        return self._relabel(box, [id_], body)

    def _label_many(self, box: Mailbox, _: str, body: Json) -> Json:
        """Several messages at once: Gmail writes their changes into one record."""
        return self._relabel(box, [str(id_) for id_ in body["ids"]], body)

    def _trash(self, box: Mailbox, id_: str, body: Json) -> Json:
        return self._relabel(box, [id_], body | {"add": ["TRASH"], "remove": ["INBOX"]})

    def _untrash(self, box: Mailbox, id_: str, body: Json) -> Json:
        return self._relabel(box, [id_], body | {"add": ["INBOX"], "remove": ["TRASH"]})

    def _touch(self, box: Mailbox, id_: str, _: Json) -> Json:
        """Write a record that says nothing about the message."""
        box.touch(_message(box, id_).id, visible_from=self._in_history_from())
        return {"historyId": str(box.history.current)}

    def _delete(self, box: Mailbox, id_: str, body: Json) -> Json:
        message = box.delete(_message(box, id_).id, visible_from=self._in_history_from())
        message.history_id = box.history.current
        self._tell(box, [message], body)
        return shown(message)

    def _save_draft(self, box: Mailbox, _: str, body: Json) -> Json:
        return self._new_draft(box, box.new_draft_id(), body, "")

    def _replace_draft(self, box: Mailbox, id_: str, body: Json) -> Json:
        """Save again: the message behind the draft goes, a new one comes, the draft and its thread stay."""
        old = _draft(box, id_)
        name = next((draft for draft, message in box.drafts.items() if message == old), box.new_draft_id())
        thread = box.delete(old, visible_from=self._in_history_from()).thread_id
        return self._new_draft(box, name, body, thread)

    def _new_draft(self, box: Mailbox, name: str, body: Json, thread: str) -> Json:
        message = self._add(box, {"labels": ["DRAFT"]} | body, (), thread)
        box.drafts[name] = message.id
        self._tell(box, [message], body)
        return shown(message) | {"draftId": name}

    def _send_draft(self, box: Mailbox, id_: str, body: Json) -> Json:
        """Send: the draft's message goes, a new id with SENT comes; mail to self is in the inbox as well."""
        draft = box.delete(_draft(box, id_), visible_from=self._in_history_from())
        head = headers_of(draft.raw)
        to = getaddresses([head.get(name, "") for name in ("to", "cc", "bcc")])
        labels = ["SENT", *ARRIVED] if any(box.own(address) for _, address in to) else ["SENT"]
        message = box.add(
            draft.raw,
            labels,
            int(self._state.now() * 1000),
            thread_id=draft.thread_id,
            in_history_from=self._in_history_from(),
        )
        self._tell(box, [message], body)
        return shown(message)

    @staticmethod
    def _floor(box: Mailbox, _: str, body: Json) -> Json:
        """Forget history up to an id, or up to now."""
        box.history.forget(box.history.current if body["to"] == "current" else int(body["to"]))
        return {"floor": str(box.history.floor), "historyId": str(box.history.current)}

    @staticmethod
    def _flags(box: Mailbox, _: str, body: Json) -> Json:
        box.no_mailbox = bool(body["noMailbox"])
        return {"noMailbox": box.no_mailbox}


def raw_of(body: Json) -> bytes:
    """Return a message's bytes as Gmail keeps them: line ends become CRLF unless keepBytes is set."""
    raw = (
        str(body["rawUtf8"]).encode("utf-8", "surrogatepass")
        if "rawUtf8" in body
        else unbase64url(body["raw"])
    )
    return raw if body.get("keepBytes") else transport.crlf(raw)


def shown(message: Stored) -> Json:
    """Return what the control side says about a message."""
    return {
        "id": message.id,
        "threadId": message.thread_id,
        "historyId": str(message.history_id),
        "labelIds": sorted(message.labels),
    }


def _message(box: Mailbox, id_: str) -> Stored:
    if id_ not in box.messages:
        raise NotThere(f"no message {id_} in {box.email}")
    return box.messages[id_]


def _draft(box: Mailbox, id_: str) -> str:
    """Return the message id behind a draft, which may be named by either id."""
    return box.drafts.get(id_) or _message(box, id_).id
