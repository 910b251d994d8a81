"""Everything the local Google knows, behind one lock, with a clock that can be moved."""

import random
import threading
import time
from collections import OrderedDict, deque
from dataclasses import dataclass

from infra.local.google import tree
from infra.local.google.counters import Counters
from infra.local.google.faults import Faults
from infra.local.google.grants import Grants
from infra.local.google.mailbox import Mailbox, Stored
from infra.local.google.meter import Meter
from infra.local.google.settings import Settings
from infra.local.google.tree import Part
from infra.local.google.wire import Json

MOST_PARSED = 64_000_000  # bytes of mail kept taken apart
MOST_NOTED = 10_000  # notifications remembered


@dataclass(frozen=True, slots=True)
class Watch:
    """A live watch: ends by itself on the stand-in's clock, without any signal."""

    topic: str
    expires_ms: int
    labels: frozenset[str]
    include: bool


@dataclass(frozen=True, slots=True)
class Access:
    """What a bearer token may do."""

    email: str  # whom it speaks for; the service account itself when it named no user
    scopes: frozenset[str]
    project: str
    expires_at: float  # on the stand-in's clock
    client: str = ""  # the OAuth client's id, or the service account's number
    key: str = ""  # id of the key that signed for it


class State:
    """The one value all requests share; hold *lock* to touch it."""

    def __init__(self, *, seed: int, pubsub_url: str) -> None:
        self.lock = threading.RLock()
        self.seed, self.pubsub_url = seed, pubsub_url
        self.reset()

    def reset(self) -> None:
        """Forget everything but the keys; the clock is right again."""
        self.offset = 0.0
        self.random = random.Random(self.seed)
        self.settings = Settings()
        self.mailboxes: dict[str, Mailbox] = {}
        self.watches: dict[tuple[str, str], Watch] = {}  # (project, mailbox)
        self.access: dict[str, Access] = {}
        self.grants = Grants()
        self.counters = Counters()
        self.meter = Meter()
        self.faults = Faults(self.seed)
        self.notifications: deque[Json] = deque(maxlen=MOST_NOTED)
        self.dropped = 0  # notifications that came faster than one a second, or by the switch
        self.last_notified: dict[tuple[str, str], float] = {}  # (project, mailbox): the stand-in's time
        self._parsed: OrderedDict[tuple[str, str], tuple[Part, int]] = OrderedDict()
        self._parsed_bytes = 0

    def now(self) -> float:
        """Return the stand-in's time, seconds since 1970."""
        return time.time() + self.offset

    def add_mailbox(self, email: str) -> Mailbox:
        """Create a mailbox, or replace it; its ids have nothing to do with any other's."""
        mailbox = Mailbox(email, random.Random(f"{self.seed}:{email}"))
        self.remove_mailbox(email)
        self.mailboxes[email] = mailbox
        return mailbox

    def remove_mailbox(self, email: str) -> None:
        """Forget a mailbox and everything that hung on it."""
        self.mailboxes.pop(email, None)
        self.watches = {key: watch for key, watch in self.watches.items() if key[1] != email}
        for key in [key for key in self._parsed if key[0] == email]:
            self._parsed_bytes -= self._parsed.pop(key)[1]

    def tree(self, email: str, message: Stored) -> Part:
        """Return a message taken apart; the last few are kept, by bytes."""
        key = (email, message.id)
        if key in self._parsed:
            self._parsed.move_to_end(key)
            return self._parsed[key][0]
        part = tree.parse(message.raw)
        self._parsed[key] = (part, message.size)
        self._parsed_bytes += message.size
        while self._parsed_bytes > MOST_PARSED and len(self._parsed) > 1:
            self._parsed_bytes -= self._parsed.popitem(last=False)[1][1]
        return part
