"""The MIME tree of a raw message as flat leaves: position, headers, decoded bytes.  Tolerant of anything.

The standard library's tree builder with its oldest policy is used for the structure alone; it is
the one reader that keeps every byte.  Values are read here, as bytes, and never by name look-up:
that would cost the square of the number of headers.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Any

from consumer.mail.words import base64_bytes, parameters

DEEPEST = 50
MOST_PARTS = 1_000
MOST_HEADERS = 1_000
LONGEST_HEADER = 64 * 1024

HEAD_END = re.compile(rb"(?:\A|(?<=\n))\r?\n")
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
    related: bool  # inside a multipart/related


@dataclass(slots=True)
class Tree:
    """A message taken apart."""

    headers: list[tuple[str, bytes]]  # names in lower case, in message order
    leaves: list[Leaf]
    defects: set[str] = field(default_factory=set)


def take_apart(raw: bytes) -> Tree:
    """Read the structure of *raw*.  Absurd nesting may raise RecursionError, which the caller expects."""
    tree = Tree([], [])
    root = BytesParser(policy=policy.compat32).parsebytes(_readable_head(raw, tree))
    tree.headers = _headers(root, tree)
    for leaf in _leaves(root, tree):
        if len(tree.leaves) >= MOST_PARTS:
            tree.defects.add("part-limit")
            break
        tree.leaves.append(leaf)
    return tree


def _readable_head(raw: bytes, tree: Tree) -> bytes:
    """Drop lines of the head that are neither a header nor its continuation.

    Other readers end the head at such a line, and everything after it (the From header, say)
    becomes text: a sender could hide an author from us that Gmail shows.
    """
    end = HEAD_END.search(raw)
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


def _headers(part: "Message[str, str]", tree: Tree) -> list[tuple[str, bytes]]:
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
    part: "Message[str, str]"
    part_id: str
    depth: int
    related: bool


def _leaves(root: "Message[str, str]", tree: Tree) -> Iterator[Leaf]:
    todo = [_Visit(root, "", 0, related=False)]
    while todo:
        visit = todo.pop()
        part = visit.part
        names = {type(defect).__name__ for defect in part.defects}
        if names & STRUCTURAL:
            tree.defects.add("structure-broken")
        children = part.get_payload() if part.is_multipart() else None
        headers = dict(reversed(_headers(part, tree)))
        media_type = _media_type(headers.get("content-type", b""))
        if isinstance(children, list) and not media_type.startswith("message/") and visit.depth < DEEPEST:
            todo.extend(reversed(_children(visit, children, media_type)))
            continue
        if visit.depth >= DEEPEST:
            tree.defects.add("depth-limit")
        content = _content(part, headers, tree)
        yield leaf_of(visit.part_id, headers, media_type, content, related=visit.related)


def _children(visit: _Visit, children: list[Any], media_type: str) -> list[_Visit]:
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
    part_id: str, headers: dict[str, bytes], media_type: str, content: bytes, *, related: bool
) -> Leaf:
    """Read what a part's headers say about its *content*."""
    disposition = headers.get("content-disposition", b"")
    type_parameters, shown = parameters(headers.get("content-type", b"")), parameters(disposition)
    return Leaf(
        part_id=part_id,
        media_type=media_type,
        type_parameters=type_parameters,
        disposition=disposition.partition(b";")[0].strip().lower().decode("ascii", "replace"),
        filename=shown.get("filename") or type_parameters.get("name") or "",
        content_id=headers.get("content-id", b"").strip().strip(b"<>").decode("utf-8", "replace"),
        content=content,
        related=related,
    )


def _media_type(value: bytes) -> str:
    text = value.partition(b";")[0].strip().lower().decode("ascii", "replace")
    kind, slash, subtype = text.partition("/")
    usable = slash and kind and subtype and not any(c in text for c in " \t\r\n\"'")
    return text if usable else "text/plain"


def _content(part: "Message[str, str]", headers: dict[str, bytes], tree: Tree) -> bytes:
    """Return a leaf's bytes with the transfer encoding removed; an attached message as it stands."""
    payload: Any = part.get_payload()
    if isinstance(payload, list):
        inner = b"".join(child.as_bytes() for child in payload[:1])
        return _decoded(inner, headers, tree) if _encoding(headers) == "base64" else inner
    return _decoded(str(payload or "").encode("utf-8", "surrogateescape"), headers, tree)


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
