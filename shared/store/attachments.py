"""Files of stored messages whose bytes are not held yet: fetched apart, on a schedule of their own."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Missing:
    """A file that may be held and is not, and where it can be read."""

    id: int
    address: str  # of a mailbox that has the message
    gmail_id: str
    raw_sha256: str | None  # of the message's own bytes, while they are kept
    sent_at: datetime
    part_id: str
    size: int  # bytes
    attempts: int  # this one included


def too_large(most: int) -> str:
    """Say that a file is larger than *most* bytes: it is fetched after all when the limit is raised."""
    return f"larger than {most // MEBIBYTE} MiB"


def next_to_fetch(conn: Connection, *, most: int, lasts: timedelta) -> Missing | None:
    """Take the next file of at most *most* bytes for *lasts*; None when none is due."""
    with conn.cursor(row_factory=class_row(Missing)) as cursor:
        return cursor.execute(SQL["next_to_fetch"], {"most": most, "lasts": lasts}).fetchone()


def held(conn: Connection, attachment_id: int, sha256: str) -> None:
    """The bytes are in the store, under a claim that is held in this transaction."""
    conn.execute(SQL["held"], {"id": attachment_id, "sha256": sha256})


def failed(conn: Connection, attachment_id: int, why: str) -> None:
    """Give the file up, visibly."""
    conn.execute(SQL["failed"], {"id": attachment_id, "why": why})


def postponed(conn: Connection, attachment_id: int, after: timedelta) -> None:
    """Try again after that."""
    conn.execute(SQL["postponed"], {"id": attachment_id, "after": after})
