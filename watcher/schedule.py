"""Decide when a watch is renewed.  Gmail's watch lasts seven days; Google advises to renew once a day."""

from datetime import datetime, timedelta
from typing import Literal

LASTS = timedelta(days=7)  # what Gmail promises at most
RENEW_EVERY = timedelta(days=1)
SHORTEST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
# Once a watch has ended there is nothing left to save: mail still arrives by polling, only later.
PAUSE_AFTER_THE_END = timedelta(minutes=10)
# Below these, somebody should look.
WARN_BELOW = timedelta(hours=48)
PAGE_BELOW = timedelta(hours=24)

# Mail found by polling for this long, and not one notification: no accident any more.
SILENT = timedelta(minutes=10)
RESTART_EVERY = timedelta(days=1)

Alarm = Literal["none", "warn", "page"]


def next_renewal(now: datetime, expires_at: datetime) -> datetime:
    """Return when a watch just made should be renewed: in a day, or halfway to an earlier end."""
    halfway = now + (expires_at - now) / 2
    # An end in the past, which Gmail should never name, must not become a call without a pause.
    return max(min(now + RENEW_EVERY, halfway), now + SHORTEST_PAUSE)


def next_try(now: datetime, expires_at: datetime | None) -> datetime:
    """Return when to try again after a failure.

    The pause is as long as renewing has failed already, so it doubles from a minute to an hour;
    and never above a 48th of what is left, so below 48 hours it shrinks again.  Nothing has to be
    remembered for it, so it goes on over restarts.
    """
    if expires_at is None or expires_at <= now:
        return now + PAUSE_AFTER_THE_END
    failing_for = now - (expires_at - LASTS + RENEW_EVERY)
    return now + max(SHORTEST_PAUSE, min(failing_for, LONGEST_PAUSE, (expires_at - now) / 48))


def alarm(expires_at: datetime | None, now: datetime) -> Alarm:
    """Return how loudly to complain about the time a watch has left; None: there is no watch."""
    if expires_at is None or expires_at - now < PAGE_BELOW:
        return "page"
    return "warn" if expires_at - now < WARN_BELOW else "none"


def push_is_broken(unpushed_since: datetime, unpushed_at: datetime) -> bool:
    """Tell whether notifications have stopped: two polls found mail, far apart, and none came in between."""
    return unpushed_at - unpushed_since >= SILENT


def restart_is_due(restarted_at: datetime | None, now: datetime) -> bool:
    """Tell whether to stop and start a watch that looks live and is silent: at most once a day."""
    return restarted_at is None or now - restarted_at >= RESTART_EVERY
