"""What one process holds of a key's units: small grants, so that not every call asks for its own."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from shared.errors import TryLater
from shared.gmail.allowance import Allowance
from shared.gmail.meter import Grant, Unused, Want

# Asked for at a time: a look and the messages it found, or a second or two of old mail.
LIVE_WISH = 60
BULK_WISH_SEC = 2.5
UNLIMITED_WISH = 1_000_000
SLOW = timedelta(seconds=2)


@dataclass(slots=True)
class Kept:
    """What is left of a grant."""

    units: int
    until: float  # on this process's clock
    at: float  # as the allowance counts it


@dataclass(frozen=True, slots=True)
class _Refused:
    """Nothing for this many units (or more) before *until*."""

    units: int
    until: float
    paused: bool


class Purse:
    """One key's units in this process.  Safe to share between threads."""

    def __init__(self, key: str, rate: float, allowance: Allowance, clock: Callable[[], float]) -> None:
        """*rate* in units per second, 0 for unlimited."""
        self._key, self._rate = key, rate
        self._allowance, self._clock = allowance, clock
        self._kept: dict[bool, Kept] = {}  # by whether it was granted to bulk work
        self._refused: dict[bool, _Refused] = {}
        self._unused: list[Unused] = []
        self._paused_until = float("-inf")
        self._lock = threading.Lock()

    def take(self, units: int, *, bulk: bool) -> Grant:
        """Take *units* of what is kept, or ask for more; an answer without units says how long to wait."""
        with self._lock:
            now = self._clock()
            if now < self._paused_until:
                return Grant(wait=self._paused_until - now, paused=True)
            if self._pays(now, units, bulk=bulk):
                return Grant(units)
            said = self._refused.get(bulk)
            if said is not None and now < said.until and units >= said.units:
                return Grant(wait=said.until - now, paused=said.paused)
            return self._asked(now, units, bulk=bulk)

    def pause(self, seconds: float) -> None:
        """Use nothing more of what is kept, and ask for nothing: Gmail asked for a pause."""
        with self._lock:
            self._collect(float("inf"))
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def give_back(self, *, everything: bool = False) -> None:
        """Hand over what can no longer be used.  Raises TryLater; it then counts as used."""
        with self._lock:
            self._collect(float("inf") if everything else self._clock())
            unused, self._unused = self._unused, []
            if unused:
                self._allowance.ask(self._key, self._rate, Want(0, unused=tuple(unused)))

    def _pays(self, now: float, units: int, *, bulk: bool) -> bool:
        """Live mail may also use what was granted to bulk work."""
        for kind in (True,) if bulk else (False, True):
            kept = self._kept.get(kind)
            if kept is not None and kept.until > now and kept.units >= units:
                kept.units -= units
                return True
        return False

    def _asked(self, now: float, units: int, *, bulk: bool) -> Grant:
        self._collect(now, also=bulk)
        unused, self._unused = self._unused, []
        wish = max(units, int(self._rate * BULK_WISH_SEC) if bulk else LIVE_WISH)
        want = Want(units, wish if self._rate else UNLIMITED_WISH, bulk, tuple(unused))
        grant = self._allowance.ask(self._key, self._rate, want)
        if not grant.units:
            self._refused[bulk] = _Refused(units, now + grant.wait, grant.paused)
            return grant
        self._refused.pop(bulk, None)
        kept = Kept(grant.units, now + grant.life, grant.at)
        self._kept[bulk] = kept
        if not self._pays(self._clock(), units, bulk=bulk):
            raise TryLater("the database answers too slowly to share Gmail's units", after=SLOW)
        return Grant(units)

    def _collect(self, now: float, *, also: bool | None = None) -> None:
        """Put what is kept no longer, and what a new grant of the kind *also* replaces, among the unused."""
        for kind, kept in list(self._kept.items()):
            if kept.until <= now or kind == also:
                self._unused += [Unused(kept.at, kept.units, kind)] if kept.units else []
                del self._kept[kind]
