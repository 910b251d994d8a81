"""Notice accounts whose notifications have stopped although their watch looks live, and try to mend it."""

from datetime import datetime

from shared.gmail.client import GmailFactory
from shared.log import logger
from shared.store import accounts, deltas
from shared.store.database import Database
from shared.store.deltas import Silence
from watcher.alarms import SILENT
from watcher.renewal import renew
from watcher.schedule import push_is_broken, restart_is_due

log = logger("watcher")


def tend(db: Database, gmail: GmailFactory, topic: str, *, now: datetime) -> int:
    """Mark accounts whose pushes are broken, and make each one's watch anew once a day; return how many.

    The mark goes by itself with the next notification.  *now* is aware, UTC.  Raises TryLater when
    the database is down.
    """
    with db.transaction() as conn:
        silent = deltas.silences(conn)
    broken = [one for one in silent if push_is_broken(one.unpushed_since, one.unpushed_at)]
    for one in broken:
        _tend(db, gmail, topic, one, now)
    return len(broken)


def _tend(db: Database, gmail: GmailFactory, topic: str, one: Silence, now: datetime) -> None:
    restart = restart_is_due(one.watch_restarted_at, now)
    with db.transaction() as conn:
        marked = deltas.mark_push_broken(conn, one.account_id, now=now)
        if restart:
            accounts.watch_restarted(conn, one.account_id, now=now)
        account = accounts.by_id(conn, one.account_id)
    if marked or restart:  # once a day, not with every pass
        log.warning("push.broken", account=one.account_id, since=one.unpushed_since.isoformat(), why=SILENT)
    if restart:
        renew(db, gmail, topic, account, now=now, anew=True)
