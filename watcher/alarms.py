"""Decide what an admin must be told about an account: stopped, without a watch, or silent.  No I/O."""

from datetime import datetime
from typing import Protocol

from watcher.schedule import alarm

SILENT = (
    "mail is found by polling but no notification comes: check that gmail-api-push@system."
    "gserviceaccount.com may publish to the topic, that the subscription is on that topic and points to this "
    "installation's push endpoint (or mailroom pull runs), and that its deliveries are not refused"
)
NOT_RUNNING = "is mailroom watch running?"


class Watched(Protocol):
    """What is known of an account.  Times are aware, UTC."""

    @property
    def status(self) -> str: ...  # noqa: D102 - as in table email_accounts, like the others
    @property
    def status_reason(self) -> str: ...  # noqa: D102
    @property
    def watch_expires_at(self) -> datetime | None: ...  # noqa: D102
    @property
    def watch_error(self) -> str: ...  # noqa: D102
    @property
    def push_broken_at(self) -> datetime | None: ...  # noqa: D102


def alarms(of: Watched, now: datetime) -> list[str]:
    """Return sentences, the gravest first; empty when all is well.  *now* is aware, UTC."""
    if of.status != "active":
        return [f"capture is stopped ({of.status}): {of.status_reason or 'no reason was given'}"]
    watch = _watch(of.watch_expires_at, of.watch_error, now)
    return [*watch, f"since {_said(of.push_broken_at)} {SILENT}"] if of.push_broken_at else watch


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
