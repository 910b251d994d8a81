"""How soon the next look comes when notifications told of nothing.  Decides only.

Gmail sends a notification a second at most, and nearly each tells of something.  Thousands that tell of
nothing are repeats, or made up by somebody with a stolen token: they must not cost a listing each.
"""

from dataclasses import dataclass
from datetime import timedelta

# So long after a look that a notification asked for in vain, the next one it may ask for: after the first
# in a row, the second, and each later one.  Gmail itself needs a second or two to tell of new mail, so the
# first pause delays it hardly ever.
PAUSES = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=8))
LONGEST = PAUSES[-1]

# What was in vain is forgotten when nothing was for so long after the pause.
FORGOTTEN = timedelta(minutes=1)

# Gmail's index may lag behind its own notification by seconds; looked at again after these pauses.
LAG_PAUSES = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))


@dataclass(frozen=True, slots=True)
class Pace:
    """What is remembered of the looks so far."""

    vain: int  # looks in a row that notifications asked for and that found nothing
    pause: timedelta  # from the last of them until a notification may ask for another


@dataclass(frozen=True, slots=True)
class Again:
    """A look for what a notification announced and Gmail does not show yet."""

    pause: timedelta
    lag_looks: int  # its number


def after(vain: int, calm: timedelta | None, *, asked: bool, news: bool) -> Pace | None:
    """Decide after a look what to remember; None: no more and no less than before.

    *calm* is the time since the last pause ended (negative during it; None: there was none).
    *asked*: a notification was waiting for this look.  Looks that find news cost nothing, and those that
    nobody asked for are too few to count.
    """
    if news:
        return Pace(0, timedelta(0)) if vain else None
    if not asked:
        return None
    before = 0 if calm is None or calm > FORGOTTEN else vain
    return Pace(min(before + 1, len(PAUSES)), PAUSES[min(before, len(PAUSES) - 1)])


def again(lag_looks: int, pause: timedelta) -> Again | None:
    """Return the next look for what Gmail's index lacks; None after the last.

    *pause* is the pace's: a lag pause shorter than that is left out, it would be over already.
    """
    later = enumerate(LAG_PAUSES[lag_looks:], lag_looks + 1)
    return next((Again(lag, number) for number, lag in later if lag >= pause), None)
