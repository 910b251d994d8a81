"""What people and the API read: mail always through the views of schema crm, never past them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class ThreadLine:
    """One conversation as a list shows it.  Text is None where visibility withholds it."""

    id: int
    subject: str | None
    messages: int
    last_at: datetime
    last_direction: str
    last_author: str  # the name, which the sender chose; the address where there is none
    last_author_address: str
    last_verified: bool
    last_marks: list[str]
    last_snippet: str | None
    has_attachments: bool
    investors: list[str]
    last_from: list[str]  # those whose address the last author's is

    @property
    def sure(self) -> bool:
        """Whether the name of the last author may stand alone: ours, or verified and an investor's address.

        Verified alone is not enough: who owns a domain can call himself Ivy Investor there.  What we send has
        no verdict, and its address is one of ours: it would tell nothing.
        """
        return self.last_direction != "inbound" or (self.last_verified and bool(self.last_from))

    @property
    def borrowed(self) -> bool:
        """Whether the last author has an investor's name and none of that investor's addresses."""
        strangers = {name.casefold() for name in self.investors if name not in self.last_from}
        return self.last_direction == "inbound" and self.last_author.casefold() in strangers


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """One mailbox and how it fares; *behind* is how long it has been due without being looked at."""

    id: int
    address: str
    status: str
    status_reason: str
    visibility: str
    watch_expires_at: datetime | None
    watch_error: str
    last_push_at: datetime | None
    last_success_at: datetime | None
    created_at: datetime  # when it was enrolled
    behind: timedelta
    waiting: int
    stored: int
    unmatched: int
    excluded: int
    gone: int
    dead: int
    listing: bool
    push_broken_at: datetime | None  # since when mail is found by polling alone


def newest_threads(
    conn: Connection, *, after: tuple[datetime, int] | None = None, limit: int = 50
) -> list[ThreadLine]:
    """Return the conversations with the newest mail, newest first.

    *after* is (last_at, id) of the line to go on behind; several may have the same second.
    """
    last_at, thread_id = after or (None, None)
    with conn.cursor(row_factory=class_row(ThreadLine)) as cursor:
        values = {"last_at": last_at, "id": thread_id, "limit": limit}
        return cursor.execute(SQL["newest_threads"], values).fetchall()


def mailboxes(conn: Connection) -> list[MailboxLine]:
    """Return every mailbox, by address."""
    with conn.cursor(row_factory=class_row(MailboxLine)) as cursor:
        return cursor.execute(SQL["mailboxes"]).fetchall()


@dataclass(frozen=True, slots=True)
class WatchLine:
    """One mailbox, whether it is read to its end and whether its notifications come.  Times are UTC."""

    id: int
    address: str
    status: str
    status_reason: str
    created_at: datetime  # when it was enrolled
    last_success_at: datetime | None  # when it was last read to its end
    watch_expires_at: datetime | None
    watch_error: str
    push_broken_at: datetime | None


def watches(conn: Connection) -> list[WatchLine]:
    """Return how every mailbox is read and watched, by address; cheap enough for every page."""
    with conn.cursor(row_factory=class_row(WatchLine)) as cursor:
        return cursor.execute(SQL["watches"]).fetchall()


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of the change feed with what a screen says about it."""

    id: int
    kind: str
    historic: bool
    subject: str | None
    author: str
    investors: list[str]
    direction: str
    accounts: list[str]  # of each copy, the newest last
    gmail_ids: list[str]  # of each copy, in the same order
    pushed_ats: list[datetime | None]  # when each copy's notification was accepted


def arrivals(conn: Connection, *, after: int) -> list[Arrival]:
    """Return what the change feed tells after id *after*, in order."""
    with conn.cursor(row_factory=class_row(Arrival)) as cursor:
        return cursor.execute(SQL["arrivals"], {"after": after}).fetchall()


def named_wrongly(conn: Connection) -> set[tuple[str, str]]:
    """Return (account address, Gmail id) of messages Gmail's search named and their own headers did not."""
    return {(str(address), str(gmail_id)) for address, gmail_id in conn.execute(SQL["named_wrongly"])}


def stored_copies(conn: Connection) -> set[tuple[str, str]]:
    """Return (account, Gmail id) of every copy whose message the CRM can see."""
    return set(conn.execute(SQL["stored_copies"]).fetchall())


def ledger_totals(conn: Connection) -> dict[str, int]:
    """Return how many ledger rows are in each state, over all accounts."""
    return {state: int(number) for state, number in conn.execute(SQL["ledger_totals"])}


def with_defects(conn: Connection) -> dict[str, int]:
    """Return how many stored messages carry each defect code; "" counts those with any."""
    return {code: int(number) for code, number in conn.execute(SQL["with_defects"])}


@dataclass(frozen=True, slots=True)
class Due:
    """How many accounts should be looked at by now, and for how long the longest has been waiting."""

    accounts: int
    oldest: timedelta


def due(conn: Connection) -> Due:
    """Return how far behind we are; accounts that nobody may look at do not count."""
    with conn.cursor(row_factory=class_row(Due)) as cursor:
        found = cursor.execute(SQL["due"]).fetchone()
    return found or Due(0, timedelta(0))
