"""Everything the local Google knows, behind one lock, with a clock that can be advanced."""

import random
import threading
import time
from collections import Counter, OrderedDict
from dataclasses import dataclass, field

from infra.local.google.mailbox import Mailbox
from infra.local.google.mime import Payload

PRICES = {
    "getProfile": 1, "labels.list": 1, "labels.get": 1, "history.list": 2, "messages.list": 5,
    "messages.get": 20, "attachments.get": 20, "threads.list": 10, "threads.get": 40,
    "watch": 100, "stop": 50, "sendAs.list": 5,
}  # fmt: skip


@dataclass(slots=True)
class Settings:
    """Every switch; set over the control API by the same names."""

    history_lag_sec: float = 0.0  # until history.list shows a change
    message_lag_sec: float = 0.0  # until messages.get and messages.list know a new message
    notify_delay_sec: float = 0.0
    notify_drop: float = 0.0  # share of notifications lost
    notify_duplicate: float = 0.0  # share sent twice
    notify_interval_sec: float = 1.0  # Gmail sends at most one a second and mailbox; the rest is dropped
    notify_string_id: bool = False  # historyId as a string, as some documents print it
    batch_shuffle: bool = False
    batch_concurrency: int = 0  # parts of a batch above this number draw 429; 0: never
    history_empty_pages: bool = False  # an empty page with a token before each real one
    padding: str = "random"  # of base64url: random, always, never


@dataclass(frozen=True, slots=True)
class Watch:
    """A live watch: ends by itself on the stand-in's clock, without any signal."""

    topic: str
    expires_ms: int
    labels: frozenset[str]
    include: bool


@dataclass(slots=True)
class Access:
    """What a bearer token may do."""

    email: str
    scopes: frozenset[str]
    project: str
    expires_at: float


@dataclass(slots=True)
class Counted:
    """What one mailbox has cost, and whose bodies were handed out."""

    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, list[str]] = field(default_factory=dict)  # format: message ids


class State:
    """The one value all requests share; hold *lock* to touch it."""

    def __init__(self, *, seed: int, pubsub_url: str) -> None:
        self.lock = threading.RLock()
        self.seed, self.pubsub_url = seed, pubsub_url
        self.offset = 0.0
        self.reset()

    def reset(self) -> None:
        """Forget everything but the keys."""
        self.random = random.Random(self.seed)
        self.settings = Settings()
        self.mailboxes: dict[str, Mailbox] = {}
        self.watches: dict[tuple[str, str], Watch] = {}  # (project, mailbox)
        self.access: dict[str, Access] = {}
        self.counted: dict[str, Counted] = {}
        self.notifications: list[dict[str, object]] = []
        self._payloads: OrderedDict[tuple[str, str], Payload] = OrderedDict()
        self._attachments: OrderedDict[tuple[str, str, str], bytes] = OrderedDict()

    def now(self) -> float:
        """Return the stand-in's time, seconds since 1970."""
        return time.time() + self.offset

    def add_mailbox(self, email: str) -> Mailbox:
        """Create a mailbox; its ids have nothing to do with any other's."""
        mailbox = Mailbox(email, random.Random(f"{self.seed}:{email}"))
        self.mailboxes[email] = mailbox
        return mailbox

    def count(self, email: str, method: str) -> None:
        """Charge one call."""
        counted = self.counted.setdefault(email, Counted())
        counted.calls[method] += 1
        counted.units[method] += PRICES.get(method, 0)

    def handed_out(self, email: str, format_: str, message_id: str) -> None:
        """Remember whose body (or headers) somebody was given."""
        self.counted.setdefault(email, Counted()).bodies.setdefault(format_, []).append(message_id)

    def payload(self, email: str, message_id: str, raw: bytes) -> Payload:
        """Return a message taken apart; attachment ids are new each time, older ones still work."""
        payload = Payload(raw, self.random)
        self._payloads[email, message_id] = payload
        return payload

    def remember_attachments(self, email: str, message_id: str, payload: Payload) -> None:
        """Let the attachment ids just handed out be used; the oldest are forgotten."""
        for token, data in payload.attachments.items():
            self._attachments[email, message_id, token] = data
        while len(self._attachments) > 5_000:  # noqa: PLR2004 - a bound, nothing more
            self._attachments.popitem(last=False)

    def attachment(self, email: str, message_id: str, token: str) -> bytes | None:
        """Return an attachment's bytes by a token handed out for this message."""
        return self._attachments.get((email, message_id, token))

    def padded(self) -> bool:
        """Whether the next base64url is padded."""
        choice = self.settings.padding
        return choice == "always" or (choice == "random" and self.random.random() < 0.5)  # noqa: PLR2004
