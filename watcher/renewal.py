"""Keep every active account's watch alive.  One account's trouble never stops the others."""

from dataclasses import dataclass
from datetime import datetime

from shared.errors import MailroomError, NoMailbox, Reconnect, TryLater
from shared.gmail.client import GmailFactory
from shared.log import logger
from shared.store import accounts
from shared.store.accounts import Account
from shared.store.database import Database
from watcher.aliases import look_up
from watcher.schedule import RENEW_EVERY, alarm, next_renewal, next_try

log = logger("watcher")

STATUS: dict[type[Exception], str] = {Reconnect: "reconnect", NoMailbox: "no_mailbox"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one pass over the due accounts did."""

    renewed: int
    failed: int


def renew_due(db: Database, gmail: GmailFactory, topic: str, *, now: datetime) -> Outcome:
    """Renew the watches that are due by *now* (aware, UTC), the one that ends first before the others.

    Raises TryLater when the database is down: what Gmail granted until then stays granted.
    """
    with db.transaction() as conn:
        due = accounts.watches_due(conn, now=now)
    renewed = [renew(db, gmail, topic, account, now=now) for account in due]
    return Outcome(renewed=sum(renewed), failed=len(renewed) - sum(renewed))


def renew(  # noqa: PLR0913 - where to note, whom to ask, what for
    db: Database, gmail: GmailFactory, topic: str, account: Account, *, now: datetime, anew: bool = False
) -> bool:
    """Renew one account's watch and note how it went; *anew* ends the old one first.  True: it is live."""
    try:
        mailbox = gmail.account(account.address, live=True)
        if anew:
            mailbox.stop()
        watch = mailbox.watch(topic)
    except Exception as trouble:  # noqa: BLE001 - whatever befell this account, the others have their turn
        _note_failure(db, account, trouble, now)
        return False
    # The watch's history id is not kept: it may be ahead of changes we have not read yet.
    with db.transaction() as conn:
        accounts.watch_renewed(
            conn, account.id, expires_at=watch.expiration, due_at=next_renewal(now, watch.expiration)
        )
    log.info("watch.renewed", account=account.id, until=watch.expiration.isoformat())
    look_up(db, mailbox, account)
    return True


def _note_failure(db: Database, account: Account, trouble: Exception, now: datetime) -> None:
    why = _in_words(trouble)
    status = next((word for kind, word in STATUS.items() if isinstance(trouble, kind)), None)
    due_at = next_try(now, account.watch_expires_at)
    if isinstance(trouble, TryLater):  # asking Gmail sooner than it said moves that time further out
        due_at = max(due_at, now + min(trouble.after, RENEW_EVERY))
    with db.transaction() as conn:
        accounts.watch_failed(conn, account.id, error=why, due_at=due_at)
        if status:
            accounts.set_status(conn, account.id, status, why)
    loudness = alarm(account.watch_expires_at, now)
    say = log.warning if loudness == "none" and isinstance(trouble, MailroomError) else log.error
    say("watch.failed", account=account.id, alarm=loudness, why=why, until=_until(account))


def _in_words(trouble: Exception) -> str:
    """Our own messages carry no secrets; of a surprise, which may quote anything, only the kind is told."""
    if isinstance(trouble, MailroomError):
        # They may quote Google, and a NUL or half a character fits no column.
        return "".join(c if c.isprintable() else " " for c in str(trouble))
    return f"renewing failed in a way nobody foresaw ({type(trouble).__name__}): please report it"


def _until(account: Account) -> str | None:
    return account.watch_expires_at.isoformat() if account.watch_expires_at else None
