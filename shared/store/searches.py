"""Searches: finding an account's mail in bulk, page by page, so that a restart goes on where it was."""

from dataclasses import dataclass

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Search:
    """One bulk search of one account; *page_token* "" is its first page."""

    id: int
    account_id: int
    kind: str
    query: str
    page_token: str
    listed: int


def open_search(conn: Connection, account_id: int) -> Search | None:
    """Return the oldest search of an account that still has pages to list."""
    with conn.cursor(row_factory=class_row(Search)) as cursor:
        return cursor.execute(SQL["open_search"], {"account_id": account_id}).fetchone()


def advance(conn: Connection, search: Search, *, page_token: str, found: int, done: bool) -> None:
    """Note a listed page of *found* ids and where to go on ("": the first page), or that it was the last."""
    conn.execute(SQL["advance"], {"id": search.id, "page_token": page_token, "found": found, "done": done})


def recover(conn: Connection, account_id: int, *, cursor: int, anchor: int) -> None:
    """History before *anchor* is gone: note the gap and list the account again.

    In the transaction that moves the cursor to the anchor, so neither can happen without the other.
    """
    conn.execute(SQL["recover"], {"account_id": account_id, "cursor": cursor, "anchor": anchor})


def close_gaps(conn: Connection, search: Search) -> None:
    """Close the gap a finished recovery was for, with how many messages it brought back."""
    conn.execute(SQL["close_gaps"], {"id": search.id})


def count_recovered(conn: Connection, search: Search, found: int) -> None:
    """Add to the gap how many ids of this page were news to us."""
    conn.execute(SQL["count_recovered"], {"id": search.id, "found": found})
