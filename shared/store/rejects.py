"""Notifications that were authentic but useless: recorded, counted, acknowledged."""

import hashlib

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


def record(conn: Connection, *, reason: str, body: bytes, pubsub_id: str = "") -> None:
    """Count one rejected notification.  The body itself is not kept: it may name a mailbox not ours."""
    conn.execute(
        SQL["record"],
        {
            "reason": reason,
            "body_sha256": hashlib.sha256(body).hexdigest(),
            "body_size": len(body),
            "pubsub_id": pubsub_id[:100],
        },
    )


def count(conn: Connection) -> dict[str, int]:
    """Return how many notifications were rejected, by reason."""
    return {reason: int(times) for reason, times in conn.execute(SQL["count"])}
