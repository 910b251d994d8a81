"""Decide what an admin must be told of an account: stopped, not read, without a watch, or silent.  No I/O."""

from datetime import datetime, timedelta
from typing import Protocol

from watcher.schedule import alarm

SILENT = (
    "mail is found by polling but no notification comes: check that gmail-api-push@system."
    "gserviceaccount.com may publish to the topic, that the subscription is on that topic and points to this "
    "installation's push endpoint (or mailroom pull runs), and that its deliveries are not refused"
)
NOT_RUNNING = "is mailroom watch running?"
# A long run reads old mail in turns with looks, and a short failure of Gmail's is nobody's business.
STALLED = timedelta(minutes=30)
MISSED_POLLS = 3  # where the quiet poll is seldom, so many of it


class Watched(Protocol):
    """What is known of an account.  Times are aware, UTC."""

    @property
    def id(self) -> int: ...  # noqa: D102 - as in table email_accounts, like the others
    @property
    def status(self) -> str: ...  # noqa: D102
    @property
    def status_reason(self) -> str: ...  # noqa: D102
    @property
    def created_at(self) -> datetime: ...  # noqa: D102
    @property
    def last_success_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def watch_expires_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def watch_error(self) -> str: ...  # noqa: D102
    @property
    def push_broken_at(self) -> datetime | None: ...  # noqa: D102


def alarms(of: Watched, now: datetime, *, quiet_poll: timedelta) -> list[str]:
    """Return sentences, the gravest first; empty when all is well.  *now* is aware, UTC."""
    if of.status != "active":
        return [f"capture is stopped ({of.status}): {of.status_reason or 'no reason was given'}"]
    told = [_unread(of)] if stalled(of, now, quiet_poll=quiet_poll) else []
    told += _watch(of.watch_expires_at, of.watch_error, now)
    return [*told, f"since {_said(of.push_broken_at)} {SILENT}"] if of.push_broken_at else told


def stalled(of: Watched, now: datetime, *, quiet_poll: timedelta) -> bool:
    """Tell whether an account that should be read has not been read to its end for too long.

    A run that fails leaves it active and due again within a minute: only the last success shows it.
    """
    since = of.last_success_at or of.created_at
    return of.status == "active" and now - since > max(STALLED, MISSED_POLLS * quiet_poll)


def _unread(of: Watched) -> str:
    if of.last_success_at:
        since = f"it has not been read to its end since {_said(of.last_success_at)}"
    else:
        since = f"it was never read to its end since it was enrolled on {_said(of.created_at)}"
    return (
        f"{since}, so new mail may be missing, and Gmail keeps its history for about a week: is mailroom "
        f"consume running? Its log says why, in run.failed, run.surprise or run.waits of account {of.id}"
    )


def _watch(expires_at: datetime | None, error: str, now: datetime) -> list[str]:
    """Without notifications mail still arrives, minutes later: by polling."""
    why = error or NOT_RUNNING
    if expires_at is None:
        return [f"it has no watch yet, so new mail is found by polling alone: {why}"]
    if expires_at <= now:
        return [f"its watch ended on {_said(expires_at)}, so new mail is found by polling alone: {why}"]
    if alarm(expires_at, now) != "none":
        return [f"its watch ends on {_said(expires_at)} and is not renewed: {why}"]
    return []


def _said(moment: datetime) -> str:
    return f"{moment:%-d %B, %H:%M} UTC"
