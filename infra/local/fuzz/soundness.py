"""What holds for every mail that comes out of the parser, whatever went in."""

import json
import re
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from consumer.mail.defects import DEFECTS
from consumer.mail.message import Mail

DIRTY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
MEBIBYTE = 1024 * 1024
# A child that had to be killed is what the limits are for; a fuzzed mail of this size should not need it.
UNFORESEEN = frozenset({"parse-failed", "parse-died", "parse-too-slow", "envelope-failed"})


def faults(mail: Mail, received_at: datetime) -> list[str]:
    """Return what is wrong with *mail*; an empty list is right."""
    found = [f"unforeseen: {one}" for one in mail.defects if one in UNFORESEEN]
    found += [f"unknown defect {one}" for one in mail.defects if one not in DEFECTS]
    if any(DIRTY.search(text) for text in strings(mail)):
        found.append("a text nobody can store")
    if not datetime(1970, 1, 1, tzinfo=UTC) <= mail.date <= received_at + timedelta(days=1):
        found.append("a date outside its limits")
    if len(mail.text) > 2 * MEBIBYTE or len(mail.html) > 2 * MEBIBYTE or len(mail.new_text) > len(mail.text):
        found.append("a text outside its limits")
    if len(mail.participants) > 1_000 or len(mail.references) > 200 or len(mail.attachments) > 1_000:  # noqa: PLR2004
        found.append("more than the limits allow")
    if mail.verdict.verified and (mail.author is None or mail.verdict.dmarc != "pass"):
        found.append("verified without an author or without DMARC")
    if len({file.part_id for file in mail.attachments}) < len(mail.attachments):
        found.append("two parts of one number")
    for part in (mail.calendar, mail.report):
        json.dumps(asdict(part) if part else None, ensure_ascii=False).encode()
    return found


def strings(value: object) -> Iterator[str]:
    """Yield every text anywhere in a mail."""
    todo = [asdict(value) if isinstance(value, Mail) else value]
    while todo:
        one = todo.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            todo += one.values()
        elif isinstance(one, list | tuple):
            todo += one
