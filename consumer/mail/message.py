"""What one e-mail says, as plain values.  Bytes of mail come in elsewhere; these come out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from consumer.mail.events import Calendar
from consumer.mail.failures import Report
from consumer.mail.verdict import Verdict

Role = Literal["from", "sender", "reply_to", "to", "cc", "bcc"]
DateSource = Literal["header", "received", "fallback"]
Kind = Literal[
    "person",  # somebody wrote it
    "calendar",  # an invitation, its update or cancellation, or the answer to one
    "auto_reply",  # an absent person's program
    "automatic",  # any other program that says it is one
    "delivery_report",  # a mail system about a message it was given
    "read_receipt",
    "feedback_report",  # somebody pressed "this is spam"
]
Sealed = Literal["", "signed", "encrypted"]


@dataclass(frozen=True, slots=True)
class Participant:
    """One address in one header of a message."""

    role: Role
    address: str  # addr-spec, case-folded, IDNA domain in its ASCII form; never empty
    name: str  # display name, decoded and cleaned; may be empty


@dataclass(frozen=True, slots=True)
class Attachment:
    """One non-body leaf of the MIME tree (attached messages included), with its decoded bytes."""

    part_id: str  # position as Gmail counts it: "1", "0.2"; the stable key inside a message
    filename: str  # cleaned for display, at most 255 bytes of UTF-8; may be empty
    media_type: str  # "application/pdf", lower case
    content_id: str  # without angle brackets; may be empty
    inline: bool  # shown inside the HTML rather than listed
    content: bytes
    sha256: str  # lower-case hex of content


@dataclass(frozen=True, slots=True)
class Mail:
    """One e-mail, read once.

    Text fields hold no NUL, no lone surrogate and no control character but tab and newline,
    so that every one of them can go into PostgreSQL and JSON.
    """

    message_id: str  # without angle brackets, as written; "" when absent
    in_reply_to: tuple[str, ...]  # Message-IDs without brackets
    references: tuple[str, ...]  # oldest first, at most 200
    subject: str
    date: datetime  # aware, UTC, between 1970 and received + 1 day
    date_source: DateSource
    author: Participant | None  # None when the From header is absent or ambiguous
    participants: tuple[Participant, ...]  # header order, roles from/sender/reply_to/to/cc/bcc
    delivered_to: str  # the topmost Delivered-To: our own server wrote it; "" when there is none
    text: str  # best plain text (from HTML when there is no text part), at most 2 MiB
    new_text: str  # of it, what this message itself says: no quotation, no signature; may be empty
    html: str  # the HTML body as written, at most 2 MiB; "" when none
    snippet: str  # the first 200 characters of new_text, or of text where that is empty, on one line
    attachments: tuple[Attachment, ...]
    kind: Kind
    calendar: Calendar | None  # what it says about a calendar, whatever its kind
    report: Report | None  # of a delivery report: whom which message did not reach
    sealed: Sealed  # S/MIME or PGP; a signature is noticed, never checked
    verdict: Verdict  # of our own receiver; verdict.verified: the author is who it says
    marks: tuple[str, ...]  # what deceives the eye in name, address and subject (consumer/mail/looks.py)
    defects: tuple[str, ...]  # stable codes, sorted, without repeats (consumer/mail/defects.py)
    digest: str  # sha256 hex over author, To, Cc, date, subject, text, HTML and files: one e-mail or two?
