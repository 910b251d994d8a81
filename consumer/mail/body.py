"""Out of the leaves of a mail: its text, its HTML, its attachments."""

import hashlib
import re
from dataclasses import dataclass

from consumer.mail import html as html_text
from consumer.mail.message import Attachment
from consumer.mail.text import TEXT_LIMIT, clean, decode, one_line
from consumer.mail.tree import Leaf, Tree

BODY_TYPES = frozenset({"text/plain", "text/html"})
LONGEST_NAME = 255  # bytes of UTF-8


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail says and carries."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]


def read(tree: Tree) -> Body:
    """Choose the body parts, decode them, and make everything else an attachment; defects go to *tree*."""
    texts, htmls, others = _sorted(tree.leaves)
    html = "\n".join(_text(leaf, tree) for leaf in htmls)[:TEXT_LIMIT]
    text = "\n".join(part for leaf in texts if (part := _text(leaf, tree)).strip())
    if not text.strip() and html:
        if len(html) > html_text.LIMIT:
            tree.defects.add("html-limit")
        text = clean(html_text.text_of(html))
    if len(text) > TEXT_LIMIT:
        tree.defects.add("text-limit")
    attachments = tuple(_attachment(leaf, html) for leaf in others)
    return Body(text[:TEXT_LIMIT], html, attachments)


def _sorted(leaves: list[Leaf]) -> tuple[list[Leaf], list[Leaf], list[Leaf]]:
    texts, htmls, others = list[Leaf](), list[Leaf](), list[Leaf]()
    for leaf in leaves:
        if leaf.media_type.startswith("multipart/") and not leaf.filename and not leaf.content.strip():
            continue  # a multipart without any part is nothing to show
        if leaf.media_type not in BODY_TYPES or leaf.disposition == "attachment" or leaf.filename:
            others.append(leaf)
        elif leaf.media_type == "text/plain":
            texts.append(leaf)
        else:
            htmls.append(leaf)
    return texts, htmls, others


def _text(leaf: Leaf, tree: Tree) -> str:
    # More bytes than the limit has characters can never be needed.
    text, defect = decode(leaf.content[: TEXT_LIMIT * 4], leaf.type_parameters.get("charset"))
    if defect:
        tree.defects.add(defect)
    return clean(text.replace("\r\n", "\n"))


def _attachment(leaf: Leaf, html: str) -> Attachment:
    content_id = one_line(leaf.content_id)[:LONGEST_NAME]
    cited = bool(content_id) and f"cid:{content_id}" in html
    return Attachment(
        part_id=leaf.part_id,
        filename=file_name(leaf.filename),
        media_type=one_line(leaf.media_type)[:LONGEST_NAME] or "application/octet-stream",
        content_id=content_id,
        inline=cited
        or (leaf.disposition == "inline" and leaf.related and leaf.media_type.startswith("image/")),
        content=leaf.content,
        sha256=hashlib.sha256(leaf.content).hexdigest(),
    )


def file_name(name: str) -> str:
    """Return the last part of a name, on one line, at most 255 bytes, cut on a character boundary."""
    last = re.split(r"[/\\]", one_line(name))[-1].strip(". ")
    return last.encode()[:LONGEST_NAME].decode("utf-8", "ignore")
