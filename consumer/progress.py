"""How far a backfill has come, what is left of it, and when it will end.  Decides only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Literal

from consumer.plan import GET, LIST, thread_units
from shared.gmail.meter import BULK_PACE

Stage = Literal[
    "stopped", "planning", "searching", "fetching", "listing", "confirming", "proving", "cancelled", "done"
]

# A consumer takes an account that is due within this; longer says that there is none.
TAKEN_WITHIN = timedelta(seconds=10)
# Shorter than this, what was spent says little of the speed.
OBSERVED_FOR = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database knows of one account's backfill (shared/store/progress.sql).  Times are UTC.

    Threads that wait come in sorts: *number* of them with *plain* messages and others with *files*.
    """

    account: str
    status: str
    reason: str
    kinds: list[str]  # of the open searches: backfill, investor, recovery
    plans: int  # open searches, by purpose
    searches: int
    listings: int
    scans: int
    proofs: int
    confirming: int
    listed: int  # ids, by the searches that list everything
    expected: int  # messages of the mailbox, as Gmail said when the plan was made; 0: not planned yet
    cancelled: int  # searches that were cancelled and may go on
    weigh: int  # old messages that wait for their headers to be read
    unproved: int  # messages only a search has judged
    doubtful: list[int]  # of these: so many in a thread, each number once, ...
    doubtful_number: list[int]  # ... and how many threads hold so many
    known: int
    stored: int
    dead: int
    held: int  # messages a cancelled backfill had found
    plain: list[int]
    files: list[int]
    number: list[int]
    due_at: datetime
    leased: bool  # a consumer works on it now
    share: float  # of the configured rate, after refusals
    paused_until: datetime | None
    spent: int  # units so far, all calls of the account
    now: datetime

    @property
    def waiting(self) -> int:
        """Old messages still to be read."""
        sorts = zip(self.plain, self.files, self.number, strict=True)
        return self.weigh + sum((plain + files) * number for plain, files, number in sorts)

    @property
    def unseen(self) -> int:
        """Messages the mailbox has that nothing has listed yet; about."""
        return max(self.expected - self.known, 0) if self.listings else 0


@dataclass(frozen=True, slots=True)
class Left:
    """Units left; *exact* when everything is listed, else as many as is known and expected now."""

    finding: int = 0
    fetching: int = 0
    proving: int = 0
    exact: bool = True

    @property
    def units(self) -> int:
        """All of them."""
        return self.finding + self.fetching + self.proving


def stage(facts: Facts) -> Stage:
    """Return what is being done, or stands still."""
    steps: tuple[tuple[Stage, int], ...] = (
        ("planning", facts.plans),
        ("searching", facts.searches),
        ("fetching", facts.waiting),
        ("listing", facts.listings),
        ("confirming", facts.confirming),
        ("proving", facts.proofs),
    )
    now = next((name for name, left in steps if left), None)
    if now is None:
        return "cancelled" if facts.cancelled or facts.held else "done"
    return now if facts.status == "active" else "stopped"


def left(facts: Facts, *, page: int, prices: Mapping[str, int]) -> Left:
    """Return the units left; *page* is how many ids a page lists."""
    pages = facts.searches
    if facts.listings:
        pages += max(ceil((facts.expected - facts.listed) / page), 1)
    sorts = zip(facts.plain, facts.files, facts.number, strict=True)
    threads = sum(thread_units(plain, files, prices=prices) * number for plain, files, number in sorts)
    headers = facts.weigh + (facts.unseen if facts.scans else 0)
    return Left(
        finding=pages * prices[LIST],
        fetching=threads + headers * prices[GET],
        proving=_proving(facts, prices) if facts.proofs else 0,
        exact=not (facts.plans or facts.searches or facts.listings or facts.weigh or facts.confirming),
    )


def _proving(facts: Facts, prices: Mapping[str, int]) -> int:
    """Threads are read whole where that is cheaper; what nothing has listed yet is expected one by one."""
    sorts = zip(facts.doubtful, facts.doubtful_number, strict=True)
    threads = sum(thread_units(messages, 0, prices=prices) * number for messages, number in sorts)
    return threads + (0 if facts.scans else facts.unseen * prices[GET])


def speed(before: Facts, facts: Facts, *, rate: float, sharing: int = 1) -> float | None:
    """Return units per second: as observed since *before*, else the budget's; None when neither tells.

    *rate* is the budget's units per second (0: unmetered), which *sharing* accounts share.
    """
    seconds = (facts.now - before.now).total_seconds()
    spent = facts.spent - before.spent
    if seconds >= OBSERVED_FOR.total_seconds() and spent > 0:
        return spent / seconds
    return rate * facts.share * BULK_PACE / max(sharing, 1) or None


def ends_at(facts: Facts, units: int, speed: float | None) -> datetime | None:
    """Return when *units* will be spent (UTC); None while nobody can tell."""
    if speed is None or facts.status != "active" or is_alone(facts):
        return None
    # Ten years: what would take longer has no end worth naming.
    seconds = min(units / speed, 315_360_000.0)
    return max(facts.now, facts.paused_until or facts.now) + timedelta(seconds=seconds)


def is_alone(facts: Facts) -> bool:
    """Whether it is due and no consumer has taken it."""
    return not facts.leased and facts.now - facts.due_at > TAKEN_WITHIN


def waits_until(facts: Facts) -> datetime | None:
    """Return until when it stands still by itself: for units, a retry, or because Gmail asked for a pause."""
    paused = facts.paused_until if facts.paused_until and facts.paused_until > facts.now else None
    due = facts.due_at if not facts.leased and facts.due_at > facts.now else None
    return max((one for one in (paused, due) if one), default=None)
