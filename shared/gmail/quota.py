"""Gmail quota units, the scarce resource: what a call costs, and when there is enough for it."""

import threading
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from shared.errors import NoUnits, SlowDown, TryLater
from shared.gmail.allowance import ALL, Allowance, Alone
from shared.gmail.failures import TooManyAtOnce
from shared.gmail.gate import Gate
from shared.gmail.meter import Grant, Pause
from shared.gmail.prices import PRICES, UNKNOWN_PRICE
from shared.gmail.purse import Purse
from shared.gmail.spending import Spending
from shared.log import logger

__all__ = ["PRICES", "Budget", "Rules", "never"]

log = logger("quota")

DAY_UNITS = 80_000_000  # of a project; beyond it Google announced charges
CONCURRENCY = 4

# Sleeping longer would outlast the caller's lease: it is told to come back instead.
LONGEST_SLEEP_SEC = 10.0
LOOK_AROUND_SEC = 0.1  # while old mail sleeps: has new mail come?
PATIENCE_SEC = 5.0  # for other calls of the same account to end
# Of the day, nothing says when it begins for Google's bill: looked at again often enough.
DAY_PAUSE = timedelta(minutes=5)
# What lasts longer is no minute's quota: a day's bandwidth says nothing about the rate.
OF_A_MINUTE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Rules:
    """What calls cost and how much of it there is, beside the units per second."""

    prices: Mapping[str, int] = field(default_factory=lambda: PRICES)
    per_account: bool = True  # False: Google counts the service account, all accounts share one budget
    day_units: int = DAY_UNITS  # of all accounts together; 0 for no such limit
    concurrency: int = CONCURRENCY  # calls of one account at once


DEFAULTS = Rules()


def never() -> bool:
    """Give way to nothing."""
    return False


class Budget:
    """The units of all accounts, shared through an *allowance*.  Safe to share between threads."""

    def __init__(
        self,
        units_per_second: float,
        *,
        rules: Rules = DEFAULTS,
        allowance: Allowance | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], bool | None] = time.sleep,
    ) -> None:
        """*units_per_second* 0 means unlimited, for servers that do not meter.

        Without an *allowance* the units are this process's own.  *sleep* may be an Event's `wait`:
        returning True says that the process is stopping.
        """
        self._rate, self._rules = units_per_second, rules
        self._allowance: Allowance = allowance or Alone(clock=clock)
        self._clock, self._sleep = clock, sleep
        self._purses: dict[str, Purse] = {}
        self._lock = threading.Lock()
        self._spending = Spending(self._allowance, day_units=rules.day_units)
        self._gate = Gate(rules.concurrency, clock=clock)

    @contextmanager
    def calling(
        self,
        account: str,
        method_id: str,
        *,
        calls: int = 1,
        bulk: bool = False,
        gives_way: Callable[[], bool] = never,
    ) -> Generator[int]:
        """Make *calls* calls inside the block, when there are units and not too many calls under way.

        Yields how many units they cost.  Raises NoUnits or SlowDown when that takes longer than a caller
        should sleep, NoUnits also when *gives_way* turns true meanwhile, TryLater when the process stops
        or the budgets are out of reach.
        """
        units, slept = self._rules.prices.get(method_id, UNKNOWN_PRICE) * calls, 0.0
        if bulk and self._spending.day_is_spent:
            raise NoUnits("the project's Gmail units of the day are used up", after=DAY_PAUSE, bulk=True)
        while True:
            with self._gate.through(account, bulk=bulk, patience=PATIENCE_SEC) as free:
                if not free:
                    after = timedelta(seconds=PATIENCE_SEC)
                    raise NoUnits("this account's other calls have not ended", after=after, bulk=bulk)
                grant = self._purse(account).take(units, bulk=bulk)
                if grant.units:
                    self._spending.note(account, method_id, units=units, calls=calls)
                    yield units
                    return
            slept += grant.wait
            self._check(grant, slept, bulk=bulk)
            self._nap(grant.wait, gives_way)

    def spend(self, account: str, method_id: str, *, calls: int = 1, bulk: bool = False) -> int:
        """Take the units of calls that are made elsewhere; else as `calling`."""
        with self.calling(account, method_id, calls=calls, bulk=bulk) as units:
            return units

    def refused(self, account: str, method_id: str, refusal: SlowDown) -> None:
        """Gmail refused a call: nothing is sent for the account (or for any) before the pause has passed.

        Asking again before the time Gmail names moves that time further out.
        """
        self._spending.note(account, method_id, refusals=1)
        too_many = isinstance(refusal, TooManyAtOnce)
        if too_many:
            self._gate.lower(account)
        key = ALL if refusal.shared or not self._rules.per_account else account
        lowers = not too_many and not refusal.shared and refusal.after <= OF_A_MINUTE
        pause = Pause(refusal.after.total_seconds(), named=refusal.named, lowers=lowers)
        for purse in list(self._purses.values()) if key == ALL else [self._purse(account)]:
            purse.pause(pause.after)
        self._share(key, pause)

    def together(self, account: str, most: int) -> int:
        """Return how many calls a batch of this account may carry, where it usually carries *most*."""
        return self._gate.together(account, most)

    def flush(self, *, ending: bool = False) -> None:
        """Record what was spent, and give back what was not (all of it when *ending*).

        Raises TryLater; what was spent is then recorded the next time.
        """
        for purse in list(self._purses.values()):
            purse.give_back(everything=ending)
        self._spending.flush()

    def spent(self) -> dict[tuple[str, str], int]:
        """Return the units spent by this process so far, by (account, method)."""
        return self._spending.units()

    def _share(self, key: str, pause: Pause) -> None:
        """Let every process know of a pause; this one keeps it whatever becomes of that."""
        try:
            left = self._allowance.pause(key, pause)
        except TryLater as away:
            log.warning("quota.pause_not_shared", why=str(away))
            return
        if left is not None:
            why = "Gmail refused units our budget had; `mailroom units` shows whose"
            log.warning("quota.rate_lowered", percent=round(left * 100), why=why)

    def _purse(self, account: str) -> Purse:
        key = account if self._rules.per_account else ALL
        with self._lock:
            if key not in self._purses:
                self._purses[key] = Purse(key, self._rate, self._allowance, self._clock)
            return self._purses[key]

    def _check(self, grant: Grant, slept: float, *, bulk: bool) -> None:
        """Raise when the wait takes too long."""
        after = timedelta(seconds=grant.wait)
        if slept > LONGEST_SLEEP_SEC and grant.paused:
            raise SlowDown("Gmail asked this account to pause", after=after)
        if slept > LONGEST_SLEEP_SEC:
            # Live mail may have units where bulk work has none left: then look again soon.
            soon = min(after, timedelta(seconds=LONGEST_SLEEP_SEC)) if bulk else after
            raise NoUnits("this account's Gmail units are used up", after=soon, bulk=bulk)

    def _nap(self, seconds: float, gives_way: Callable[[], bool]) -> None:
        """Sleep until it is worth asking again, looking around now and then."""
        while seconds > 0:
            nap = seconds if gives_way is never else min(seconds, LOOK_AROUND_SEC)
            if self._sleep(nap):
                raise TryLater("mailroom is stopping", after=timedelta(0))
            if gives_way():
                raise NoUnits("old mail gives way to new mail", after=timedelta(0), bulk=True)
            seconds -= nap
