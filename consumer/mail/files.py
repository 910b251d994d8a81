"""Out of the leaves of a mail: its attachments, named so that they can be shown, none hidden."""

import hashlib
import html as entities
import re
from collections.abc import Iterable
from urllib.parse import unquote

from consumer.mail.message import Attachment
from consumer.mail.text import one_line
from consumer.mail.tree import Leaf

LONGEST_NAME = 255  # bytes of UTF-8
LONGEST_ENDING = 16  # bytes of ".pdf" and the like, kept when a name is cut
CITED = re.compile(r"""\bcid:([^"'\s<>()]+)""", re.IGNORECASE)
# They turn the reading direction, and "exe.fdp" into "pdf.exe".
DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def attachments(leaves: Iterable[Leaf], html: str) -> tuple[Attachment, ...]:
    """Return each leaf as an attachment; *html* decides which are shown inside it."""
    found = CITED.findall(html) if "cid:" in html.lower() else ()  # a search costs more than a look
    cited = {entities.unescape(name) for name in found}
    cited |= {unquote(name) for name in cited}
    return tuple(_attachment(leaf, cited) for leaf in leaves)


def _attachment(leaf: Leaf, cited: set[str]) -> Attachment:
    content_id = one_line(leaf.content_id)[:LONGEST_NAME]
    return Attachment(
        part_id=leaf.part_id,
        filename=file_name(leaf.filename),
        media_type=one_line(leaf.media_type)[:LONGEST_NAME] or "application/octet-stream",
        content_id=content_id,
        inline=_is_inline(leaf, content_id in cited),
        content=leaf.content,
        sha256=hashlib.sha256(leaf.content).hexdigest(),
    )


def _is_inline(leaf: Leaf, cited: bool) -> bool:
    """Whether the HTML shows it.  A program someone attached stays listed, whatever the HTML cites."""
    if leaf.media_type.startswith("image/"):
        return cited or (leaf.disposition == "inline" and leaf.related)
    return cited and leaf.disposition != "attachment"


def file_name(name: str) -> str:
    """Return the last part of a name, on one line, at most 255 bytes, cut before its ending."""
    last = re.split(r"[/\\]", DIRECTIONS.sub("", one_line(name)))[-1].strip(". ")
    stem, dot, ending = last.rpartition(".")
    if not stem or len(ending.encode()) > LONGEST_ENDING:
        stem, dot, ending = last, "", ""
    room = LONGEST_NAME - len((dot + ending).encode())
    return stem.encode()[:room].decode("utf-8", "ignore") + dot + ending
