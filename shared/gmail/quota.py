"""Gmail quota units, the scarce resource: what a call costs, and when there is enough for it."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

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

# Bulk work leaves a fifth of each minute to live mail.
BULK_SHARE = 0.8
# A full bucket plus what flows in within a minute must not exceed a minute's limit.
BURST_SEC = 10.0


@dataclass(slots=True)
class Bucket:
    """A token bucket of one account: pure, the caller says what time it is (seconds, any origin)."""

    rate: float  # units per second
    level: float
    at: float

    def take(self, now: float, units: int, *, bulk: bool) -> float:
        """Take *units* and return 0.0, or take nothing and return the seconds until it is worth asking again.

        Bulk work sees a smaller bucket, so that live mail always finds some units left.  A call
        dearer than the whole bucket is let through when the bucket is full.
        """
        size = self.rate * BURST_SEC
        self.level = min(size, self.level + (now - self.at) * self.rate)
        self.at = now
        reserve = size * (1 - BULK_SHARE) if bulk else 0.0
        needed = min(units + reserve, size)
        if self.level >= needed:
            self.level -= units
            return 0.0
        return (needed - self.level) / self.rate


class Budget:
    """The units of all accounts in this process.  Safe to share between threads."""

    def __init__(
        self,
        units_per_second: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        """*units_per_second* 0 means unlimited, for servers that do not meter."""
        self._rate = units_per_second * (60 / (60 + BURST_SEC))
        self._clock, self._sleep = clock, sleep
        self._buckets: dict[str, Bucket] = {}
        self._spent: Counter[str] = Counter()
        self._lock = threading.Lock()

    def spend(self, account: str, method_id: str, *, calls: int = 1, bulk: bool = False) -> int:
        """Wait until the account has units for *calls* calls, and return how many units they cost."""
        units = PRICES.get(method_id, 20) * calls
        while self._rate and (wait := self._try(account, units, bulk=bulk)):
            self._sleep(wait)
        with self._lock:
            self._spent[method_id] += units
        return units

    def _try(self, account: str, units: int, *, bulk: bool) -> float:
        with self._lock:
            now = self._clock()
            full = Bucket(self._rate, self._rate * BURST_SEC, now)
            return self._buckets.setdefault(account, full).take(now, units, bulk=bulk)

    @property
    def spent(self) -> dict[str, int]:
        """Units spent by this process, by method."""
        with self._lock:
            return dict(self._spent)
