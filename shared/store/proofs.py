"""Proofs: what a search alone has judged is read by its headers, and said anew."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from shared.store.database import Connection
from shared.store.ledger import Seen
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the headers of some messages said: those that match, are ruled out by labels, could not be read.

    The others are nobody's, as the search had said.
    """

    matching: tuple[str, ...] = ()
    excluded: Mapping[str, Sequence[str]] = field(default_factory=dict)  # id: its labels
    unreadable: tuple[str, ...] = ()


def doubt_the_latest(conn: Connection, account_id: int, *, within: timedelta) -> None:
    """Have the headers read again of what arrived and was nobody's *within* this time.

    Gmail's search does not know the newest messages yet, so it cannot tell which are a new investor's.
    """
    conn.execute(SQL["doubt_the_latest"], {"account_id": account_id, "within": within})


def proved(conn: Connection, account_id: int, gmail_ids: Sequence[str], said: Judgement) -> None:
    """Note what the headers of these messages said; what matches or could not be read waits.

    Of those that are unmatched, that is, and not by all of their mail.
    """
    conn.execute(
        SQL["proved"],
        {
            "account_id": account_id,
            "ids": list(gmail_ids),
            "matching": list(said.matching),
            "waiting": [*said.matching, *said.unreadable],
            "excluded": list(said.excluded),
            "labels": [" ".join(names) for names in said.excluded.values()],
        },
    )


def unproved(conn: Connection, account_id: int, *, limit: int) -> list[Seen]:
    """Return the newest *limit* messages that only a search has judged, and those of their threads."""
    asked = {"account_id": account_id, "limit": limit}
    return [Seen(gmail_id, thread_id) for gmail_id, thread_id in conn.execute(SQL["unproved"], asked)]


def unmatched(conn: Connection, account_id: int, *, everything: bool) -> list[Seen]:
    """Return what only a search has judged, newest first; *everything*: also what its headers have.

    Without what was judged by all of its mail: headers tell less.
    """
    asked = {"account_id": account_id, "everything": everything}
    return [Seen(gmail_id, thread_id) for gmail_id, thread_id in conn.execute(SQL["unmatched"], asked)]


def still_unmatched(conn: Connection, account_id: int, gmail_ids: Sequence[str]) -> list[str]:
    """Return those of *gmail_ids* that are unmatched, and not by all of their mail; newest first."""
    asked = {"account_id": account_id, "ids": list(gmail_ids)}
    return [gmail_id for (gmail_id,) in conn.execute(SQL["still_unmatched"], asked)]


def stored_emails(conn: Connection, account_id: int) -> dict[int, str]:
    """Return {email id: Gmail id} of what an account has stored."""
    return dict(conn.execute(SQL["stored_emails"], {"account_id": account_id}).fetchall())


def count_unproved(conn: Connection, account_id: int) -> int:
    """Return how many messages only a search has judged."""
    row = conn.execute(SQL["count_unproved"], {"account_id": account_id}).fetchone()
    return int(row[0]) if row else 0
