"""Raw bytes of a mail become one value.  Never raises for any bytes: what is wrong becomes a defect code."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from consumer.mail import addresses, body, head, looks, opening, reply, verdict
from consumer.mail.message import DateSource, Mail, Participant
from consumer.mail.nature import Nature, nature
from consumer.mail.text import TEXT_LIMIT, clean, one_line
from consumer.mail.tree import Tree, take_apart
from consumer.mail.verdict import RECEIVER, Verdict
from consumer.mail.words import decoded, unfold

MOST_REFERENCES = 200
LONGEST_ID = 998  # bytes: what fits a line, and an index
SNIPPET = 200
FUTURE = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = datetime(1, 1, 1, tzinfo=UTC)

ONCE = frozenset(
    {"from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "sender"}
)
BRACKETED = re.compile(rb"<([^<>\s]+)>")
SPACED = re.compile(rb"<([^<>]+)>")  # folded inside, by a program that should not
BARE = re.compile(rb"[^<>\s@]+@[^<>\s@]+")
EARLY = re.compile(
    rb"(?<![a-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*+[\s-]++0\d{3}\b", re.IGNORECASE
)


def parse(raw: bytes, *, received_at: datetime, receiver: str = RECEIVER) -> Mail:
    """Read one mail.  *received_at* (aware) is when Gmail accepted it, and stands in for a bad Date.

    *receiver* is the name our own mail server signs its Authentication-Results with.
    """
    try:
        return assemble(take_apart(raw), received_at=received_at, receiver=receiver)
    except Exception:  # noqa: BLE001 - whatever a hostile mail provokes must cost this message alone
        return opaque(raw, received_at=received_at, defect="parse-failed", receiver=receiver)


def opaque(raw: bytes, *, received_at: datetime, defect: str, receiver: str = RECEIVER) -> Mail:
    """Return a mail whose body could not be read: what its head says, no text, no attachment.

    Who wrote to whom decides whether it is anybody's mail at all, and the head is read in linear time
    whatever the body does: so a message that kills its reader still reaches its investor, unread.
    """
    try:
        mail = assemble(Tree(head.alone(raw), []), received_at=received_at, receiver=receiver)
    except Exception:  # noqa: BLE001 - as parse(): then nothing at all is known of it
        return headless(raw, received_at=received_at, defects={defect, "parse-failed"})
    return replace(mail, defects=tuple(sorted({*mail.defects, defect})), digest=_sha256(raw))


def headless(raw: bytes, *, received_at: datetime, defects: Iterable[str]) -> Mail:
    """Return a mail of which not even the head could be read: it names nobody.

    One of *defects* must begin with parse-: by that it is kept, and not let go as nobody's mail.
    """
    return Mail(
        message_id="", in_reply_to=(), references=(), subject="", date=_believable(received_at),
        date_source="fallback", author=None, participants=(), delivered_to="", text="", new_text="",
        html="", snippet="", attachments=(), kind="person", calendar=None, report=None, sealed="",
        verdict=Verdict(), marks=(), defects=tuple(sorted(defects)), digest=_sha256(raw),
    )  # fmt: skip


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def assemble(tree: Tree, *, received_at: datetime, receiver: str = RECEIVER) -> Mail:
    """Read the headers and leaves of a mail already taken apart.  May raise for hostile input."""
    values: dict[str, list[bytes]] = {}
    for name, value in tree.headers:
        values.setdefault(name, []).append(value)
    if any(len(found) > 1 for name, found in values.items() if name in ONCE):
        tree.defects.add("duplicate-header")
    author, everybody = _participants(values, tree)
    subject = one_line(decoded(values.get("subject", [b""])[0], tree.charset))[:LONGEST_ID]
    stated = _stated(values.get("date", []))
    date, source = _date(stated, received_at, tree)
    sealed = opening.opened(tree)
    read = body.read(tree)
    new = reply.split(read.text[:TEXT_LIMIT]).new
    found: Nature = nature(tree, read.text)
    return Mail(
        message_id=_message_id(values.get("message-id", []), tree),
        in_reply_to=_ids(values.get("in-reply-to", []))[:MOST_REFERENCES],
        references=_references(values.get("references", []), tree),
        subject=subject,
        date=date,
        date_source=source,
        author=author,
        participants=everybody,
        delivered_to=addresses.normal(addresses.legible(values.get("delivered-to", [b""])[0]).strip()) or "",
        text=read.text[:TEXT_LIMIT],
        new_text=new,
        html=read.html,
        # An answer below its question would show the question.
        snippet=" ".join((new or read.text)[: SNIPPET * 10].split())[:SNIPPET],
        attachments=read.attachments,
        kind=found.kind,
        calendar=found.calendar,
        report=found.report,
        sealed=sealed,
        verdict=verdict.read(
            values.get("authentication-results", []), author.address if author else "", receiver
        ),
        marks=looks.marks(author, subject),
        defects=tuple(sorted(tree.defects)),
        # As stated: when a copy was received is no part of what all copies share.
        digest=_digest(everybody, stated or EPOCH, subject, read),
    )


def _participants(
    values: dict[str, list[bytes]], tree: Tree
) -> tuple[Participant | None, tuple[Participant, ...]]:
    """Return the strict author, and everybody in header order (author first)."""
    author, defect = addresses.author(values.get("from", []), tree.charset)
    if defect:
        tree.defects.add(defect)
    found: dict[tuple[str, str], Participant] = {(author.role, author.address): author} if author else {}
    for name, role in addresses.LISTED.items():
        for value in values.get(name, []):
            room = addresses.MOST + 1 - len(found)
            for person in addresses.people(addresses.legible(value), role, tree.charset, room):
                found.setdefault((person.role, person.address), person)
    if len(found) > addresses.MOST:
        tree.defects.add("address-limit")
    return author, tuple(found.values())[: addresses.MOST]


def _message_id(values: list[bytes], tree: Tree) -> str:
    if not values or not values[0].strip():
        tree.defects.add("message-id-missing")
        return ""
    found = BRACKETED.search(unfold(values[0]))
    if found is None:
        tree.defects.add("message-id-broken")
    spaced = found or SPACED.search(unfold(values[0]))
    return _indexable(_joined(spaced[1] if spaced else b"") or unfold(values[0]), tree)


def _joined(identifier: bytes) -> bytes:
    return b"".join(identifier.split())


def _indexable(identifier: bytes, tree: Tree | None = None) -> str:
    """Return an id short enough for an index; a longer one becomes its digest, wherever it is cited."""
    text = clean(identifier.decode("utf-8", "replace")).strip()
    if len(text.encode()) <= LONGEST_ID:
        return text
    if tree:
        tree.defects.add("message-id-broken")
    return "sha256:" + hashlib.sha256(identifier).hexdigest()


def _ids(values: Iterable[bytes]) -> tuple[str, ...]:
    found = (_indexable(_joined(one)) for value in values for one in _cited(unfold(value)))
    return tuple(dict.fromkeys(identifier for identifier in found if identifier))


def _cited(value: bytes) -> list[bytes]:
    """Return the ids of a header; one alone may lack its brackets, as its message's own may."""
    return SPACED.findall(value) or ([value] if BARE.fullmatch(value) else [])


