"""What people and the API read: always through the views of schema crm, never past them."""

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
    last_author: str
    last_snippet: str | None
    has_attachments: bool
    investors: list[str]


@dataclass(frozen=True, slots=True)
class MailboxLine:
    """One mailbox and how it fares; *behind* is how long it has been due without being looked at."""

    address: str
    status: str
    status_reason: str
    visibility: str
    watch_expires_at: datetime | None
    watch_error: str
    last_push_at: datetime | None
    last_success_at: datetime | None
    behind: timedelta
    waiting: int
    stored: int
    unmatched: int
    excluded: int
    gone: int
    dead: int
    listing: bool


def newest_threads(conn: Connection, *, before: datetime | None = None, limit: int = 50) -> list[ThreadLine]:
    """Return the conversations with the newest mail, newest first, older than *before* when given."""
    with conn.cursor(row_factory=class_row(ThreadLine)) as cursor:
        return cursor.execute(SQL["newest_threads"], {"before": before, "limit": limit}).fetchall()


def mailboxes(conn: Connection) -> list[MailboxLine]:
    """Return every mailbox, by address."""
    with conn.cursor(row_factory=class_row(MailboxLine)) as cursor:
        return cursor.execute(SQL["mailboxes"]).fetchall()
