"""What is never captured: whoever takes part by address or domain, and copies by label or mailbox."""

from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from shared.store import deltas
from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Exclusion:
    """One rule; *value* is as consumer/match.py compares it.  *created_at* is UTC."""

    id: int
    kind: str
    value: str
    note: str
    created_at: datetime


def every(conn: Connection) -> list[Exclusion]:
    """Return all exclusions, by kind and value."""
    with conn.cursor(row_factory=class_row(Exclusion)) as cursor:
        return cursor.execute(SQL["every"]).fetchall()


def add(conn: Connection, *, kind: str, value: str, note: str) -> int | None:
    """Exclude one more, in the past as well; return its id, None when it was excluded already."""
    row = conn.execute(SQL["add"], {"kind": kind, "value": value, "note": note}).fetchone()
    return int(row[0]) if row else None


def remove(conn: Connection, exclusion_id: int) -> tuple[str, str] | None:
    """Exclude it no longer; return its (kind, value), None when there is none of this id."""
    row = conn.execute(SQL["remove"], {"id": exclusion_id}).fetchone()
    if row is None:
        return None
    kind, value = map(str, row)
    woken = conn.execute(SQL["reopen"], {"kind": kind, "value": value}).fetchall()
    deltas.wake(conn, [int(account_id) for (account_id,) in woken])
    return kind, value


def disappears(conn: Connection, kind: str, value: str) -> tuple[int, int]:
    """Return how many messages the views show, and how many of them an exclusion would take away."""
    row = conn.execute(SQL["disappears"], {"kind": kind, "value": value}).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
