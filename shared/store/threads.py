"""Conversations: which of them a message may belong to, and moving messages between them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from psycopg.rows import class_row

from shared.errors import TryLater
from shared.store.database import Connection
from shared.store.emails import NewEmail
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Related:
    """A message we hold that belongs with another one, and why."""

    via: Literal["copy", "gmail", "beginning", "cites", "cited"]
    email_id: int
    thread_id: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What decides a stored message's conversation; *accounts* and *gmail_threads* are of each copy."""

    id: int
    thread_id: int
    message_id: str
    reference_ids: list[str]
    author_address: str | None
    people: list[str]
    investors: list[int]
    accounts: list[int]
    gmail_threads: list[str]


def related(
    conn: Connection, account_id: int, email: NewEmail, *, author: str | None, people: Collection[str]
) -> list[Related]:
    """Return the messages and threads the new message belongs with, by the rule of consumer/thread.py.

    *author* and *people* (everybody who takes part) are canonical addresses.
    """
    values = {
        "account_id": account_id,
        "gmail_thread_id": email.gmail_thread_id,
        "message_id": email.message_id,
        "digest": email.digest,
        "references": list(email.references),
        "beginning": next(iter(email.references), email.message_id),
        "author": author,
        "people": list(people),
        "outside": list(email.outside),
        "investors": [match.investor_id for match in email.matches if not match.ambiguous],
    }
    with conn.cursor(row_factory=class_row(Related)) as cursor:
        return cursor.execute(SQL["related"], values).fetchall()


def as_stored(conn: Connection, email_id: int) -> tuple[tuple[str, ...], tuple[str, ...], tuple[int, ...]]:
    """Return what a stored message cites, the addresses that take part in it, and whose it surely is.

    Raises TryLater when it was erased meanwhile.
    """
    row = conn.execute(SQL["as_stored"], {"email_id": email_id}).fetchone()
    if row is None:
        raise TryLater("another copy of a message was erased at this moment", after=timedelta(seconds=1))
    return tuple(row[0]), tuple(row[1]), tuple(row[2])


def hold(conn: Connection, ids: Sequence[int], *, alone: bool) -> bool:
    """Keep these threads from being dropped until we have committed; *alone*: and from being joined.

    False when one of them is no longer there: another conversation took it in meanwhile.
    """
    found = conn.execute(SQL["hold_alone" if alone else "hold"], {"ids": list(ids)}).fetchall()
    return len(found) == len(set(ids))


def new(conn: Connection) -> int:
    """Start a conversation and return its id."""
    row = conn.execute(SQL["new"]).fetchone()
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always answers
    return int(row[0])


def merge(conn: Connection, into: int, others: Sequence[int]) -> list[int]:
    """Move everything of *others* into one thread: they turned out to be one conversation.

    Returns the ids of the messages that were moved.
    """
    values = {"into": into, "others": list(others)}
    moved = [int(email_id) for (email_id,) in conn.execute(SQL["merge_emails"], values)]
    conn.execute(SQL["merge_keys"], values)
    conn.execute(SQL["drop"], values)
    return moved


def key(conn: Connection, account_id: int, gmail_thread_id: str, thread_id: int) -> None:
    """Remember that an account's Gmail thread holds messages of this conversation."""
    values = {"account_id": account_id, "gmail_thread_id": gmail_thread_id, "thread_id": thread_id}
    conn.execute(SQL["key"], values)


def total(conn: Connection) -> int:
    """Return how many messages known() yields."""
    row = conn.execute(SQL["total"]).fetchone()
    return int(row[0]) if row else 0


def known(conn: Connection, *, together: int = 5_000) -> Iterator[Stored]:
    """Yield every stored message, by id, reading *together* at a time; the transaction may take long."""
    conn.execute(SQL["patient"])
    after = 0
    while ids := _ids(conn, "page", {"after": after, "limit": together}):
        yield from _known(conn, ids)
        after = ids[-1]


def around(conn: Connection, email_ids: Sequence[int]) -> list[Stored]:
    """Return all messages of every conversation these belong to, or could, by id."""
    return _known(conn, _ids(conn, "around", {"ids": list(email_ids)}))


def _ids(conn: Connection, query: str, values: Mapping[str, object]) -> list[int]:
    return [int(email_id) for (email_id,) in conn.execute(SQL[query], values)]


def _known(conn: Connection, ids: Sequence[int]) -> list[Stored]:
    with conn.cursor(row_factory=class_row(Stored)) as cursor:
        return cursor.execute(SQL["known"], {"ids": ids}).fetchall()


def move(conn: Connection, targets: Mapping[int, int]) -> None:
    """Put each message into its thread: {email id: thread id}."""
    conn.execute(SQL["move"], {"ids": list(targets), "threads": list(targets.values())})


def of(conn: Connection, email_ids: Sequence[int]) -> list[int]:
    """Return the threads these messages are in."""
    return _ids(conn, "of", {"ids": list(email_ids)})


def unkey(conn: Connection, ids: Sequence[int]) -> None:
    """Forget which of Gmail's threads these were, as far as no message of them is held any more."""
    conn.execute(SQL["unkey"], {"ids": list(ids)})


def settle(conn: Connection, ids: Collection[int] | None = None) -> None:
    """Make the keys and dates of threads *ids*, or of all, those of their messages; empty ones go.

    The feed must be locked.
    """
    for step in ("rekey", "unkey", "drop_empty", "date"):
        conn.execute(SQL[step], {"ids": None if ids is None else list(ids)})
