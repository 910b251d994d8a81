"""Take notifications in, however they came: one upsert for each account they name, and a commit.

Shared by the push endpoint and `mailroom pull`: what either acknowledges is durable, or of no use for ever.
"""

from collections.abc import Iterable, Sequence

from shared.errors import NotStorable
from shared.log import logger
from shared.store import deltas, rejects
from shared.store.database import Connection, Database
from watcher.notification import Notification

log = logger("watcher")


def take(db: Database, notifications: Sequence[Notification]) -> None:
    """Make every named account due at once; when this returns it is committed.

    What names no account of ours, or holds what no column takes, is recorded and counted instead.
    Raises TryLater when the database is away: nothing was written, the same can be done again.
    """
    wanted = folded(notifications)
    try:
        with db.transaction() as conn:
            for one in wanted:
                _take(conn, one)
    except NotStorable:
        if len(wanted) > 1:  # one bad notification must not cost the others
            for one in wanted:
                take(db, [one])
        else:
            reject(db, "not-storable", wanted[0].address.encode(), wanted[0].pubsub_message_id)


def _take(conn: Connection, one: Notification) -> None:
    if deltas.push(conn, one.address, one.history_id) is None:
        # Counted by address, as a hash: a watch left behind would otherwise add a row with every mail.
        _record(conn, "unknown-account", one.address.encode(), one.pubsub_message_id)


def folded(notifications: Iterable[Notification]) -> list[Notification]:
    """Return one notification for each address, that of the greatest history id, in the order of addresses.

    Several only say the same thing more than once.  The order keeps two writers from a deadlock.
    """
    newest: dict[str, Notification] = {}
    for one in notifications:
        known = newest.get(one.address)
        if known is None or one.history_id > known.history_id:
            newest[one.address] = one
    return [newest[address] for address in sorted(newest)]


def reject(db: Database, reason: str, content: bytes, pubsub_id: str = "") -> None:
    """Record what is of no use, so that it can be acknowledged.  Raises TryLater."""
    with db.transaction() as conn:
        _record(conn, reason, content, pubsub_id)


def _record(conn: Connection, reason: str, content: bytes, pubsub_id: str) -> None:
    rejects.record(conn, reason=reason, body=content, pubsub_id=pubsub_id)
    log.warning("push.rejected", reason=reason, size=len(content), pubsub_id=pubsub_id)
