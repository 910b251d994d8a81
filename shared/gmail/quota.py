"""Gmail quota units, the scarce resource: what a call costs, and when there is enough for it."""

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from shared.errors import TryLater

# Units per call for projects made since May 2026 (Google's usage limits page).
PRICES: Mapping[str, int] = {
    "gmail.users.getProfile": 1,
    "gmail.users.labels.list": 1,
    "gmail.users.history.list": 2,
    "gmail.users.messages.list": 5,
    "gmail.users.messages.get": 20,
    "gmail.users.messages.attachments.get": 20,
    "gmail.users.threads.list": 10,
    "gmail.users.threads.get": 40,
    "gmail.users.watch": 100,
    "gmail.users.stop": 50,
}
UNKNOWN_PRICE = 20  # of a method whose price was never read, settings.sendAs.list for one

# Gmail counts by the minute, when a call arrives.  A second more keeps two calls that travelled at
# different speeds out of one of its minutes.
WINDOW_SEC = 61.0
TICK_SEC = 0.5  # what is spent within one tick is remembered as one entry, at its latest time
BULK_SHARE = 0.8  # the rest is left for live mail
# Bulk work flows evenly, a little slower than its share, instead of taking its minute at once and then
# waiting for the next: live mail never waits long behind it.
BULK_PACE = 0.73
BULK_BURST_SEC = 2.0
# Sleeping longer would outlast the caller's lease: it is told to come back instead.
LONGEST_SLEEP_SEC = 10.0
ALL = ""  # stands for every account


@dataclass(slots=True)
class Meter:
    """One account's units of the last minute.  Pure: the caller says what time it is (seconds)."""

    rate: float  # units per second that Gmail allows, averaged over a minute
    _log: deque[tuple[float, int]] = field(default_factory=deque)  # (when, units), oldest first
    _total: int = 0
    _bulk_paid_at: float = float("-inf")  # when what bulk work took has flowed in again

    def take(self, now: float, units: int, *, bulk: bool = False) -> float:
        """Take *units* and return 0.0, or take nothing and return the seconds until it is worth asking again.

        In no minute is more taken than 60 times the rate, and bulk work never fills more than four
        fifths of that.  A call dearer than a whole minute goes through when nothing else was taken.
        """
        self._forget(now - WINDOW_SEC)
        wait = self._window_wait(now, units, bulk=bulk)
        if bulk:
            wait = max(wait, self._pace_wait(now, units))
        if wait <= 0:
            self._note(now, units)
            if bulk:
                self._bulk_paid_at = max(self._bulk_paid_at, now) + units / (self.rate * BULK_PACE)
        return max(wait, 0.0)

    def _window_wait(self, now: float, units: int, *, bulk: bool) -> float:
        room = self.rate * 60 * (BULK_SHARE if bulk else 1.0) - units
        over = self._total - max(room, 0.0)
        if over <= 0:
            return 0.0
        for when, spent in self._log:
            over -= spent
            if over <= 0:
                return when + WINDOW_SEC - now
        return 0.0

    def _pace_wait(self, now: float, units: int) -> float:
        """Bulk work may be a burst ahead of what flowed in, or one call when that is dearer."""
        ahead = max(BULK_BURST_SEC - units / (self.rate * BULK_PACE), 0.0)
        return self._bulk_paid_at - ahead - now

    def _forget(self, before: float) -> None:
        while self._log and self._log[0][0] <= before:
            self._total -= self._log.popleft()[1]

    def _note(self, now: float, units: int) -> None:
        """Remember; what comes within a tick of the entry before the last joins the last, at its new time."""
        self._total += units
        if len(self._log) > 1 and now - self._log[-2][0] < TICK_SEC:
            units += self._log.pop()[1]
        self._log.append((now, units))


class Budget:
    """The units of all accounts in this process.  Safe to share between threads."""

    def __init__(
        self,
        units_per_second: float,
        *,
        prices: Mapping[str, int] = PRICES,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], bool | None] = time.sleep,
    ) -> None:
        """*units_per_second* 0 means unlimited, for servers that do not meter.

        *sleep* may be an Event's `wait`: returning True says that the process is stopping.
        """
        self._rate, self._prices = units_per_second, prices
        self._clock, self._sleep = clock, sleep
        self._meters: dict[str, Meter] = {}
        self._paused_until: dict[str, float] = {}
        self._spent: Counter[tuple[str, str]] = Counter()
        self._lock = threading.Lock()

    def spend(self, account: str, method_id: str, *, calls: int = 1, bulk: bool = False) -> int:
        """Wait until the account has units for *calls* calls, and return how many units they cost.

        Raises TryLater when that takes longer than a caller should sleep, or when the process stops.
        """
        units = self._prices.get(method_id, UNKNOWN_PRICE) * calls
        slept = 0.0
        while (wait := self._try(account, units, bulk=bulk)) > 0:
            slept += wait
            if slept > LONGEST_SLEEP_SEC:
                # Live mail may have units where bulk work has none left: then look again soon.
                after = min(wait, LONGEST_SLEEP_SEC) if bulk else wait
                raise TryLater("this account's Gmail units are used up", after=timedelta(seconds=after))
            if self._sleep(wait):
                raise TryLater("mailroom is stopping", after=timedelta(0))
        with self._lock:
            self._spent[account, method_id] += units
        return units

    def pause(self, account: str, after: timedelta, *, shared: bool = False) -> None:
        """Send nothing for *account* (*shared*: for any account) before *after* has passed.

        Asking again before the time Gmail names moves that time further out.
        """
        key = ALL if shared else account
        with self._lock:
            until = self._clock() + after.total_seconds()
            self._paused_until[key] = max(self._paused_until.get(key, until), until)

    def spent(self) -> dict[tuple[str, str], int]:
        """Return the units spent by this process so far, by (account, method)."""
        with self._lock:
            return dict(self._spent)

    def _try(self, account: str, units: int, *, bulk: bool) -> float:
        """Take the units and return 0.0, or return how long to wait."""
        with self._lock:
            now = self._clock()
            paused = max(self._paused_until.get(key, now) for key in (account, ALL)) - now
            if paused > 0 or not self._rate:
                return paused
            return self._meters.setdefault(account, Meter(self._rate)).take(now, units, bulk=bulk)
