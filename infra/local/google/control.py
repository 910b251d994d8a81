"""The control side: mailboxes, clock, switches, counters, keys.  For tests and the demo, not like Google.

Bodies and answers are JSON objects.  An unknown mailbox, message or path is a 404, a bad value a 400, both
with a sentence under "error".
"""

from collections.abc import Callable
from urllib.parse import unquote

from infra.local.google import settings
from infra.local.google.control_auth import AuthControl
from infra.local.google.control_mail import MailControl, NotThere
from infra.local.google.identity import Identity
from infra.local.google.publisher import Publisher
from infra.local.google.state import State
from infra.local.google.wire import Json, Reply, json_body, ok

PREFIX = "/control/"


class Control:
    """Answers what is below /control/."""

    def __init__(
        self, state: State, identity: Identity, publisher: Publisher, url: Callable[[], str]
    ) -> None:
        self._state, self._identity, self._url = state, identity, url
        self._mail = MailControl(state, publisher)
        self._auth = AuthControl(state, identity, url)
        # Making keys and signing take no lock: Pub/Sub asks for signatures while a watch waits for it.
        self._free: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("POST", "id-tokens"): lambda body: {"token": identity.id_token(body, state.now())},
            ("POST", "service-accounts"): self._service_account,
        }
        self._locked: dict[tuple[str, str], Callable[[Json], Json]] = {
            ("POST", "mailboxes"): self._add_mailbox,
            ("GET", "mailboxes"): lambda _: {"mailboxes": sorted(state.mailboxes)},
            ("GET", "clock"): lambda _: self._clock(),
            ("POST", "clock"): self._advance,
            ("GET", "counters"): lambda _: state.counters.shown() | {"refusals": state.meter.shown()},
            ("GET", "faults"): lambda _: {"faults": state.faults.shown()},
            ("POST", "faults"): lambda body: state.faults.add(body).shown(),
            ("POST", "faults/remove"): lambda body: self._done(lambda: state.faults.remove(int(body["id"]))),
            ("POST", "faults/clear"): lambda _: self._done(state.faults.clear),
            ("POST", "counters/reset"): lambda _: self._done(state.counters.reset),
            ("GET", "watches"): lambda _: {"watches": self._watches()},
            ("GET", "notifications"): lambda _: self._notifications(),
            ("GET", "settings"): lambda _: settings.shown(state.settings),
            ("POST", "settings"): self._set,
            ("GET", "service-accounts"): lambda _: {"serviceAccounts": self._service_accounts()},
            ("POST", "reset"): lambda _: self._done(publisher.forget, state.reset),
        }

    def answer(self, verb: str, path: str, raw: bytes) -> Reply:
        """Answer one request; *path* is still percent-encoded."""
        segments = [unquote(part) for part in path.removeprefix(PREFIX).split("/") if part]
        key = (verb, "/".join(segments))
        try:
            body = json_body(raw)
            if key in self._free:
                return ok(self._free[key](body))
            with self._state.lock:
                return ok(self._under_lock(key, segments, body))
        except NotThere as missing:
            return ok({"error": str(missing)}, status=404)
        except KeyError as missing:
            return ok({"error": f"the body lacks {missing}"}, status=400)
        except (ValueError, TypeError, OverflowError, AttributeError) as bad:
            return ok({"error": f"{type(bad).__name__}: {bad}"}, status=400)

    def _under_lock(self, key: tuple[str, str], segments: list[str], body: Json) -> Json:
        if key in self._locked:
            return self._locked[key](body)
        value = self._auth.act(key[0], segments, body)
        return self._mail.act(key[0], segments, body) if value is None else value

    @staticmethod
    def _done(*acts: Callable[[], None]) -> Json:
        for act in acts:
            act()
        return {}

    def _add_mailbox(self, body: Json) -> Json:
        box = self._state.add_mailbox(str(body["email"]).lower())
        box.aliases = tuple(str(alias) for alias in body.get("aliases", ()))
        box.label_ids(str(label) for label in body.get("labels", ()))
        box.no_mailbox = bool(body.get("noMailbox"))
        return {"email": box.email, "historyId": str(box.history.current), "labels": box.user_labels}

    def _clock(self) -> Json:
        return {"now": self._state.now(), "offsetSeconds": self._state.offset}

    def _advance(self, body: Json) -> Json:
        self._state.offset += float(body["advanceSeconds"])
        return self._clock()

    def _watches(self) -> list[Json]:
        now_ms = self._state.now() * 1000
        return [
            {
                "project": project,
                "email": email,
                "topic": one.topic,
                "expiration": str(one.expires_ms),
                "labelIds": sorted(one.labels),
                "labelFilterBehavior": "include" if one.include else "exclude",
            }
            for (project, email), one in self._state.watches.items()
            if one.expires_ms > now_ms
        ]

    def _notifications(self) -> Json:
        return {"notifications": list(self._state.notifications), "dropped": self._state.dropped}

    def _set(self, body: Json) -> Json:
        self._state.settings = settings.changed(self._state.settings, body)
        return settings.shown(self._state.settings)

    def _service_account(self, body: Json) -> Json:
        project = str(body.get("projectId", "local-project"))
        return self._identity.add_service_account(str(body["email"]), project, f"{self._url()}/token")

    def _service_accounts(self) -> list[Json]:
        return [
            {"email": one.email, "projectId": one.project}
            for one in list(self._identity.service_accounts.values())
        ]
