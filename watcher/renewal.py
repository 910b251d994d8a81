"""Keep every active account's watch alive.  One account's trouble never stops the others."""

from dataclasses import dataclass
from datetime import datetime

from shared.errors import MailroomError, NoMailbox, Reconnect
from shared.gmail.client import GmailFactory
from shared.log import logger
from shared.store import accounts
from shared.store.accounts import Account
from shared.store.database import Database
from watcher.schedule import alarm, next_renewal, next_try

log = logger("watcher")

STATUS = {Reconnect: "reconnect", NoMailbox: "no_mailbox"}


@dataclass(frozen=True, slots=True)
class Pass:
    """What one pass over the due accounts did."""

    renewed: int
    failed: int


def renew_due(db: Database, gmail: GmailFactory, topic: str, *, now: datetime) -> Pass:
    """Renew the watches that are due by *now* (aware, UTC)."""
    with db.transaction() as conn:
        due = accounts.watches_due(conn, now=now)
    results = [_renew(db, gmail, topic, account, now) for account in due]
    return Pass(renewed=sum(results), failed=len(results) - sum(results))


def _renew(db: Database, gmail: GmailFactory, topic: str, account: Account, now: datetime) -> bool:
    try:
        watch = gmail.account(account.address, live=True).watch(topic)
    except MailroomError as trouble:
        _note_failure(db, account, trouble, now)
        return False
    # The watch's history id is not kept: it may be ahead of changes we have not read yet.
    with db.transaction() as conn:
        accounts.watch_renewed(
            conn, account.id, expires_at=watch.expiration, due_at=next_renewal(now, watch.expiration)
        )
    log.info("watch.renewed", account=account.id, until=watch.expiration.isoformat())
    return True


def _note_failure(db: Database, account: Account, trouble: MailroomError, now: datetime) -> None:
    status = STATUS.get(type(trouble))
    with db.transaction() as conn:
        accounts.watch_failed(
            conn, account.id, error=str(trouble), due_at=next_try(now, account.watch_expires_at)
        )
        if status:
            accounts.set_status(conn, account.id, status, str(trouble))
    loudness = alarm(now, account.watch_expires_at)
    say = log.warning if loudness == "none" else log.error
    say("watch.failed", account=account.id, alarm=loudness, why=str(trouble))
