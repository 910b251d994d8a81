"""The index for full text, filled behind the change feed: never in the transaction that stores a message."""

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


def index_next(conn: Connection, *, limit: int) -> int:
    """Index what the feed's next *limit* rows tell of; return up to which row it is done, 0 for nothing new.

    Safe from several processes at once: one does it, for the others there is nothing to do.
    """
    if conn.execute(SQL["try_turn"]).fetchone() is None:
        return 0
    row = conn.execute(SQL["next"], {"limit": limit}).fetchone()
    reached, ids = (int(row[0]), list(row[1])) if row else (0, [])
    if ids:
        conn.execute(SQL["write"], {"ids": ids})
    if reached:
        conn.execute(SQL["finished"], {"id": reached})
    return reached
