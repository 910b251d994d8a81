"""Out of the leaves of a mail: its text and its HTML.

A mail says what it says in one or more passages.  A multipart/alternative is one passage in several
versions; every other text part is a passage of its own.  So a list's footer under an HTML mail is
added to what the HTML says, and never taken for the mail's only text.
"""

import html as entities
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from consumer.mail import flowed
from consumer.mail import html as html_text
from consumer.mail.files import attachments
from consumer.mail.message import Attachment
from consumer.mail.text import TEXT_LIMIT, clean, decode, known
from consumer.mail.tree import Leaf, Tree

BODY_TYPES = frozenset({"text/plain", "text/html"})
META = re.compile(rb"""<meta\b[^>]{0,200}?\bcharset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
META_WITHIN = 2_048  # bytes: where browsers look for it, and a little more


@dataclass(frozen=True, slots=True)
class Body:
    """What a mail says and carries."""

    text: str
    html: str
    attachments: tuple[Attachment, ...]


@dataclass(frozen=True, slots=True)
class _Passage:
    plain: str  # "" when there is only HTML
    html: str  # "" when there is only text
    told: str = ""  # the passage as text


def read(tree: Tree) -> Body:
    """Choose the body parts, decode them, and make everything else an attachment; defects go to *tree*."""
    texts = [leaf for leaf in tree.leaves if _is_body(leaf)]
    others = [leaf for leaf in tree.leaves if not _is_body(leaf) and not _is_nothing(leaf)]
    passages = _once(_as_text([_passage(versions, tree) for versions in _by_passage(texts)], tree))
    text = "\n".join(passage.told for passage in passages)
    html = "\n".join(map(_as_html, passages)) if any(passage.html for passage in passages) else ""
    if len(text) > TEXT_LIMIT:
        tree.defects.add("text-limit")
    return Body(text[:TEXT_LIMIT], html[:TEXT_LIMIT], attachments(others, html))


def _is_body(leaf: Leaf) -> bool:
    return leaf.media_type in BODY_TYPES and leaf.disposition != "attachment" and not leaf.filename


def _is_nothing(leaf: Leaf) -> bool:
    """Whether it is a multipart without any part: nothing to show."""
    return leaf.media_type.startswith("multipart/") and not leaf.filename and not leaf.content.strip()


def _by_passage(leaves: Iterable[Leaf]) -> list[list[Leaf]]:
    found: dict[tuple[str, bool], list[Leaf]] = {}
    for leaf in leaves:
        key = (leaf.branch[0], True) if leaf.branch else (leaf.part_id, False)
        found.setdefault(key, []).append(leaf)
    return list(found.values())


def _passage(versions: list[Leaf], tree: Tree) -> _Passage:
    """Join the parts of the first version with text, and of the last with HTML: the best comes last."""
    plain, html = dict[int, list[str]](), dict[int, list[str]]()
    for leaf in versions:
        text = _text(leaf, tree)
        if text.strip():
            kind = plain if leaf.media_type == "text/plain" else html
            kind.setdefault(leaf.branch[1] if leaf.branch else 0, []).append(text)
    return _Passage("\n".join(plain[min(plain)]) if plain else "", "\n".join(html[max(html)]) if html else "")


def _as_text(passages: Iterable[_Passage], tree: Tree) -> list[_Passage]:
    """Tell each passage as text; all HTML of a mail together is held to the converter's limit."""
    told, left = list[_Passage](), html_text.LIMIT
    for passage in passages:
        text = passage.plain
        if not text and passage.html:
            if len(passage.html) > left:
                tree.defects.add("html-limit")
            shown, hides = html_text.text_of(passage.html[:left])
            text = clean(shown)
            if hides:
                tree.defects.add("html-hidden")
            left -= min(left, len(passage.html))
        told.append(replace(passage, told=text))
    return [passage for passage in told if passage.told.strip() or passage.html]


def _once(passages: list[_Passage]) -> list[_Passage]:
    """Leave out a passage said again in the other form: some programs call an alternative mixed."""
    if len(passages) == 1:
        return passages
    kept: dict[str, _Passage] = {}
    for number, passage in enumerate(passages):
        words = " ".join(passage.told.split()) or str(number)
        before = kept.get(words)
        if before and bool(before.html) != bool(passage.html):
            kept[words] = _Passage(before.plain or passage.plain, before.html or passage.html, before.told)
        else:
            kept[f"{words}\0{number}" if before else words] = passage
    return list(kept.values())


def _as_html(passage: _Passage) -> str:
    """Return the HTML as written; a passage of text alone as itself, so that the HTML misses nothing."""
    return passage.html or f"<pre>{entities.escape(passage.plain)}</pre>"


def _text(leaf: Leaf, tree: Tree) -> str:
    # More bytes than the limit has characters can never be needed.
    content = leaf.content[: TEXT_LIMIT * 4]
    text, defect = decode(content, leaf.type_parameters.get("charset") or _meta(leaf, content))
    if defect:
        tree.defects.add(defect)
    text = clean(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if leaf.media_type == "text/plain" and leaf.type_parameters.get("format", "").lower() == "flowed":
        return flowed.unfolded(text, drop_space=leaf.type_parameters.get("delsp", "").lower() == "yes")
    return text


def _meta(leaf: Leaf, content: bytes) -> str | None:
    """Return the charset an HTML part names inside, where its header names none."""
    found = META.search(content[:META_WITHIN]) if leaf.media_type == "text/html" else None
    name = found[1].decode("ascii", "replace") if found else None
    # Were it really UTF-16, its name could not be read here.
    return name if name and known(name) and not name.lower().startswith("utf-16") else None
