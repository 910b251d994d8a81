"""The MIME tree of a raw message as flat leaves: position, headers, decoded bytes.  Tolerant of anything.

The standard library's tree builder with its oldest policy is used for the structure alone; it is
the one reader that keeps every byte.  Values are read here, as bytes, and never by name look-up:
that would cost the square of the number of headers.
"""

import binascii
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.parser import BytesParser
from itertools import islice
from typing import Any

from consumer.mail.text import known
from consumer.mail.words import base64_bytes, parameters

DEEPEST = 50
MOST_PARTS = 1_000
MOST_HEADERS = 1_000
LONGEST_HEADER = 64 * 1024

HEAD_END = re.compile(rb"(?:\A|(?<=\n))\r?\n")
OLD_HEAD_END = re.compile(rb"\A\r|(?<=\r)\r")  # where every line end is a bare CR
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")

# Defects of the standard library's reader that mean the structure itself is damaged.
STRUCTURAL = frozenset(
    {
        "NoBoundaryInMultipartDefect",
        "StartBoundaryNotFoundDefect",
        "CloseBoundaryNotFoundDefect",
        "MultipartInvariantViolationDefect",
        "MisplacedEnvelopeHeaderDefect",
        "FirstHeaderLineIsContinuationDefect",
        "MissingHeaderBodySeparatorDefect",
        "MalformedHeaderDefect",
        "InvalidMultipartContentTransferEncodingDefect",
    }
)


class Part(Message):
    """A part whose payload is read as it was written.

    The standard library's get_payload() decodes by whatever codec the mail names, and an attached
    message is taken apart and put together differently; both change bytes that must stay.
    """

    _payload: Any

    @property
    def children(self) -> list["Part"] | None:
        """The parts inside, or None for a leaf."""
        return self._payload if isinstance(self._payload, list) else None

    @property
    def written(self) -> bytes:
        """The bytes of a leaf, transfer encoding still on."""
        return str(self._payload or "").encode("utf-8", "surrogateescape")

    def get_content_type(self) -> str:
        """Keep the tree builder out of attached messages: to us one is a leaf."""
        content_type = super().get_content_type()
        return "application/octet-stream" if content_type.startswith("message/") else content_type


@dataclass(slots=True)
class Leaf:
    """One part without parts of its own (an attached message is one leaf)."""

    part_id: str  # "" for the root, "0.1" for the second child of the first
    media_type: str
    type_parameters: dict[str, str]
    disposition: str  # "attachment", "inline" or ""
    filename: str
    content_id: str
    content: bytes
    related: bool = False  # inside a multipart/related


@dataclass(slots=True)
class Tree:
    """A message taken apart."""

    headers: list[tuple[str, bytes]]  # names in lower case, in message order
    leaves: list[Leaf]
    defects: set[str] = field(default_factory=set)
    charset: str = ""  # of the first text part that names one: headers may be in it without saying so


def take_apart(raw: bytes) -> Tree:
    """Read the structure of *raw*."""
    tree = Tree([], [])
    root = _root(_readable_head(raw, tree), tree)
    tree.headers = _headers(root, tree)
    found = list(islice(_leaves(root, tree), MOST_PARTS + 1))
    if len(found) > MOST_PARTS:
        tree.defects.add("part-limit")
    tree.charset = _charset(found)
    tree.leaves = [_leaf(one, tree) for one in found[:MOST_PARTS]]
    return tree


def _root(readable: bytes, tree: Tree) -> Part:
    parser: Any = BytesParser(Part, policy=policy.compat32)
    try:
        root: Part = parser.parsebytes(readable)
    except RecursionError:  # parts in parts without end: the head at least is read, the rest is one part
        tree.defects.add("depth-limit")
        root = parser.parsebytes(readable, headersonly=True)
    return root


def _readable_head(raw: bytes, tree: Tree) -> bytes:
    """Drop lines of the head that are neither a header nor its continuation.

    Other readers end the head at such a line, and everything after it (the From header, say)
    becomes text: a sender could hide an author from us that Gmail shows.
    """
    end = (HEAD_END if b"\n" in raw else OLD_HEAD_END).search(raw)
    head, rest = (raw[: end.start()], raw[end.start() :]) if end else (raw, b"")
    lines = head.splitlines(keepends=True)
    kept: list[bytes] = []
    for line in lines:
        if HEADER_LINE.match(line):
            name, _, value = line.partition(b":")
            kept.append(name.rstrip() + b":" + value)  # white space before the colon is old, and legal
        elif kept and line[:1] in b" \t":
            kept.append(line)
        elif not (line.startswith((b"From ", b">From ")) and not kept):
            tree.defects.add("structure-broken")
    if not kept:  # no head at all: what looks like one is the text
        return b"\r\n" + raw
    return b"".join(kept) + rest


