"""Decide which pushes go astray.  Seeded: the same order of pushes meets the same fates."""

import random
import threading
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of all pushes, each from 0 (never) to 1 (always)."""

    duplicate: float = 0.0  # delivered twice
    drop: float = 0.0  # acknowledged without being delivered, as Gmail drops what exceeds one a second
    reorder: float = 0.0  # held back until another one has overtaken it

    def __post_init__(self) -> None:
        for name in ("duplicate", "drop", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a share between 0 and 1, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one push."""

    duplicate: bool
    drop: bool
    reorder: bool


class Faults:
    """The dice.  Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.set(Rates())

    def set(self, rates: Rates, *, seed: int = 0) -> None:
        """Start afresh with *rates* and *seed*."""
        with self._lock:
            self._rates, self._random = rates, random.Random(seed)

    def draw(self) -> Fate:
        """Decide the fate of the next push."""
        with self._lock:
            dice = [self._random.random() for _ in range(3)]
            rates = self._rates
        return Fate(
            duplicate=dice[0] < rates.duplicate, drop=dice[1] < rates.drop, reorder=dice[2] < rates.reorder
        )
