"""One budget's last minute: how many units may be taken now, and how long to wait for more.  Pure.

Numbers in, numbers out: the caller says what time it is (seconds since 1970 or since whenever, always
the same).  Where the numbers are kept, in this process or in the database, is `allowance`'s business.
"""

import math
from collections import deque
from dataclasses import dataclass, field

# Gmail counts by the minute, when a call arrives; which minute it means is not documented, so every
# one counts.  A second more keeps two calls that travelled at different speeds out of one of them.
WINDOW_SEC = 61.0
TICK_SEC = 0.5  # what is granted within one tick is remembered as one entry, at its latest time
# A grant may be used from when it was asked for until its life ends, and is counted at that end.
AT_ONCE_SEC = 1.0  # the exact price of a call that goes out now
KEPT_SEC = 2.0  # units kept for the next calls as well
# Free at any moment for live mail, as a share of the minute.  Live mail also comes first for whatever
# turns free: bulk work may only take what leaves this much.
LIVE_SHARE = 0.06
# Bulk work flows evenly instead of taking its minute at once, so that units turn free evenly too.
BULK_PACE = 0.93
BULK_BURST_SEC = 2.5
# After refusals inside our own budget Gmail gives less than we think.
LOWERED_BY, LOWEST_SHARE = 0.8, 0.1
CALM_SEC = 300.0  # without a refusal before the rate grows again
REGAINED_PER_SEC = 0.02 / 60
# Refusals this close to the end of the pause before count as the same trouble, still there.
SAME_TROUBLE_SEC = 120.0
LONGEST_PAUSE_SEC = 3600.0  # that repetition makes
JITTER = 0.25
NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class Unused:
    """Part of a grant that nobody needed."""

    at: float
    units: int
    bulk: bool


@dataclass(frozen=True, slots=True)
class Want:
    """What is asked for: *least* units, and up to *wish* for the calls that follow."""

    least: int
    wish: int = 0
    bulk: bool = False
    unused: tuple[Unused, ...] = ()  # given back first


@dataclass(frozen=True, slots=True)
class Grant:
    """Units to use for *life* seconds from when they were asked for; or none, and when to ask again."""

    units: int = 0
    wait: float = 0.0  # seconds
    paused: bool = False  # the wait is a pause that Gmail asked for
    at: float = 0.0  # under which time the units are counted
    life: float = 0.0


@dataclass(frozen=True, slots=True)
class Pause:
    """Gmail asked for a pause of *after* seconds."""

    after: float
    named: bool = False  # Gmail said until when; else each repetition doubles it
    lowers: bool = False  # it refused units that our budget had


