"""The ledger: one row per (account, Gmail id) we have ever been told of, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Seen:
    """A message Gmail has told us of: its ids and its labels as far as known."""

    gmail_id: str
    gmail_thread_id: str
    labels: tuple[str, ...] | None = None  # None: a listing does not tell


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row that waits for its turn."""

    gmail_id: str
    gmail_thread_id: str
    labels: list[str]
    live: bool  # told by history rather than found by a listing
    attempts: int
    seen_at: datetime
    first_pushed_at: datetime | None
    known_thread: bool  # its Gmail thread already belongs to an investor


def add(
    conn: Connection, account_id: int, seen: Sequence[Seen], *, live: bool, pushed_at: datetime | None = None
) -> int:
    """Write rows as waiting; ids already in the ledger stay as they are.  Return how many were new."""
    return conn.execute(
        SQL["add"],
        {
            "account_id": account_id,
            "ids": [one.gmail_id for one in seen],
            "threads": [one.gmail_thread_id for one in seen],
            "labels": [" ".join(one.labels or ()) for one in seen],
            "live": live,
            "pushed_at": pushed_at,
        },
    ).rowcount


def relabel(
    conn: Connection, account_id: int, labels: Mapping[str, Sequence[str]], reopened: Sequence[str]
) -> None:
    """Set the labels of known messages; *reopened* were excluded or gone and are waiting again."""
    conn.execute(
        SQL["relabel"],
        {
            "account_id": account_id,
            "ids": list(labels),
            "labels": [" ".join(names) for names in labels.values()],
        },
    )
    conn.execute(SQL["reopen"], {"account_id": account_id, "ids": list(reopened)})


def states(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> dict[str, str]:
    """Return {Gmail id: state} of those that are in the ledger."""
    return dict(conn.execute(SQL["states"], {"account_id": account_id, "ids": list(gmail_ids)}).fetchall())


def disappeared(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> int:
    """Mark as gone what Gmail says was deleted; what was stored stays stored.  Return how many."""
    return conn.execute(SQL["disappeared"], {"account_id": account_id, "ids": list(gmail_ids)}).rowcount


def waiting(conn: Connection, account_id: int, *, limit: int) -> list[Entry]:
    """Return the rows whose turn it is: live mail first, newest first."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(SQL["waiting"], {"account_id": account_id, "limit": limit}).fetchall()


def next_waiting(conn: Connection, account_id: int) -> timedelta | None:
    """Return how long until the next waiting row's turn (never negative), or None when none waits."""
    row = conn.execute(SQL["next_waiting"], {"account_id": account_id}).fetchone()
    return row[0] if row else None


def settle(conn: Connection, account_id: int, gmail_ids: Sequence[str], state: str, error: str = "") -> None:
    """Close waiting rows as unmatched, excluded, gone or dead."""
    conn.execute(
        SQL["settle"], {"account_id": account_id, "ids": list(gmail_ids), "state": state, "error": error}
    )


def stored(conn: Connection, account_id: int, gmail_id: str, email_id: int, labels: Sequence[str]) -> None:
    """Close a waiting row as stored."""
    conn.execute(
        SQL["stored"],
        {"account_id": account_id, "id": gmail_id, "email_id": email_id, "labels": list(labels)},
    )


@dataclass(frozen=True, slots=True)
class Postponed:
    """Why a row waits longer; *counts* says whether this was a failed attempt of its own."""

    after: timedelta
    error: str
    counts: bool


def postpone(conn: Connection, account_id: int, gmail_ids: Sequence[str], why: Postponed) -> None:
    """Let waiting rows wait longer."""
    conn.execute(
        SQL["postpone"],
        {
            "account_id": account_id,
            "ids": list(gmail_ids),
            "after": why.after,
            "error": why.error,
            "step": int(why.counts),
        },
    )


def all_states(conn: Connection, account_id: int) -> dict[str, str]:
    """Return {Gmail id: state} of a whole account (verify)."""
    return dict(conn.execute(SQL["all_states"], {"account_id": account_id}).fetchall())
