"""Searches: finding an account's mail in bulk, page by page, so that a restart goes on where it was."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

# Why the history between two looks was not to be had: forgotten by Gmail, older than we trust it to
# keep, or numbered anew because the mailbox was made anew.
GapReason = Literal["expired", "stale", "restarted"]

# How often everything an account holds in Gmail is listed and compared: 5 units per 500 messages.
ALL_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Search:
    """One bulk search of one account; *page_token* "" is its first page.

    A recovery or a check is *confirming* once its listing is complete: what it did not name is asked for.
    """

    id: int
    account_id: int
    kind: str
    purpose: str  # what is done with the ids it lists (consumer/plan.py); "plan": nobody has planned it yet
    terms: list[str]  # addresses and domains; none: everything, or for "plan": every investor's
    page_token: str
    listed: int
    state: str


def open_search(conn: Connection, account_id: int) -> Search | None:
    """Return the search of an account that is next.

    Recoveries before the others; then plans to be made, what names mail, what lists the rest, and proofs.
    """
    with conn.cursor(row_factory=class_row(Search)) as cursor:
        return cursor.execute(SQL["open_search"], {"account_id": account_id}).fetchone()


def advance(conn: Connection, search: Search, *, page_token: str, found: int, done: bool) -> None:
    """Note a listed page of *found* ids and where to go on ("": the first page), or that it was the last.

    After its last page a recovery goes on to what the listing did not name; other searches are done.
    """
    conn.execute(SQL["advance"], {"id": search.id, "page_token": page_token, "found": found, "done": done})
    if done and search.kind == "backfill" and search.purpose in {"scan", "rest"}:
        conn.execute(SQL["look_again"], {"id": search.id})


def recover(conn: Connection, account_id: int, *, cursor: int, anchor: int, reason: GapReason) -> None:
    """History before *anchor* is not to be had: note the gap and list the account again.

    In the transaction that moves the cursor to the anchor, so neither can happen without the other.
    A recovery under way is replaced: what vanished since it began, its pages cannot tell.
    """
    conn.execute(
        SQL["recover"], {"account_id": account_id, "cursor": cursor, "anchor": anchor, "reason": reason}
    )


def is_open(conn: Connection, search: Search) -> bool:
    """Whether a search is still wanted; if so it cannot be cancelled before the transaction ends."""
    return conn.execute(SQL["is_open"], {"id": search.id}).fetchone() is not None


def planned(
    conn: Connection,
    search: Search,
    steps: Sequence[tuple[str, Sequence[str]]],
    *,
    expected: int | None = None,
) -> None:
    """Replace a search that was to be planned, or was refused, by steps: (purpose, terms) each.

    The search itself becomes the step that lists everything, when there is one: it is as old as the
    question, so what it does not name can be told from what came later.  *expected* is how many messages
    Gmail says the mailbox has.
    """
    listing = next((purpose for purpose, _ in steps if purpose in {"scan", "rest"}), None)
    added = [(purpose, terms) for purpose, terms in steps if purpose != listing]
    conn.execute(SQL["become"], {"id": search.id, "purpose": listing, "expected": expected})
    for purpose, terms in added:
        conn.execute(SQL["add_step"], {"id": search.id, "purpose": purpose, "terms": list(terms)})


def ask(conn: Connection, terms: Sequence[str]) -> int:
    """Search the past of every account for new investors' addresses and domains; return how many accounts."""
    return conn.execute(SQL["ask"], {"terms": list(terms)}).rowcount if terms else 0


def pending(conn: Connection, account_id: int) -> list[Search]:
    """Return what a backfill has still to do: open searches, and cancelled ones nobody has taken up again."""
    with conn.cursor(row_factory=class_row(Search)) as cursor:
        return cursor.execute(SQL["pending"], {"account_id": account_id}).fetchall()


Ordered = Literal["begun", "resumed", "under way"]


def order(conn: Connection, account_id: int) -> Ordered:
    """Have an account's past found: go on with what was cancelled, or plan anew.

    Nothing is planned while a backfill or a recovery is under way: it does the same.
    """
    of = {"account_id": account_id}
    resumed = conn.execute(SQL["resume"], of).rowcount
    held = conn.execute(SQL["let_go"], of).rowcount
    if resumed or held:
        return "resumed"
    return "begun" if conn.execute(SQL["order"], of).rowcount else "under way"


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a cancellation ended, and what it could not."""

    searches: int
    unlisted: bool  # not everything was listed yet: the account's own checks rest until it is
    held: int  # messages found and not read: they wait until a backfill is ordered again
    recovering: bool  # a recovery goes on, and with it what it has found


def cancel(conn: Connection, account_id: int) -> Cancelled:
    """End the backfill of an account and the searches for new investors' past.

    What history told of stays as it is, and so does everything while a recovery is under way.
    """
    of = {"account_id": account_id}
    ended = [unlisted for (unlisted,) in conn.execute(SQL["cancel"], of)]
    recovering = conn.execute(SQL["recovering"], of).fetchone() is not None
    held = 0 if recovering else conn.execute(SQL["hold_back"], of).rowcount
    return Cancelled(len(ended), any(ended), held, recovering)


def is_cancelled(conn: Connection, account_id: int) -> bool:
    """Whether a backfill of an account was cancelled and nobody has taken it up again."""
    return conn.execute(SQL["is_cancelled"], {"account_id": account_id}).fetchone() is not None


def finish(conn: Connection, search: Search) -> None:
    """End a recovery or a check: the difference was followed both ways, its gaps are closed."""
    conn.execute(SQL["finish"], {"id": search.id})
    if search.kind == "recovery":
        conn.execute(SQL["look_again"], {"id": search.id})


def order_checks(conn: Connection, account_id: int, *, newest_every: timedelta) -> bool:
    """Order what is due of an account's own checks; return whether something was.

    Everything Gmail lists is compared with the ledger once a day, the newest page every *newest_every*;
    not while a cancelled backfill leaves messages unlisted: a check would read what nobody wants read.
    """
    due = ((("scan", "rest"), ALL_EVERY), (("newest", "scan", "rest"), newest_every))
    return any(_order_check(conn, account_id, purposes, every) for purposes, every in due)


def check_now(conn: Connection, account_id: int) -> bool:
    """Order a comparison of everything; False when a listing is under way, which does the same.

    False also when the backfill was cancelled: that has to go on first.
    """
    return _order_check(conn, account_id, ("scan",), timedelta(0))


def _order_check(conn: Connection, account_id: int, purposes: Sequence[str], every: timedelta) -> bool:
    """Order a check of the first of *purposes* when none of them was done for *every*."""
    asked = {"account_id": account_id, "purpose": purposes[0], "purposes": list(purposes), "every": every}
    return conn.execute(SQL["order_check"], asked).rowcount == 1


def count_missed(conn: Connection, search: Search, found: int) -> None:
    """Add to a check how many ids of this page nothing had told us of."""
    conn.execute(SQL["count_missed"], {"id": search.id, "found": found})


def count_gone(conn: Connection, search: Search, number: int) -> None:
    """Add to the gap how many messages turned out to be deleted."""
    conn.execute(SQL["count_gone"], {"id": search.id, "number": number})


def count_recovered(conn: Connection, search: Search, found: int) -> None:
    """Add to the gap how many ids of this page were news to us."""
    conn.execute(SQL["count_recovered"], {"id": search.id, "found": found})
