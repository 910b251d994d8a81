"""How many calls of one account travel at the same time: fewer for a while after Gmail says "too many"."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field

# After a refusal half as much at once; a tenth more with every calm half minute.
LOWERED_BY, LOWEST = 0.5, 0.04
REGAINED_PER_SEC = 0.1 / 30
# Refusals that come this close together are of the same moment.
SAME_MOMENT_SEC = 1.0


@dataclass(slots=True)
class Width:
    """The share of the usual width that Gmail bears.  Pure: the caller says what time it is (seconds)."""

    share: float = 1.0
    lowered_at: float = float("-inf")

    def at(self, now: float) -> float:
        """Return the share, 1 when nothing was refused for long."""
        return 1.0 if self.share >= 1 else min(self.share + (now - self.lowered_at) * REGAINED_PER_SEC, 1.0)

    def lower(self, now: float) -> None:
        """Gmail counted too many at once."""
        if now - self.lowered_at > SAME_MOMENT_SEC:
            self.share, self.lowered_at = max(self.at(now) * LOWERED_BY, LOWEST), now

    def of(self, most: int, now: float) -> int:
        """Return how many of *most* may go at once: at least one."""
        return max(int(most * self.at(now) + 1e-9), 1)


@dataclass(slots=True)
class _Account:
    width: Width = field(default_factory=Width)
    busy: int = 0


class Gate:
    """Calls under way, per account, in this process.  Safe to share between threads."""

    def __init__(self, most: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """*most* calls of one account at once."""
        self._most, self._clock = most, clock
        self._accounts: dict[str, _Account] = {}
        self._changed = threading.Condition()

    @contextmanager
    def through(self, account: str, *, bulk: bool, patience: float) -> Generator[bool]:
        """Wait at most *patience* seconds for room, and hold it inside the block; yields whether there is.

        Bulk work leaves the last place to live mail wherever there is more than one.
        """
        with self._changed:
            free = self._changed.wait_for(lambda: self._free(account, bulk=bulk), patience)
            if free:
                self._account(account).busy += 1
        try:
            yield free
        finally:
            if free:
                with self._changed:
                    self._account(account).busy -= 1
                    self._changed.notify_all()

    def lower(self, account: str) -> None:
        """Gmail counted too many calls of this account at once."""
        with self._changed:
            self._account(account).width.lower(self._clock())

    def together(self, account: str, most: int) -> int:
        """Return how many calls a batch may carry, usually *most*: Gmail runs them at once."""
        with self._changed:
            return self._account(account).width.of(most, self._clock())

    def _free(self, account: str, *, bulk: bool) -> bool:
        one = self._account(account)
        most = one.width.of(self._most, self._clock())
        return one.busy < (max(most - 1, 1) if bulk else most)

    def _account(self, account: str) -> _Account:
        return self._accounts.setdefault(account, _Account())
