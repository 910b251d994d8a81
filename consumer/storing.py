"""Write messages, their threads, the change feed and the ledger in one fenced transaction."""

from collections.abc import Sequence

from consumer.thread import place
from shared.store import blobs, deltas, emails, ledger, matching
from shared.store.database import Connection, Database
from shared.store.deltas import Lease
from shared.store.emails import NewEmail


class RulesChanged(Exception):
    """The rules have changed since these messages were matched: match them again."""


def store(db: Database, lease: Lease, mails: Sequence[NewEmail], *, generation: int) -> None:
    """Store *mails* of the leased account, all or none.  Their blobs must be durable already.

    *generation* is that of the rules they were matched by.  Storing the same copy again changes nothing.
    Raises RulesChanged when there are others by now, NotStorable when the database refuses a value,
    LeaseLost when another worker took over, TryLater when the database is away, or a blob was cleared away.
    """
    with db.transaction() as conn:
        # From here to the commit nobody re-matches, so whoever does it next sees these messages.
        matching.share(conn)
        if matching.generation(conn) != generation:
            raise RulesChanged
        emails.lock(conn, mails)
        blobs.hold(conn, {sha256: claim for mail in mails for sha256, claim in mail.claims.items()})
        changes = [_store_one(conn, lease.account_id, mail) for mail in mails]
        emails.announce(conn, changes)
        deltas.hold(conn, lease, lasts=deltas.LEASE)


def _store_one(conn: Connection, account_id: int, mail: NewEmail) -> tuple[int, str, bool]:
    """Return the row of the change feed: (email id, what happened, historic)."""
    found = emails.related(conn, account_id, mail)
    where = place((one.via, one.email_id, one.thread_id) for one in found)
    thread_id = where.thread_id if where.thread_id is not None else emails.new_thread(conn)
    if where.absorbs:
        emails.merge_threads(conn, thread_id, where.absorbs)
    if where.copy_of is None:
        email_id, kind = emails.insert(conn, mail, thread_id), "stored"
    else:
        email_id, kind = where.copy_of, "joined"
        emails.join(conn, mail, email_id)
    emails.key_thread(conn, account_id, mail.gmail_thread_id, thread_id)
    ledger.stored(conn, account_id, mail.gmail_id, email_id, mail.labels)
    return email_id, kind, mail.historic
