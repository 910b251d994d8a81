"""Write messages, their threads, the change feed and the ledger in one fenced transaction."""

from collections.abc import Sequence
from dataclasses import replace

from consumer.match import Own, canonical
from consumer.thread import Place, place
from shared.store import blobs, deltas, emails, ledger, matching, threads
from shared.store.database import Connection, Database
from shared.store.deltas import Lease
from shared.store.emails import NewEmail, NewMatch, NewParticipant


class RulesChanged(Exception):
    """The rules have changed since these messages were matched: match them again."""


def store(db: Database, lease: Lease, mails: Sequence[NewEmail], *, own: Own, generation: int) -> None:
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
        changes = [one for mail in mails for one in _store_one(conn, lease.account_id, mail, own)]
        emails.announce(conn, changes)
        deltas.hold(conn, lease, lasts=deltas.LEASE)


def _store_one(conn: Connection, account_id: int, mail: NewEmail, own: Own) -> list[tuple[int, str, bool]]:
    """Return the rows of the change feed: (email id, what happened, historic)."""
    where = _find_place(conn, account_id, mail)
    if where.copy_of is None:
        thread_id = where.thread_id if where.thread_id is not None else threads.new(conn)
        email_id, kind = emails.insert(conn, mail, thread_id), "stored"
    else:
        email_id, kind = where.copy_of, "joined"
        emails.join(conn, mail, email_id)
        # Copies differ in whom they show (a Bcc): together they may belong to more than either.  What the
        # message cites is decided by its first copy, or a second one could be forged to cite more.
        where = _find_place(conn, account_id, _as_all_copies(conn, mail, email_id, own))
        thread_id = where.thread_id or threads.new(conn)
    moved = threads.merge(conn, thread_id, where.absorbs) if where.absorbs else []
    threads.key(conn, account_id, mail.gmail_thread_id, thread_id)
    ledger.stored(conn, account_id, mail.gmail_id, email_id, mail.labels)
    others = [(one, "moved", True) for one in moved if one != email_id]
    return [*others, (email_id, kind, mail.historic)]


def _find_place(conn: Connection, account_id: int, mail: NewEmail) -> Place:
    """Decide where the message goes, and keep those threads until the commit."""
    author = canonical(mail.author_address) if mail.author_address else None
    people = {canonical(person.address) for person in mail.participants}
    while True:
        found = threads.related(conn, account_id, mail, author=author, people=people)
        where = place((one.via, one.email_id, one.thread_id) for one in found)
        concerned = [] if where.thread_id is None else [where.thread_id, *where.absorbs]
        if threads.hold(conn, concerned, alone=bool(where.absorbs)):
            return where


def _as_all_copies(conn: Connection, mail: NewEmail, email_id: int, own: Own) -> NewEmail:
    """Give the message everybody its copies together show."""
    references, people, investors = threads.as_stored(conn, email_id)
    return replace(
        mail,
        references=references,
        participants=mail.participants + tuple(NewParticipant("to", address, "") for address in people),
        outside=mail.outside | own.outsiders(people),
        matches=mail.matches
        + tuple(NewMatch(one, "to", "", "address", ambiguous=False) for one in investors),
    )
