"""What imap_tools states: EXPECTED.jsonl (subject, addresses, date, text, attachments)."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from consumer.mail.addresses import normal
from consumer.mail.message import Mail
from infra.local.corpus.model import Claim, Corpus, addresses

ROLES = ("to", "cc", "bcc", "reply_to")
NO_DATE = 1900  # the year imap_tools answers when it could not read the date


def claims(corpus: Corpus) -> Iterator[Claim]:
    """Compare field by field."""
    for line in (corpus.root / "EXPECTED.jsonl").read_text().splitlines():
        one = json.loads(line)
        if "to" not in one:
            continue
        file, mail = one["file"], corpus.mail(one["file"])
        yield Claim(file, "subject", " ".join(one["subject"].split()), mail.subject)
        yield Claim(file, "from", normal(one["from"]) or "", mail.author.address if mail.author else "")
        for role in ROLES:
            stated = list(dict.fromkeys(filter(None, map(normal, one[role]))))
            yield Claim(file, role, stated, addresses(mail, role))
        yield Claim(file, "date", _moment(one["date"]), mail.date if mail.date_source == "header" else None)
        yield Claim(file, "text", *_text(one, mail))
        yield Claim(
            file, "attachments", [_Stated(each) for each in one["attachments"]], list(mail.attachments)
        )


def _moment(stated: str) -> datetime | None:
    moment = datetime.fromisoformat(stated)
    if moment.year == NO_DATE:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def _text(one: dict[str, Any], mail: Mail) -> tuple[str, str]:
    """Compare the beginning that is stated, white space apart; a mail of HTML alone has no text for them."""
    stated = " ".join(one["text_start"].split())
    ours = " ".join(mail.text.split())
    return stated, stated if ours.startswith(stated) else ours[: len(stated)]


class _Stated(dict[str, Any]):
    """An attachment as stated; equal to ours when name and bytes agree, however line ends were rewritten."""

    def __eq__(self, other: object) -> bool:
        digest = self["sha256"]
        return self["filename"] == getattr(other, "filename", None) and digest in digests(
            getattr(other, "content", b"")
        )

    __hash__ = None

    def __repr__(self) -> str:
        return f"{self['filename']!r} ({self['size']} bytes)"


def digests(content: bytes) -> set[str]:
    """Return the SHA-256 of *content* however a source may have rewritten or dropped its line ends."""
    unified = content.replace(b"\r\n", b"\n")
    forms = (content, unified, unified.replace(b"\n", b"\r\n"))
    return {hashlib.sha256(form).hexdigest() for one in forms for form in (one, one.rstrip(b"\r\n"))}
