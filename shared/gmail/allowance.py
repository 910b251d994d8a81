"""Where budgets are kept: `Alone` for one process; `shared.store.units` for all that share a database."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import random
from typing import Protocol

from shared.gmail.meter import Grant, Meter, Pause, Want

ALL = ""  # the key of what concerns every account: a pause of the whole project, a credential's budget


@dataclass(frozen=True, slots=True)
class Spent:
    """What an account's calls of one method cost since the last record."""

    account: str
    method: str
    units: int = 0
    calls: int = 0
    refusals: int = 0  # for want of units


class Allowance(Protocol):
    """The budgets of all keys (an account's address, or ALL).  Safe to share between threads.

    Every method may raise TryLater: the budgets are out of reach, nothing was granted.
    """

    def ask(self, key: str, rate: float, want: Want) -> Grant:
        """Ask for units of a budget of *rate* units per second."""
        ...

    def pause(self, key: str, pause: Pause) -> float | None:
        """Pause a key, or ALL; return the share of the rate that is left when this lowered it."""
        ...

    def record(self, spent: Sequence[Spent]) -> int:
        """Add to what was spent today; return the day's units over all accounts."""
        ...


class Alone:
    """The budgets of a single process, forgotten when it ends."""

    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, luck: Callable[[], float] = random
    ) -> None:
        self._clock, self._luck = clock, luck
        self._meters: dict[str, Meter] = {}
        self._units = 0
        self._lock = threading.Lock()

    def ask(self, key: str, rate: float, want: Want) -> Grant:
        """See Allowance."""
        with self._lock:
            now, meter = self._clock(), self._meter(key, rate)
            everyone = self._meters.get(ALL, meter)
            return meter.ask(now, want, everyone_until=everyone.paused_until)

    def pause(self, key: str, pause: Pause) -> float | None:
        """See Allowance."""
        with self._lock:
            now, meter = self._clock(), self._meters.setdefault(key, Meter(0))
            return meter.share_at(now) if meter.pause(now, pause, luck=self._luck()) else None

    def record(self, spent: Sequence[Spent]) -> int:
        """See Allowance; here the day is as long as the process lives."""
        with self._lock:
            self._units += sum(one.units for one in spent)
            return self._units

    def _meter(self, key: str, rate: float) -> Meter:
        meter = self._meters.setdefault(key, Meter(rate))
        meter.rate = rate
        return meter
