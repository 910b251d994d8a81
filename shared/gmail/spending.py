"""Units spent, by account and method: counted at once, recorded every few seconds, watched over the day."""

import threading
from collections import Counter

from shared.errors import TryLater
from shared.gmail.allowance import Allowance, Spent
from shared.log import logger

log = logger("quota")

ALARM = 0.8  # of the day's units


class Spending:
    """What this process has spent.  Safe to share between threads."""

    def __init__(self, allowance: Allowance, *, day_units: int) -> None:
        """*day_units* is what all accounts together may spend in a day, 0 for no such limit."""
        self._allowance, self._day_units = allowance, day_units
        self._ever: Counter[tuple[str, str]] = Counter()
        self._new: Counter[tuple[str, str, str]] = Counter()  # (account, method, what is counted)
        self._day, self._told = 0, 0.0
        self._lock = threading.Lock()

    def note(self, account: str, method: str, *, units: int = 0, calls: int = 0, refusals: int = 0) -> None:
        """Count."""
        with self._lock:
            self._ever[account, method] += units
            self._day += units
            for what, number in (("units", units), ("calls", calls), ("refusals", refusals)):
                self._new[account, method, what] += number

    @property
    def day_is_spent(self) -> bool:
        """Whether only live mail may go on today."""
        return 0 < self._day_units <= self._day

    def units(self) -> dict[tuple[str, str], int]:
        """Return the units spent so far, by (account, method)."""
        with self._lock:
            return {key: units for key, units in self._ever.items() if units}

    def flush(self) -> None:
        """Record what is new.  Raises TryLater, and keeps it for the next time."""
        with self._lock:
            new, self._new = self._new, Counter()
        try:
            day = self._allowance.record(_rows(new))
        except TryLater:
            with self._lock:
                self._new += new
            raise
        with self._lock:
            pending = sum(number for (_, _, what), number in self._new.items() if what == "units")
            self._day = day + pending
        self._alarm(day)

    def _alarm(self, day: int) -> None:
        """Say once that the day is nearly spent, and once that it is."""
        share = day / self._day_units if self._day_units else 0.0
        reached = 1.0 if share >= 1 else ALARM if share >= ALARM else 0.0
        if reached > self._told:
            why = "at 100 % of CRM_GMAIL_DAY_UNITS old mail waits for tomorrow; live mail goes on"
            log.warning("quota.day", percent=round(share * 100), units=day, why=why)
        self._told = reached


def _rows(new: Counter[tuple[str, str, str]]) -> list[Spent]:
    """One row for each account and method."""
    keys = dict.fromkeys((account, method) for account, method, _ in new)
    return [
        Spent(account, method, *(new[account, method, what] for what in ("units", "calls", "refusals")))
        for account, method in keys
    ]
