"""Accounts: the Gmail mailboxes we capture, their cursor and their watch."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Account:
    """One mailbox.  Times are aware, UTC; *cursor* is the history id up to which the ledger is complete."""

    id: int
    address: str
    status: str
    status_reason: str
    visibility: str
    cursor: int
    cursor_at: datetime
    watch_expires_at: datetime | None
    watch_due_at: datetime
    watch_error: str
    last_success_at: datetime | None

    def __post_init__(self) -> None:
        """PostgreSQL's numeric arrives as Decimal; history ids are integers."""
        object.__setattr__(self, "cursor", int(self.cursor))


def enrol(  # noqa: PLR0913 - what an account begins with
    conn: Connection,
    address: str,
    *,
    cursor: int,
    watch_expires_at: datetime | None,
    watch_due_at: datetime,
    status: str = "active",
    status_reason: str = "",
) -> int | None:
    """Add an account, its delta and its first backfill; return its id, or None when it was enrolled already.

    *cursor* is the mailbox's history id from before anything is listed: nothing can fall between.
    """
    row = conn.execute(
        SQL["enrol"],
        {
            "address": address,
            "cursor": cursor,
            "watch_expires_at": watch_expires_at,
            "watch_due_at": watch_due_at,
            "status": status,
            "status_reason": status_reason,
        },
    ).fetchone()
    return row[0] if row else None


def withdraw(conn: Connection, account_id: int, *, reason: str) -> None:
    """Take an account out that was never captured: it is still paused for *reason*."""
    conn.execute(SQL["withdraw"], {"id": account_id, "reason": reason})


def activate(conn: Connection, account_id: int) -> bool:
    """Let a stopped account be captured; False when it is already."""
    return conn.execute(SQL["activate"], {"id": account_id}).rowcount == 1


def by_id(conn: Connection, account_id: int) -> Account:
    """Return one account; LookupError when it is gone."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        found = cursor.execute(SQL["by_id"], {"id": account_id}).fetchone()
    if found is None:
        raise LookupError(f"no account with id {account_id}")
    return found


def by_address(conn: Connection, address: str) -> Account | None:
    """Return the account of an address (compared case-folded), or None."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(SQL["by_address"], {"address": address.strip().lower()}).fetchone()


def every(conn: Connection) -> list[Account]:
    """Return all accounts, by address."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(SQL["every"]).fetchall()


def watches_due(conn: Connection, *, now: datetime) -> list[Account]:
    """Return the active accounts whose watch should be renewed by *now*, most urgent first."""
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(SQL["watches_due"], {"now": now}).fetchall()


def watch_renewed(conn: Connection, account_id: int, *, expires_at: datetime, due_at: datetime) -> None:
    """Note a live watch.  The cursor is not touched: the watch's history id may be ahead of us."""
    conn.execute(SQL["watch_renewed"], {"id": account_id, "expires_at": expires_at, "due_at": due_at})


def watch_failed(conn: Connection, account_id: int, *, error: str, due_at: datetime) -> None:
    """Note why a watch could not be renewed, and when to try again."""
    conn.execute(SQL["watch_failed"], {"id": account_id, "error": error, "due_at": due_at})


def watch_restarted(conn: Connection, account_id: int, *, now: datetime) -> None:
    """Note that the watch is being stopped and made anew; before it is, so that a crash cannot repeat it."""
    conn.execute(SQL["watch_restarted"], {"id": account_id, "now": now})


def set_status(conn: Connection, account_id: int, status: str, reason: str) -> None:
    """Set what an admin sees and must do; anything but 'active' stops capture, never the cursor."""
    conn.execute(SQL["set_status"], {"id": account_id, "status": status, "reason": reason})


def set_visibility(conn: Connection, account_id: int, visibility: str) -> None:
    """Set how much of this account's mail the CRM sees: full, subject or metadata."""
    conn.execute(SQL["set_visibility"], {"id": account_id, "visibility": visibility})


def set_aliases(conn: Connection, account_id: int, addresses: Iterable[str]) -> None:
    """Note which other addresses a mailbox sends as; a change re-matches stored mail."""
    values = {"id": account_id, "addresses": sorted(set(addresses)), "source": "send_as"}
    conn.execute(SQL["drop_aliases"], values)
    conn.execute(SQL["add_aliases"], values)


def learn_aliases(conn: Connection, account_id: int, addresses: Iterable[str]) -> None:
    """Note addresses a mailbox's mail was delivered to; an investor's exact address stays theirs."""
    values = {"id": account_id, "addresses": sorted(set(addresses)), "source": "delivered_to"}
    conn.execute(SQL["add_aliases"], values)


def own_addresses(conn: Connection) -> frozenset[str]:
    """Return the addresses of all enrolled accounts, and what else they send and receive as."""
    return frozenset(address for (address,) in conn.execute(SQL["own_addresses"]))


def move_cursor(conn: Connection, account_id: int, *, expected: int, to: int) -> bool:
    """Move the cursor forward from *expected*; False when somebody else moved it (nothing is written)."""
    return conn.execute(SQL["move_cursor"], {"id": account_id, "expected": expected, "to": to}).rowcount == 1


def restart_cursor(conn: Connection, account_id: int, *, expected: int, to: int) -> bool:
    """Set the cursor of a mailbox that numbers its history anew; False when somebody else moved it.

    The one way back, together with a recovery that lists everything: going back repeats, never skips.
    """
    return (
        conn.execute(SQL["restart_cursor"], {"id": account_id, "expected": expected, "to": to}).rowcount == 1
    )


def succeeded(conn: Connection, account_id: int) -> None:
    """Note that a look at this account ended well; trouble that went away by itself is over."""
    conn.execute(SQL["succeeded"], {"id": account_id})
