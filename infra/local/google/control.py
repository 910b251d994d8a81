"""The control side: make mailboxes, deliver and change mail, turn switches, read counters.

For tests and the demo, on loopback only; nothing like it exists at Google.
"""

import base64
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from infra.local.google.mailbox import Mailbox, Stored
from infra.local.google.mime import crlf
from infra.local.google.state import Counted, Settings, State
from infra.local.google.tokens import Identity
from infra.local.google.watches import Publisher
from infra.local.google.wire import GoogleError, Reply, ok

Json = dict[str, Any]


class Control:
    """Answers /control/…; bodies and answers are JSON objects."""

    def __init__(
        self, state: State, identity: Identity, publisher: Publisher, url: Callable[[], str]
    ) -> None:
        self._state, self._identity, self._publisher, self._url = state, identity, publisher, url
        self._acts: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("POST", "mailboxes"): self._add_mailbox,
            ("GET", "mailboxes"): lambda _: {"mailboxes": sorted(self._state.mailboxes)},
            ("POST", "clock"): self._advance,
            ("GET", "counters"): lambda _: self._counters(),
            ("POST", "counters/reset"): lambda _: self._forget_counters(),
            ("GET", "watches"): lambda _: self._watches(),
            ("GET", "notifications"): lambda _: {"notifications": self._state.notifications},
            ("GET", "settings"): lambda _: asdict(self._state.settings),
            ("POST", "settings"): self._set,
            ("POST", "service-accounts"): self._service_account,
            ("POST", "id-tokens"): lambda body: {"token": self._identity.id_token(body)},
            ("POST", "reset"): lambda _: self._reset(),
        }
        self._box_acts: dict[tuple[str, str], Callable[[Mailbox, list[str], Json], Json]] = {
            ("POST", "messages"): self._deliver,
            ("GET", "messages"): lambda box, _, __: {
                "messages": [_shown(one) for one in box.messages.values()]
            },
            ("POST", "labels"): lambda box, ids, body: self._relabel(
                box, ids[0], body.get("add"), body.get("remove")
            ),
            ("POST", "trash"): lambda box, ids, _: self._relabel(box, ids[0], ["TRASH"], ["INBOX"]),
            ("POST", "untrash"): lambda box, ids, _: self._relabel(box, ids[0], ["INBOX"], ["TRASH"]),
            ("POST", "touch"): self._touch,
            ("DELETE", "messages"): self._delete,
            ("POST", "drafts"): self._draft,
            ("PUT", "drafts"): self._draft,
            ("POST", "send"): self._send,
            ("POST", "history-floor"): self._floor,
            ("POST", "flags"): self._flags,
        }

    def answer(self, method: str, path: list[str], body: Json) -> Reply:
        """Answer one request; *path* is what follows /control/."""
        if path == ["id-tokens"]:  # without the lock: Pub/Sub signs while a watch is being tested
            return ok(self._acts["POST", "id-tokens"](body))
        with self._state.lock:
            try:
                return ok(self._find(method, path, body))
            except (KeyError, ValueError, TypeError) as bad:
                return GoogleError(400, f"control: {type(bad).__name__}: {bad}", "badRequest").reply()

    def _find(self, method: str, path: list[str], body: Json) -> Json:
        act = self._acts.get((method, "/".join(path)))
        if act:
            return act(body)
        box = self._state.mailboxes[path[1].lower()]
        if path[0] != "mailboxes":
            raise KeyError("/".join(path))
        if method == "DELETE" and len(path) == 2:  # noqa: PLR2004 - mailboxes/{email}
            del self._state.mailboxes[box.email]
            return {}
        ids, verb = path[3:4], path[4] if len(path) > 4 else path[2]  # noqa: PLR2004 - mailboxes/E/messages/ID/verb
        return self._box_acts[method, verb](box, ids, body)

    def _add_mailbox(self, body: Json) -> Json:
        box = self._state.add_mailbox(str(body["email"]).lower())
        box.aliases = tuple(body.get("aliases", ()))
        box.user_labels = {f"Label_{number}": name for number, name in enumerate(body.get("labels", ()), 1)}
        return {"email": box.email, "historyId": str(box.history_id)}

    def _deliver(self, box: Mailbox, _: list[str], body: Json) -> Json:
        """One message, or many under "messages"; one notification at most for all of them."""
        several = body.get("messages", [body])
        added = [self._add(box, one) for one in several]
        if body.get("notify", True):
            self._publisher.changed(box, {label for one in added for label in one.labels})
        return _shown(added[0]) | {"messages": [_shown(one) for one in added]}

    def _add(self, box: Mailbox, body: Json, labels: tuple[str, ...] = ("INBOX", "UNREAD")) -> Stored:
        raw = _raw(body)
        now = self._state.now()
        return box.add(
            raw if body.get("keepBytes") else crlf(raw),
            body.get("labels", labels),
            int(body.get("internalDateMs", now * 1000)),
            thread_id=body.get("threadId", ""),
            visible_from=self._visible_from(now),
        )

    def _visible_from(self, now: float) -> float:
        """The index lags: both history and get, by the longer of the two settings."""
        lag = max(self._state.settings.history_lag_sec, self._state.settings.message_lag_sec)
        return now + lag if lag else 0.0

    def _relabel(
        self, box: Mailbox, message_id: str, add: list[str] | None, remove: list[str] | None
    ) -> Json:
        message = box.relabel(message_id, add or (), remove or ())
        self._publisher.changed(box, message.labels)
        return _shown(message)

    @staticmethod
    def _touch(box: Mailbox, ids: list[str], _: Json) -> Json:
        box.touch(ids[0])
        return {}

    def _delete(self, box: Mailbox, ids: list[str], _: Json) -> Json:
        message = box.delete(ids[0])
        self._publisher.changed(box, message.labels)
        return _shown(message)

    def _draft(self, box: Mailbox, ids: list[str], body: Json) -> Json:
        """Save a draft; saving again replaces the message behind it."""
        thread = box.delete(ids[0]).thread_id if ids else ""
        message = self._add(
            box, body | {"labels": ["DRAFT"], "threadId": thread if thread in box.messages else ""}
        )
        self._publisher.changed(box, message.labels)
        return _shown(message)

    def _send(self, box: Mailbox, ids: list[str], _: Json) -> Json:
        """Send a draft: its message goes, a new one with SENT comes."""
        draft = box.delete(ids[0])
        message = box.add(draft.raw, ["SENT"], int(self._state.now() * 1000))
        self._publisher.changed(box, message.labels)
        return _shown(message)

    @staticmethod
    def _floor(box: Mailbox, _: list[str], body: Json) -> Json:
        box.forget(box.history_id if body["to"] == "current" else int(body["to"]))
        return {"floor": str(box.floor), "historyId": str(box.history_id)}

    @staticmethod
    def _flags(box: Mailbox, _: list[str], body: Json) -> Json:
        box.no_mailbox = bool(body["noMailbox"])
        return {"noMailbox": box.no_mailbox}

    def _advance(self, body: Json) -> Json:
        self._state.offset += float(body["advanceSeconds"])
        return {"now": self._state.now()}

    def _counters(self) -> Json:
        boxes = {email: _counted(one) for email, one in self._state.counted.items()}
        units = sum(sum(one.units.values()) for one in self._state.counted.values())
        calls = sum(sum(one.calls.values()) for one in self._state.counted.values())
        return {"units": units, "calls": calls, "mailboxes": boxes}

    def _forget_counters(self) -> Json:
        self._state.counted.clear()
        return {}

    def _watches(self) -> Json:
        now_ms = self._state.now() * 1000
        return {
            "watches": [
                {"project": project, "email": email, "topic": one.topic, "expiration": str(one.expires_ms)}
                for (project, email), one in self._state.watches.items()
                if one.expires_ms > now_ms
            ]
        }

    def _set(self, body: Json) -> Json:
        known = {field.name for field in fields(Settings)}
        for name, value in body.items():
            if name not in known:
                raise ValueError(f"no switch {name!r}; there are {', '.join(sorted(known))}")
            setattr(self._state.settings, name, value)
        return asdict(self._state.settings)

    def _service_account(self, body: Json) -> Json:
        return dict(
            self._identity.add_service_account(
                str(body["email"]), str(body.get("projectId", "local-project")), f"{self._url()}/token"
            )
        )

    def _reset(self) -> Json:
        self._state.reset()
        return {}


def _raw(body: Json) -> bytes:
    if "rawUtf8" in body:
        return str(body["rawUtf8"]).encode()
    text = str(body["raw"]).rstrip("=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _shown(message: Stored) -> Json:
    return {
        "id": message.id,
        "threadId": message.thread_id,
        "historyId": str(message.history_id),
        "labelIds": sorted(message.labels),
    }


def _counted(counted: Counted) -> Json:
    return {"calls": dict(counted.calls), "units": dict(counted.units), "bodies": counted.bodies}