@dataclass(slots=True)
class Meter:
    """What one budget has granted in the last minute, over all that use it."""

    rate: float  # units per second that Gmail is said to allow, averaged over a minute; 0: unlimited
    log: deque[tuple[float, int]] = field(default_factory=deque)  # (when, units), oldest first
    bulk_paid_at: float = NEVER  # when what bulk work took has flowed in again
    paused_until: float = NEVER
    pauses: int = 0  # of the same trouble, one after the other
    share: float = 1.0  # of the rate, when it was last lowered
    lowered_at: float = NEVER

    def ask(self, now: float, want: Want, *, everyone_until: float = NEVER) -> Grant:
        """Grant what is wanted, or nothing and the seconds until it is worth asking again.

        In no minute is more granted than 60 times the rate.  A call dearer than a whole minute goes
        through when nothing else was granted.  *everyone_until* is until when the whole project pauses.
        """
        while self.log and self.log[0][0] <= now - WINDOW_SEC:
            self.log.popleft()
        for unused in want.unused:
            self._take_back(now, unused)
        if (pause := max(self.paused_until, everyone_until) - now) > 0:
            return Grant(wait=pause, paused=True)
        life = KEPT_SEC if want.wish > want.least else AT_ONCE_SEC
        if not self.rate or not want.least:
            return Grant(max(want.least, want.wish), at=now, life=life)
        if self._wait(now, want.least, bulk=want.bulk) > 0:
            # Bulk work waits for all it wishes, instead of coming back for every call.
            return Grant(wait=self._wait(now, max(want.least, want.wish if want.bulk else 0), bulk=want.bulk))
        room = min(self._room(now, bulk=want.bulk), self._flowed(now) if want.bulk else math.inf)
        units = max(want.least, min(want.wish, int(room)))
        if want.bulk:
            self.bulk_paid_at = max(self.bulk_paid_at, now) + units / self._pace(now)
        return Grant(units, at=self._note(now + life, units), life=life)

    def _take_back(self, now: float, unused: Unused) -> None:
        """Take units back that nobody used, unless they are no longer counted anyway."""
        if unused.at <= now - WINDOW_SEC:
            return
        for number, (when, units) in enumerate(self.log):
            # An entry may have moved to a later time since, together with its units.
            if when >= unused.at:
                self.log[number] = (when, max(units - unused.units, 0))
                break
        if unused.bulk and self.rate:
            self.bulk_paid_at -= unused.units / self._pace(now)

    def pause(self, now: float, pause: Pause, *, luck: float) -> bool:
        """Grant nothing until the pause is over; return whether the rate was lowered.

        *luck* (0 to 1) lengthens what Gmail did not name, so that accounts do not come back together.
        Several refusals of the same moment are one.
        """
        if now >= self.paused_until:
            again = now - self.paused_until < SAME_TROUBLE_SEC
            self.pauses = self.pauses + 1 if again else 1
        after = pause.after
        if not pause.named:
            grown = min(after * 2 ** min(self.pauses - 1, 12), LONGEST_PAUSE_SEC)
            after = max(after, grown) * (1 + JITTER * luck)
        self.paused_until = max(self.paused_until, now + after)
        lowered = pause.lowers and now - self.lowered_at > WINDOW_SEC
        if lowered:
            self.share, self.lowered_at = max(self.share_at(now) * LOWERED_BY, LOWEST_SHARE), now
        return lowered

    def share_at(self, now: float) -> float:
        """Return how much of the rate is used: lowered by refusals, slowly regained after a calm."""
        if self.share >= 1.0:
            return 1.0
        return min(self.share + max(now - self.lowered_at - CALM_SEC, 0.0) * REGAINED_PER_SEC, 1.0)

    def units(self) -> int:
        """Return how many units are counted."""
        return sum(units for _, units in self.log)

    def _pace(self, now: float) -> float:
        return self.rate * self.share_at(now) * BULK_PACE

    def _room(self, now: float, *, bulk: bool) -> float:
        minute = self.rate * 60 * self.share_at(now)
        return minute * ((1 - LIVE_SHARE) if bulk else 1.0) - self.units()

    def _wait(self, now: float, units: int, *, bulk: bool) -> float:
        """Return the seconds until *units* are free, 0 or less for now."""
        wait = self._window_wait(now, units, bulk=bulk)
        return max(wait, self._pace_wait(now, units)) if bulk else wait

    def _window_wait(self, now: float, units: int, *, bulk: bool) -> float:
        # Never more is missing than there is: a call dearer than the minute waits for an empty one.
        missing = min(units - self._room(now, bulk=bulk), self.units())
        for when, granted in self.log:
            if missing <= 0:
                break
            missing -= granted
            if missing <= 0:
                return when + WINDOW_SEC - now
        return 0.0

    def _pace_wait(self, now: float, least: int) -> float:
        """Bulk work may be a burst ahead of what flowed in, or one call when that is dearer."""
        ahead = max(BULK_BURST_SEC - least / self._pace(now), 0.0)
        return self.bulk_paid_at - ahead - now

    def _flowed(self, now: float) -> float:
        return (BULK_BURST_SEC - max(self.bulk_paid_at - now, 0.0)) * self._pace(now)

    def _note(self, at: float, units: int) -> float:
        """Remember; what comes within a tick of the entry before the last joins the last, at its new time."""
        if self.log:
            at = max(at, self.log[-1][0])
        if len(self.log) > 1 and at - self.log[-2][0] < TICK_SEC:
            units += self.log.pop()[1]
        self.log.append((at, units))
        return at
