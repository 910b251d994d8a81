"""Play a script on the stack: deliver the past, enrol, watch mail arrive, and judge the result."""

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Event, Lock

import pybase64
import urllib3

from infra.local.demo.script import Delivery, Script
from infra.local.demo.stack import Stack
from shared.errors import Refused
from shared.store import runs, serve, tokens
from shared.store.database import Database
from shared.store.serve import Arrival

Copy = tuple[str, str]  # account, Gmail id


@dataclass(slots=True)
class Play:
    """What was delivered, what should have been captured, and what was seen to arrive."""

    stack: Stack
    script: Script
    db: Database
    delivered: dict[Copy, datetime] = field(default_factory=dict)
    threads: dict[Copy, str] = field(default_factory=dict)  # the Gmail thread of each delivered copy
    doubtful: set[Copy] = field(default_factory=set)
    told: int = 0  # copies Gmail has listed or notified about: those must end up in the ledger
    expected: set[Copy] = field(default_factory=set)
    push_to_view: list[float] = field(default_factory=list)  # seconds
    gmail_to_view: list[float] = field(default_factory=list)  # seconds
    _seen: int = 0  # last id of the change feed shown
    _lock: Lock = field(default_factory=Lock)

    def load_past(self) -> None:
        """Create the mailboxes and lay a year of mail into them, before anybody watches."""
        for account in self.script.accounts:
            self.stack.google.post("mailboxes", {"email": account})
            self._deliver(account, [one for one in self.script.past if one.account == account], notify=False)

    def deliver_live(self, copies: Sequence[Delivery]) -> None:
        """Deliver one new message to every mailbox that gets a copy."""
        for copy in copies:
            self._deliver(copy.account, [copy], notify=True)

    def _deliver(self, account: str, copies: Sequence[Delivery], *, notify: bool) -> None:
        messages = [_message(copy) for copy in copies]
        with self._lock:  # a message may arrive in the view before the answer that names its id
            now = datetime.now(UTC)
            answer = self.stack.google.post(
                f"mailboxes/{account}/messages", {"messages": messages, "notify": notify}
            )
            for copy, made in zip(copies, answer["messages"], strict=True):
                self.delivered[account, made["id"]] = now
                self.threads[account, made["id"]] = made["threadId"]
                self.told += notify or copy.listed
                if copy.doubtful:
                    self.doubtful.add((account, made["id"]))
                if copy.captured:
                    self.expected.add((account, made["id"]))

    def enrol(self) -> str:
        """Enrol every mailbox through the admin API, as an admin would; return a token for the console.

        Other commands can be used from then on, by the file Stack.write_env() writes.
        """
        with self.db.transaction() as conn:
            admin = tokens.create(conn, name="demo admin", role="admin")
            member = tokens.create(conn, name="demo console", role="member")
        self.stack.write_env(admin)
        for account in self.script.accounts:
            answer = urllib3.request(
                "POST",
                f"{self.stack.web_url}/api/email/accounts/enroll",
                json={"email": account},
                headers={"Authorization": f"Bearer {admin}"},
                timeout=30,
            )
            if answer.status >= 300:  # noqa: PLR2004 - HTTP's own border
                raise Refused(f"{account} could not be enrolled: {json.loads(answer.data).get('detail')}")
        return member

    def arrivals(self) -> Iterator[tuple[Arrival, float | None]]:
        """Yield what the feed tells since the last call; live mail with its seconds from push to view."""
        with self.db.transaction() as conn:
            fresh = serve.arrivals(conn, after=self._seen)
        now = datetime.now(UTC)
        for arrival in fresh:
            self._seen = arrival.id
            yield arrival, None if arrival.historic else self._clock(arrival, now)

    def _clock(self, arrival: Arrival, now: datetime) -> float | None:
        """Measure at the reader: the row was visible when we read it, not when it was written."""
        account, gmail_id, pushed_at = arrival.accounts[-1], arrival.gmail_ids[-1], arrival.pushed_ats[-1]
        with self._lock:
            delivered = self.delivered.get((account, gmail_id))
        if delivered is not None:
            self.gmail_to_view.append((now - delivered).total_seconds())
        if pushed_at is None:
            return None
        seconds = (now - pushed_at).total_seconds()
        self.push_to_view.append(seconds)
        return seconds

    def settled(self) -> int:
        """Return how many delivered messages are in the ledger with their fate decided."""
        with self.db.transaction() as conn:
            totals = serve.ledger_totals(conn)
        return sum(number for state, number in totals.items() if state != "waiting")

    def judge(self) -> "Verdict":
        """Compare what the CRM can see with what it should see."""
        with self.db.transaction() as conn:
            captured, totals = serve.stored_copies(conn), serve.ledger_totals(conn)
            defects, units = serve.with_defects(conn), runs.units_spent(conn)
            named = frozenset(serve.named_wrongly(conn))
        bodies = self._bodies_read()
        return Verdict(
            expected=frozenset(self.expected),
            captured=frozenset(captured),
            delivered=len(self.delivered),
            told=self.told,
            totals=totals,
            defects=defects,
            units=units,
            read_not_kept=len(bodies - captured),
            pried=bodies - self.expected - self.doubtful - self._beside_investors() - named,
        )

    def _beside_investors(self) -> frozenset[Copy]:
        """Return the copies whose Gmail thread is an investor's: their bodies may be read, not kept."""
        theirs = {(account, self.threads[account, gmail_id]) for account, gmail_id in self.expected}
        return frozenset(copy for copy, thread in self.threads.items() if (copy[0], thread) in theirs)

    def _bodies_read(self) -> frozenset[Copy]:
        """Ask the local Google which messages it handed the body of to anybody."""
        counters = self.stack.google.get("counters")
        return frozenset(
            (account, gmail_id)
            for account, counted in counters["mailboxes"].items()
            for format_ in ("raw", "full")
            for gmail_id in counted["bodies"].get(format_, ())
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """The end of a play."""

    expected: frozenset[Copy]
    captured: frozenset[Copy]
    delivered: int
    told: int
    totals: dict[str, int]
    defects: dict[str, int]
    units: int
    # Bodies read in an investor's thread, under a doubtful From, or named by Gmail's loose search; let go.
    read_not_kept: int
    pried: frozenset[Copy]  # bodies that were read for no such reason

    @property
    def lost(self) -> frozenset[Copy]:
        """Should have been captured and was not."""
        return self.expected - self.captured

    @property
    def foreign(self) -> frozenset[Copy]:
        """Was captured and is nobody's business."""
        return self.captured - self.expected

    @property
    def unaccounted(self) -> int:
        """Messages Gmail told us of that the ledger has not settled."""
        return self.told - sum(number for state, number in self.totals.items() if state != "waiting")

    @property
    def good(self) -> bool:
        """Exactly what should be captured was, nothing else was read, and every message is accounted for."""
        return not (self.lost or self.foreign or self.pried or self.unaccounted)


def wait_until_settled(play: Play, *, target: int, patience: float, stop: Event) -> Iterator[int]:
    """Yield the settled messages until they are *target*, or nothing moves for *patience* seconds."""
    best, since = -1, time.monotonic()
    while not stop.is_set():
        play.stack.check()
        settled = play.settled()
        if settled > best:
            best, since = settled, time.monotonic()
        yield settled
        if settled >= target or time.monotonic() - since > patience:
            return
        stop.wait(0.1)


def percentile(values: Iterable[float], share: float) -> float | None:
    """Return the value below which *share* (0..1) of *values* lie, by nearest rank; None without values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else None


def _message(copy: Delivery) -> dict[str, object]:
    message: dict[str, object] = {
        "raw": pybase64.urlsafe_b64encode(copy.raw).decode(),
        "labels": list(copy.labels),
    }
    if copy.internal_date is not None:
        message["internalDateMs"] = int(copy.internal_date.timestamp() * 1000)
    return message