def _references(values: list[bytes], tree: Tree) -> tuple[str, ...]:
    found = _ids(values)
    if len(found) > MOST_REFERENCES:
        tree.defects.add("references-limit")
    return found[-MOST_REFERENCES:]


def _stated(values: list[bytes]) -> datetime | None:
    """Read the Date header, UTC; None when there is no date in it."""
    try:
        date = parsedate_to_datetime(unfold(values[0]).decode("ascii", "replace"))
        date = (date if date.tzinfo else date.replace(tzinfo=UTC)).astimezone(UTC)
    except (IndexError, ValueError, OverflowError, TypeError):
        return None
    # Python's reader takes the year 0026 for 2026; nobody knows what was meant.
    return EARLIEST if EARLY.search(values[0]) else date


def _date(stated: datetime | None, received_at: datetime, tree: Tree) -> tuple[datetime, DateSource]:
    """Clamp the Date header to 1970 .. received + 1 day."""
    received = _believable(received_at)
    if stated is None:
        tree.defects.add("date-missing")
        return received, "received"
    if not EPOCH <= stated <= received + FUTURE:
        tree.defects.add("date-unbelievable")
        return received, "received"
    return stated, "header"


def _believable(moment: datetime) -> datetime:
    """Return *moment* as UTC, or 1970 when it is a time no database page should have to hold."""
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment if EPOCH <= moment < datetime(3000, 1, 1, tzinfo=UTC) - FUTURE else EPOCH


def _digest(people: Iterable[Participant], date: datetime, subject: str, read: body.Body) -> str:
    """Digest all that a reader is shown and every copy of one e-mail shares.

    Spaces are folded, because servers re-wrap text.  A Bcc stands in the sender's copy alone.
    """
    shown = sorted({(one.role, one.address) for one in people if one.role in {"from", "to", "cc"}})
    files = sorted((file.sha256, file.filename) for file in read.attachments)
    digest = hashlib.sha256(repr((date.isoformat(), subject, shown, files)).encode())
    for text in (read.text, read.html):
        words = " ".join(text.split()).encode()
        digest.update(b"%d:" % len(words))  # so that a word cannot pass from one into the other
        digest.update(words)
    return digest.hexdigest()
