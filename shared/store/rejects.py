"""Notifications that were authentic but useless: recorded, counted, acknowledged."""

import hashlib
from datetime import timedelta

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)
# Rows of one reason.  Honest trouble has a handful; a stolen token could add some millions in its hour.
MOST = 1000
KEPT = timedelta(days=30)


def record(conn: Connection, *, reason: str, body: bytes, pubsub_id: str = "") -> None:
    """Count one rejected notification.  The body itself is not kept: it may name a mailbox not ours.

    Bodies that are new to a reason with *MOST* rows are counted in one row.
    """
    conn.execute(
        SQL["record"],
        {
            "reason": reason,
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "body_size": len(body),
            "pubsub_id": pubsub_id[:100],
            "most": MOST - 1,
        },
    )


def forget(conn: Connection, *, older_than: timedelta) -> int:
    """Forget what was last seen so long ago; return how many rows."""
    return conn.execute(SQL["forget"], {"older_than": older_than}).rowcount


def count(conn: Connection) -> dict[str, int]:
    """Return how many notifications were rejected, by reason."""
    return {reason: int(times) for reason, times in conn.execute(SQL["count"])}
