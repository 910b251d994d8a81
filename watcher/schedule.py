"""Decide when a watch is renewed.  Gmail's watch lasts seven days; Google advises to renew once a day."""

from datetime import datetime, timedelta
from typing import Literal

RENEW_EVERY = timedelta(days=1)
FIRST_RETRY = timedelta(minutes=5)
URGENT_RETRY = timedelta(minutes=1)
# Below these, somebody should look; mail still arrives by polling, only later.
WARN_BELOW = timedelta(hours=48)
PAGE_BELOW = timedelta(hours=24)

Alarm = Literal["none", "warn", "page"]


def next_renewal(now: datetime, expires_at: datetime) -> datetime:
    """Return when a watch just made should be renewed: in a day, or halfway to an earlier end."""
    return min(now + RENEW_EVERY, now + (expires_at - now) / 2)


def next_try(now: datetime, expires_at: datetime | None) -> datetime:
    """Return when to try again after a failure: more often when the watch is about to end."""
    return now + (FIRST_RETRY if alarm(now, expires_at) == "none" else URGENT_RETRY)


def alarm(now: datetime, expires_at: datetime | None) -> Alarm:
    """Return how loudly to complain about the time a watch has left."""
    if expires_at is None or expires_at - now < PAGE_BELOW:
        return "page"
    return "warn" if expires_at - now < WARN_BELOW else "none"
