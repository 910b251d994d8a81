"""From Gmail's raw answer to a message ready to be stored: first the raw is kept, then parsed."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta

from consumer.mail.gmail_json import NOT_FETCHED, UNCERTAIN
from consumer.mail.message import Attachment, Mail
from consumer.match import Match, Own
from consumer.parsing import Parsers
from shared.blobs.keeper import Keeper
from shared.config import Settings
from shared.gmail.resources import Message
from shared.store.attachments import too_large
from shared.store.emails import Direction, NewAttachment, NewEmail, NewMatch, NewParticipant, NewReading
from shared.store.ledger import Entry

MEBIBYTE = 1024 * 1024
# Gmail keeps history for about a week: what is older when we are told of it did not arrive just now.
NEWS_LASTS = timedelta(days=7)
STORED_TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Prepared:
    """A message whose raw bytes are durable and parsed."""

    entry: Entry
    message: Message
    mail: Mail
    raw_sha256: str
    raw_size: int
    raw_claim: int
    keeper: Keeper
    max_attachment: int  # bytes

    @property
    def gmail_id(self) -> str:
        """The id inside its account."""
        return self.entry.gmail_id

    @property
    def partial(self) -> bool:
        """Whether only the raw message says all of it.

        A thread brings texts, with names decoded; a file that is text may no longer be as it was sent.
        """
        defects = self.mail.defects
        return NOT_FETCHED in defects or UNCERTAIN in defects or bool(self.mail.attachments)

    @property
    def unread(self) -> bool:
        """Whether parsing failed as a whole: then that nobody was found in it means nothing."""
        return any(defect.startswith("parse-") for defect in self.mail.defects)

    @property
    def delivered_to(self) -> str:
        """Whom our own server delivered it to; empty for mail that was sent, imported, or is of the past."""
        here = self.entry.live and not self._imported and "SENT" not in self.message.label_ids
        return self.mail.delivered_to if here else ""

    @property
    def _imported(self) -> bool:
        """Whether old mail came in just now: an import makes new history of messages of any age."""
        return self.entry.seen_at - self.message.internal_date > NEWS_LASTS

    def email(self, matches: tuple[Match, ...], own: Own) -> NewEmail:
        """Make the value that is stored.  Attachments become durable here, once we know the mail is ours."""
        mail = self.mail
        claims = self.keeper.files({f.sha256: f.content for f in mail.attachments if not self._too_big(f)})
        return NewEmail(
            gmail_id=self.gmail_id,
            gmail_thread_id=self.message.thread_id or self.gmail_id,
            labels=tuple(self.message.label_ids),
            historic=not self.entry.live or self._imported,
            message_id=mail.message_id,
            digest=digest(mail, self.message.label_ids),
            subject=mail.subject,
            sent_at=mail.date,
            date_source=mail.date_source,
            direction=direction(mail, self.message.label_ids, own),
            author_address=mail.author.address if mail.author else None,
            author_name=mail.author.name if mail.author else "",
            references=references(mail),
            snippet=mail.snippet,
            text=mail.text,
            html=mail.html,
            reading=_reading(mail),
            defects=mail.defects,
            raw_sha256=self.raw_sha256,
            raw_size=self.raw_size,
            participants=tuple(NewParticipant(p.role, p.address, p.name) for p in mail.participants),
            outside=own.outsiders(person.address for person in mail.participants),
            matches=tuple(
                NewMatch(m.investor_id, m.role, m.address, m.strategy, m.ambiguous) for m in matches
            ),
            attachments=tuple(self._file(file) for file in mail.attachments),
            claims={**claims, self.raw_sha256: self.raw_claim},
        )

    def _too_big(self, file: Attachment) -> bool:
        return len(file.content) > self.max_attachment

    def _file(self, file: Attachment) -> NewAttachment:
        too_big = self._too_big(file)
        return NewAttachment(
            part_id=file.part_id,
            filename=file.filename,
            media_type=file.media_type,
            content_id=file.content_id,
            inline=file.inline,
            size=len(file.content),
            sha256=None if too_big else file.sha256,
            skipped=too_large(self.max_attachment) if too_big else "",
        )


@dataclass(frozen=True, slots=True)
class Fetched:
    """A message as Gmail handed it over: its raw bytes, or its JSON as a part of a whole thread."""

    entry: Entry
    message: Message
    source: bytes
    is_json: bool


def prepare(
    fetched: Sequence[Fetched], *, keeper: Keeper, parsers: Parsers, settings: Settings
) -> list[Prepared]:
    """Keep what Gmail handed over, then parse it: parsing can be redone, fetching costs units."""
    kept = keeper.raws([one.source for one in fetched])
    sources = [(one.source, one.message.internal_date) for one in fetched]
    read = parsers.parse_json if fetched and fetched[0].is_json else parsers.parse
    mails = read(sources)
    most = settings.max_attachment_mb * MEBIBYTE
    return [
        Prepared(one.entry, one.message, mail, digest, len(one.source), claim, keeper, most)
        for one, (digest, claim), mail in zip(fetched, kept, mails, strict=True)
    ]


def groups(prepared: Sequence[Prepared]) -> list[list[Prepared]]:
    """One transaction per live message, so that each is seen at once; one for a hundred old ones."""
    old = [one for one in prepared if not one.entry.live]
    hundreds = [old[start : start + STORED_TOGETHER] for start in range(0, len(old), STORED_TOGETHER)]
    return [[one] for one in prepared if one.entry.live] + hundreds


def digest(mail: Mail, labels: Sequence[str]) -> str:
    """Return what two copies must share to be one message.

    A sent copy alone may tell of a Bcc: a received one that shows any says what no other copy does.
    """
    hidden = sorted({person.address for person in mail.participants if person.role == "bcc"})
    if "SENT" in labels or not hidden:
        return mail.digest
    return hashlib.sha256("\0".join((mail.digest, *hidden)).encode()).hexdigest()


def references(mail: Mail) -> tuple[str, ...]:
    """Return what the message cites, oldest first.

    Old clients write “message from <address> of <date> <id>” into In-Reply-To: only the last one is meant.
    """
    return tuple(dict.fromkeys((*mail.references, *mail.in_reply_to[-1:])))


def _reading(mail: Mail) -> NewReading:
    return NewReading(
        new_text=mail.new_text,
        kind=mail.kind,
        calendar=asdict(mail.calendar) if mail.calendar else None,
        report=asdict(mail.report) if mail.report else None,
        sealed=mail.sealed,
        spf=mail.verdict.spf,
        dkim=mail.verdict.dkim,
        dmarc=mail.verdict.dmarc,
        verified=mail.verdict.verified,
        marks=mail.marks,
    )


def direction(mail: Mail, labels: Sequence[str], own: Own) -> Direction:
    """Sent mail goes out, in whoever's mailbox it lies; mail to oneself is one message with both labels.

    What only says that a colleague wrote it, and fails our own receiver's test of that, came in.
    """
    if "SENT" in labels and "INBOX" in labels:
        return "both"
    is_ours = mail.author is not None and own.owns(mail.author.address) and mail.verdict.dmarc != "fail"
    if "SENT" in labels or is_ours:
        return "outbound"
    return "inbound"
