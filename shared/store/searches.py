"""Searches: finding an account's mail in bulk, page by page, so that a restart goes on where it was."""

from dataclasses import dataclass
from typing import Literal

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

# Why the history between two looks was not to be had: forgotten by Gmail, older than we trust it to
# keep, or numbered anew because the mailbox was made anew.
GapReason = Literal["expired", "stale", "restarted"]


@dataclass(frozen=True, slots=True)
class Search:
    """One bulk search of one account; *page_token* "" is its first page.

    A recovery is *confirming* once its listing is complete: what it did not name is asked for.
    """

    id: int
    account_id: int
    kind: str
    query: str
    page_token: str
    listed: int
    state: str


def open_search(conn: Connection, account_id: int) -> Search | None:
    """Return the search of an account that is next: a recovery before the others, else the oldest."""
    with conn.cursor(row_factory=class_row(Search)) as cursor:
        return cursor.execute(SQL["open_search"], {"account_id": account_id}).fetchone()


def advance(conn: Connection, search: Search, *, page_token: str, found: int, done: bool) -> None:
    """Note a listed page of *found* ids and where to go on ("": the first page), or that it was the last.

    After its last page a recovery goes on to what the listing did not name; other searches are done.
    """
    conn.execute(SQL["advance"], {"id": search.id, "page_token": page_token, "found": found, "done": done})


def recover(conn: Connection, account_id: int, *, cursor: int, anchor: int, reason: GapReason) -> None:
    """History before *anchor* is not to be had: note the gap and list the account again.

    In the transaction that moves the cursor to the anchor, so neither can happen without the other.
    A recovery under way is replaced: what vanished since it began, its pages cannot tell.
    """
    conn.execute(
        SQL["recover"], {"account_id": account_id, "cursor": cursor, "anchor": anchor, "reason": reason}
    )


def finish(conn: Connection, search: Search) -> None:
    """End a recovery: the difference was followed both ways, its gaps are closed."""
    conn.execute(SQL["finish"], {"id": search.id})


def count_gone(conn: Connection, search: Search, number: int) -> None:
    """Add to the gap how many messages turned out to be deleted."""
    conn.execute(SQL["count_gone"], {"id": search.id, "number": number})


def count_recovered(conn: Connection, search: Search, found: int) -> None:
    """Add to the gap how many ids of this page were news to us."""
    conn.execute(SQL["count_recovered"], {"id": search.id, "found": found})
