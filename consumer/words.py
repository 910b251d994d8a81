"""Make stored messages searchable, a moment after the commit that stored them."""

from shared.store import words
from shared.store.database import Database

CHANGES_TOGETHER = 200  # some tens of milliseconds: a stop never waits long


def catch_up(db: Database) -> None:
    """Index the words of every message the change feed has told of since the last time."""
    reached = -1
    while reached:
        with db.transaction() as conn:
            reached = words.index_next(conn, limit=CHANGES_TOGETHER)
