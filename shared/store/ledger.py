"""The ledger: one row per (account, Gmail id) we have ever been told of, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

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
    live: bool = False  # it arrived just now, rather than being found among old mail


@dataclass(frozen=True, slots=True)
class Entry:
    """A ledger row that waits for its turn."""

    gmail_id: str
    gmail_thread_id: str
    labels: list[str]
    live: bool  # it arrived just now, rather than being found among old mail
    attempts: int
    seen_at: datetime
    first_pushed_at: datetime | None
    known_thread: bool  # its Gmail thread already belongs to an investor
    named: bool  # Gmail's search says it is an investor's
    files: bool  # a search or its thread says it carries attachments: only its raw bytes have it whole


def add(conn: Connection, account_id: int, seen: Sequence[Seen], *, pushed_at: datetime | None = None) -> int:
    """Write rows as waiting; return how many were new.

    Ids already in the ledger stay as they are, but one that waits among old mail and is told of as
    just arrived goes before it, also when a cancelled backfill had left it for later.
    """
    row = conn.execute(
        SQL["add"],
        {
            "account_id": account_id,
            "ids": [one.gmail_id for one in seen],
            "threads": [one.gmail_thread_id for one in seen],
            "labels": [" ".join(one.labels or ()) for one in seen],
            "live": [one.live for one in seen],
            "pushed_at": pushed_at,
        },
    ).fetchone()
    return int(row[0]) if row else 0


def relabel(conn: Connection, account_id: int, labels: Mapping[str, Sequence[str]]) -> None:
    """Set the labels of known messages."""
    conn.execute(
        SQL["relabel"],
        {
            "account_id": account_id,
            "ids": list(labels),
            "labels": [" ".join(names) for names in labels.values()],
        },
    )


def reopen(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> list[int]:
    """Let excluded and vanished messages, which Gmail shows again, wait to be judged anew.

    What had been stored is stored again at once: returns the ids of those emails.
    """
    conn.execute(SQL["reopen"], {"account_id": account_id, "ids": list(gmail_ids)})
    back = conn.execute(SQL["returned"], {"account_id": account_id, "ids": list(gmail_ids)})
    return [email_id for (email_id,) in back]


def states(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> dict[str, str]:
    """Return {Gmail id: state} of those that are in the ledger."""
    return dict(conn.execute(SQL["states"], {"account_id": account_id, "ids": list(gmail_ids)}).fetchall())


def disappeared(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> list[int | None]:
    """Mark as gone what Gmail says was deleted; the emails themselves are another matter.

    Returns, for each row that was not gone before, the id of its email or None.
    """
    gone = conn.execute(SQL["disappeared"], {"account_id": account_id, "ids": list(gmail_ids)})
    return [email_id for (email_id,) in gone]


def name(conn: Connection, account_id: int, seen: Sequence[Seen], *, again: bool) -> int:
    """Note that a search named these as an investor's; return how many wait now that did not.

    What only a search had called unmatched waits again; *again*, for new investors: whatever was unmatched.
    """
    return conn.execute(
        SQL["name"],
        {
            "account_id": account_id,
            "ids": [one.gmail_id for one in seen],
            "threads": [one.gmail_thread_id for one in seen],
            "again": again,
        },
    ).rowcount


def have_files(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> None:
    """Note that these carry attachments, or something else that only their raw bytes have whole."""
    conn.execute(SQL["have_files"], {"account_id": account_id, "ids": list(gmail_ids)})


def unnamed(conn: Connection, account_id: int, seen: Sequence[Seen]) -> int:
    """Write ids no search has named as unmatched, judged by search; return how many were new."""
    return conn.execute(
        SQL["unnamed"],
        {
            "account_id": account_id,
            "ids": [one.gmail_id for one in seen],
            "threads": [one.gmail_thread_id for one in seen],
        },
    ).rowcount


def count(conn: Connection, account_id: int) -> int:
    """Return how many messages of an account are known and not gone."""
    row = conn.execute(SQL["count"], {"account_id": account_id}).fetchone()
    return int(row[0]) if row else 0


@dataclass(frozen=True, slots=True)
class Known:
    """A ledger row, as far as it decides whether finding its message again costs anything."""

    gmail_id: str
    thread_id: str
    state: str
    by_search: bool  # nobody's, but only a search has said so
    live: bool
    named: bool
    files: bool
    labels: list[str]


def known(conn: Connection, account_id: int) -> list[Known]:
    """Return every row of an account."""
    with conn.cursor(row_factory=class_row(Known)) as cursor:
        return cursor.execute(SQL["known"], {"account_id": account_id}).fetchall()


def listed(conn: Connection, account_id: int, gmail_ids: Sequence[str], search_id: int) -> None:
    """Note that a recovery's listing named these messages."""
    conn.execute(SQL["listed"], {"account_id": account_id, "ids": list(gmail_ids), "search_id": search_id})


def hidden(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> list[str]:
    """Return those of *gmail_ids* that are gone, were in spam or the bin, or excluded for reasons unknown."""
    asked = {"account_id": account_id, "ids": list(gmail_ids)}
    return [gmail_id for (gmail_id,) in conn.execute(SQL["hidden"], asked)]


def in_doubt(conn: Connection, account_id: int, search_id: int, *, limit: int) -> list[str]:
    """Return stored messages, older than a finished listing, that it did not name: deleted, or in the bin."""
    asked = {"account_id": account_id, "search_id": search_id, "limit": limit}
    return [gmail_id for (gmail_id,) in conn.execute(SQL["in_doubt"], asked)]


def waiting(conn: Connection, account_id: int, *, limit: int) -> list[Entry]:
    """Return the rows whose turn it is: live mail first, newest first."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(SQL["waiting"], {"account_id": account_id, "limit": limit}).fetchall()


def entries(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> list[Entry]:
    """Return those of *gmail_ids* that wait, whenever their turn is."""
    with conn.cursor(row_factory=class_row(Entry)) as cursor:
        return cursor.execute(SQL["entries"], {"account_id": account_id, "ids": list(gmail_ids)}).fetchall()


def next_waiting(conn: Connection, account_id: int) -> timedelta | None:
    """Return how long until the next waiting row's turn (never negative), or None when none waits.

    What a cancelled backfill has left waits for somebody to order it again: it has no turn.
    """
    row = conn.execute(SQL["next_waiting"], {"account_id": account_id}).fetchone()
    return row[0] if row else None


def settle(  # noqa: PLR0913 - what closing a row says
    conn: Connection,
    account_id: int,
    gmail_ids: Sequence[str],
    state: str,
    error: str = "",
    *,
    judged_by: Literal["headers", "mail"] = "headers",
) -> None:
    """Close waiting rows as unmatched, excluded, gone or dead; *judged_by* says how much of them was read."""
    closing = {"account_id": account_id, "ids": list(gmail_ids), "state": state, "error": error}
    conn.execute(SQL["settle"], closing | {"judged_by": judged_by})


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


@dataclass(frozen=True, slots=True)
class Dead:
    """A message that was given up, and why."""

    gmail_id: str
    error: str
    at: datetime  # UTC


def dead(conn: Connection, account_id: int) -> list[Dead]:
    """Return an account's messages that were given up, newest first."""
    with conn.cursor(row_factory=class_row(Dead)) as cursor:
        return cursor.execute(SQL["dead"], {"account_id": account_id}).fetchall()


def replay(conn: Connection, account_id: int, gmail_id: str | None = None) -> int:
    """Let dead messages, or one of them, wait again with every retry before them; return how many."""
    return conn.execute(SQL["replay"], {"account_id": account_id, "gmail_id": gmail_id}).rowcount