def _headers(part: Part, tree: Tree) -> list[tuple[str, bytes]]:
    pairs: list[tuple[str, Any]] = list(part.raw_items())
    if len(pairs) > MOST_HEADERS:
        tree.defects.add("header-limit")
    found = []
    for name, value in pairs[:MOST_HEADERS]:
        data = str(value).encode("utf-8", "surrogateescape")
        if len(data) > LONGEST_HEADER:
            tree.defects.add("header-limit")
        found.append((str(name).strip().lower(), data[:LONGEST_HEADER]))
    return found


@dataclass(frozen=True, slots=True)
class _Visit:
    part: Part
    part_id: str
    depth: int
    related: bool


@dataclass(frozen=True, slots=True)
class _Found:
    """A leaf before its bytes are decoded."""

    visit: _Visit
    headers: dict[str, bytes]
    media_type: str


def _charset(found: Sequence[_Found]) -> str:
    named = (
        parameters(one.headers.get("content-type", b"")).get("charset", "")
        for one in found
        if one.media_type.startswith("text/")
    )
    return next((name for name in named if known(name)), "")


def _leaf(one: _Found, tree: Tree) -> Leaf:
    content = _content(one.visit.part, one.headers, tree)
    leaf = leaf_of(one.visit.part_id, one.headers, one.media_type, content, tree.charset)
    leaf.related = one.visit.related
    return leaf


def _leaves(root: Part, tree: Tree) -> Iterator[_Found]:
    todo = [_Visit(root, "", 0, related=False)]
    while todo:
        visit = todo.pop()
        part = visit.part
        names = {type(defect).__name__ for defect in part.defects}
        if names & STRUCTURAL:
            tree.defects.add("structure-broken")
        headers = dict(reversed(_headers(part, tree)))
        # The default is text, and in a digest a message.
        media_type = _media_type(headers.get("content-type", part.get_default_type().encode()))
        if part.children is not None and visit.depth < DEEPEST:
            todo.extend(reversed(_children(visit, part.children, media_type)))
            continue
        if visit.depth >= DEEPEST:
            tree.defects.add("depth-limit")
        yield _Found(visit, headers, media_type)


def _children(visit: _Visit, children: list[Part], media_type: str) -> list[_Visit]:
    prefix = f"{visit.part_id}." if visit.part_id else ""
    return [
        _Visit(
            child,
            f"{prefix}{number}",
            visit.depth + 1,
            related=visit.related or media_type == "multipart/related",
        )
        for number, child in enumerate(children)
    ]


def leaf_of(
    part_id: str, headers: dict[str, bytes], media_type: str, content: bytes, charset: str = ""
) -> Leaf:
    """Read what a part's headers say about its *content*; *charset* is for names in undeclared bytes."""
    disposition = headers.get("content-disposition", b"")
    type_parameters = parameters(headers.get("content-type", b""), charset)
    shown = parameters(disposition, charset)
    return Leaf(
        part_id=part_id,
        media_type=media_type,
        type_parameters=type_parameters,
        disposition=disposition.partition(b";")[0].strip().lower().decode("ascii", "replace"),
        filename=shown.get("filename") or type_parameters.get("name") or "",
        content_id=headers.get("content-id", b"").strip().strip(b"<>").decode("utf-8", "replace"),
        content=content,
    )


def _media_type(value: bytes) -> str:
    text = value.partition(b";")[0].strip().lower().decode("ascii", "replace")
    kind, slash, subtype = text.partition("/")
    usable = slash and kind and subtype and not any(c in text for c in " \t\r\n\"'")
    return text if usable else "text/plain"


def _content(part: Part, headers: dict[str, bytes], tree: Tree) -> bytes:
    """Return a leaf's bytes with the transfer encoding removed; what lies too deep as it can be rebuilt."""
    if part.children is None:
        return _decoded(part.written, headers, tree)
    try:
        return part.as_bytes()
    except (RecursionError, UnicodeError, LookupError, TypeError):
        tree.defects.add("structure-broken")
        return b""


def _encoding(headers: dict[str, bytes]) -> str:
    return (
        headers.get("content-transfer-encoding", b"")
        .partition(b";")[0]
        .strip()
        .lower()
        .decode("ascii", "replace")
    )


def _decoded(data: bytes, headers: dict[str, bytes], tree: Tree) -> bytes:
    encoding = _encoding(headers)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == "base64":
        try:
            return binascii.a2b_base64(b"".join(data.split()), strict_mode=True)
        except binascii.Error:
            tree.defects.add("base64-broken")
            return base64_bytes(data)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _uudecoded(data)
    return data


def _uudecoded(data: bytes) -> bytes:
    lines = data.splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith(b"begin ")), None)
    if begin is None:
        return data
    out = []
    for line in lines[begin + 1 :]:
        if line.strip() in {b"end", b""}:
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(out)
