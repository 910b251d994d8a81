"""Messages: stored once for everybody, with participants, matches, attachments and a place in a thread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from psycopg.types.json import Jsonb

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

# The channel on which new rows of the change feed are announced.
CHANNEL = "mailroom_changes"

Direction = Literal["inbound", "outbound", "both"]


@dataclass(frozen=True, slots=True)
class NewParticipant:
    """One address in one header, in header order."""

    role: str
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class NewMatch:
    """Why the message belongs to an investor."""

    investor_id: int
    role: str
    address: str
    strategy: str
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """One file; sha256 None and *skipped* say why the bytes are not held."""

    part_id: str
    filename: str
    media_type: str
    content_id: str
    inline: bool
    size: int
    sha256: str | None
    skipped: str


@dataclass(frozen=True, slots=True)
class NewReading:
    """What reading a message told beside its text (consumer/mail/message.py has the words)."""

    new_text: str
    kind: str
    calendar: dict[str, object] | None
    report: dict[str, object] | None
    sealed: str
    spf: str
    dkim: str
    dmarc: str
    verified: bool
    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewEmail:
    """One copy of a message, read and matched, ready to be stored.  Its blobs are durable already."""

    gmail_id: str
    gmail_thread_id: str
    labels: tuple[str, ...]
    historic: bool  # found by a listing: no event for years-old mail
    message_id: str
    digest: str
    subject: str
    sent_at: datetime
    date_source: str
    direction: Direction
    author_address: str | None
    author_name: str
    references: tuple[str, ...]  # References and In-Reply-To, oldest first, without repeats
    snippet: str
    text: str
    html: str
    reading: NewReading
    defects: tuple[str, ...]
    raw_sha256: str
    raw_size: int
    participants: tuple[NewParticipant, ...]
    outside: frozenset[str]  # participants that are not our own, by canonical address
    matches: tuple[NewMatch, ...]
    attachments: tuple[NewAttachment, ...]
    claims: Mapping[str, int]  # of its blobs, by sha256 (see shared.store.blobs)


def lock(conn: Connection, emails: Iterable[NewEmail]) -> None:
    """Make everybody who stores a copy, a parent or a reply of these wait until we have committed.

    Without it the same conversation arriving through three mailboxes at once becomes three threads.
    Locks are taken in one order, so two such transactions cannot block each other for ever.
    """
    keys = {key for email in emails for key in (email.message_id, *email.references) if key}
    locked = conn.execute(SQL["lock"], {"keys": sorted(keys)}).rowcount
    assert locked or not keys  # noqa: S101 - the migration put a row there for every number


def insert(conn: Connection, email: NewEmail, thread_id: int) -> int:
    """Store a message nobody stored yet, with all that hangs on it; return its id."""
    row = conn.execute(SQL["insert"], _values(email) | {"thread_id": thread_id}, binary=True).fetchone()
    assert row is not None  # noqa: S101 - INSERT ... RETURNING always answers
    return int(row[0])


def join(conn: Connection, email: NewEmail, email_id: int) -> None:
    """Note a further copy, whose digest is the same: what only this copy shows is added.

    That is a Bcc and that it was sent, of a sent one; and our receiver's verdict, of a received one.
    """
    conn.execute(SQL["join"], _values(email) | {"email_id": email_id})


def announce(conn: Connection, changes: Sequence[tuple[int, str, bool]]) -> None:
    """Append (email id, kind, historic) to the change feed, in commit order, and wake its listeners."""
    conn.execute(SQL["lock_feed"])
    conn.execute(
        SQL["announce"],
        {
            "ids": [email_id for email_id, _, _ in changes],
            "kinds": [kind for _, kind, _ in changes],
            "historic": [historic for _, _, historic in changes],
        },
    )


def _values(email: NewEmail) -> dict[str, object]:
    people, matches, files = email.participants, email.matches, email.attachments
    return _reading(email.reading) | {
        "message_id": email.message_id, "digest": email.digest, "subject": email.subject,
        "sent": "SENT" in email.labels, "sent_at": email.sent_at, "date_source": email.date_source,
        "direction": email.direction,
        "author_address": email.author_address, "author_name": email.author_name,
        "references": list(email.references), "snippet": email.snippet, "text": email.text,
        "html": email.html, "defects": list(email.defects), "raw_sha256": email.raw_sha256,
        "raw_size": email.raw_size, "historic": email.historic,
        "p_role": [p.role for p in people], "p_address": [p.address for p in people],
        "p_name": [p.name for p in people],
        "m_investor": [m.investor_id for m in matches], "m_role": [m.role for m in matches],
        "m_address": [m.address for m in matches], "m_strategy": [m.strategy for m in matches],
        "m_ambiguous": [m.ambiguous for m in matches],
        "a_part": [f.part_id for f in files], "a_filename": [f.filename for f in files],
        "a_type": [f.media_type for f in files], "a_cid": [f.content_id for f in files],
        "a_inline": [f.inline for f in files], "a_size": [f.size for f in files],
        "a_sha256": [f.sha256 for f in files], "a_skipped": [f.skipped for f in files],
    }  # fmt: skip


def _reading(read: NewReading) -> dict[str, object]:
    return {
        "new_text": read.new_text, "kind": read.kind, "sealed": read.sealed, "spf": read.spf,
        "dkim": read.dkim, "dmarc": read.dmarc, "verified": read.verified, "marks": list(read.marks),
        "calendar": None if read.calendar is None else Jsonb(read.calendar),
        "report": None if read.report is None else Jsonb(read.report),
    }  # fmt: skip
