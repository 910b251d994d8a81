"""A raw message as its tree of MIME parts.  Survives any bytes; decodes nothing until asked."""

import binascii
import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from functools import cached_property

from infra.local.google.heads import printable, shown, split_head

DEEPEST = 30  # levels below which a container is shown as one opaque part
MOST_PARTS = 10_000  # of one container
LONGEST_HEADER = 10_000  # characters read for parameters: the standard library takes the square of it
ODD = (LookupError, ValueError, TypeError, AttributeError, AssertionError, RecursionError)


@dataclass(frozen=True)
class Part:
    """One part: its head, its body as transferred, and what it contains."""

    headers: tuple[tuple[str, str], ...]
    body: bytes
    children: tuple["Part", ...] = ()

    @cached_property
    def media_type(self) -> str:
        """type/subtype in lower case; text/plain when there is none."""
        return _only(self.header("content-type") or "text/plain").get_content_type()

    @cached_property
    def filename(self) -> str:
        """The decoded file name from either header; empty for body parts."""
        for name, key in (("content-disposition", "filename"), ("content-type", "name")):
            value = _parameter(self.header(name), key)
            if value:
                return shown(value)
        return ""

    @cached_property
    def charset(self) -> str:
        """The declared charset, in lower case; empty when there is none."""
        return _parameter(self.header("content-type"), "charset").strip().lower()

    @cached_property
    def content(self) -> bytes:
        """The body without its transfer encoding."""
        return decoded(self.body, self.header("content-transfer-encoding"))

    def header(self, name: str) -> str:
        """Return the first value of a header, empty when it is missing."""
        return next((value for key, value in self.headers if key.lower() == name), "")

    def walk(self) -> Iterator["Part"]:
        """Yield the parts in reading order, not those of forwarded messages."""
        yield self
        if self.media_type != "message/rfc822":
            for child in self.children:
                yield from child.walk()

    def at(self, part_id: str) -> "Part | None":
        """Return the part with a partId ("" is the root, "0.1" the second of the first)."""
        here = self
        for step in part_id.split(".") if part_id else ():
            if not step.isdecimal() or int(step) >= len(here.children):
                return None
            here = here.children[int(step)]
        return here


def parse(raw: bytes, depth: int = 0) -> Part:
    """Take a message (or one part of it) apart."""
    headers, body = split_head(raw)
    part = Part(tuple(headers), body)
    if depth >= DEEPEST:
        return part
    if part.media_type == "message/rfc822":
        return Part(part.headers, body, (parse(part.content, depth + 1),))
    if part.media_type.startswith("multipart/"):
        boundary = _boundary(part.header("content-type"))
        pieces = _pieces(body, boundary) if boundary else []
        return Part(part.headers, body, tuple(parse(piece, depth + 1) for piece in pieces))
    return part


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Cut a container at its boundary lines; without the closing one the last piece goes to the end."""
    line = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?=\r?\n|\Z)")
    pieces, start = [], None
    for mark in line.finditer(body):
        if start is not None:
            pieces.append(body[start : mark.start()])
        start = None if mark[1] else mark.end()
        if mark[1] or len(pieces) >= MOST_PARTS:
            break
    if start is not None:
        pieces.append(body[start:])
    return [re.sub(rb"\A\r?\n", b"", piece, count=1) for piece in pieces]


def decoded(body: bytes, encoding: str) -> bytes:
    """Undo a transfer encoding; what cannot be undone stays as it is."""
    match encoding.strip().lower():
        case "base64":
            return _base64(body)
        case "quoted-printable":
            return quopri.decodestring(body)
        case _:
            return body


def _base64(body: bytes) -> bytes:
    """Decode up to the padding, whatever stands between the letters and however the end was cut."""
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", body.partition(b"=")[0])
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _boundary(content_type: str) -> bytes:
    """Return a container's boundary, byte by byte as it stands in the head."""
    bytewise = content_type.encode("utf-8", "surrogateescape").decode("latin-1")
    return _parameter(bytewise, "boundary").rstrip().encode("latin-1", "replace")


def _only(value: str) -> "Message[str, str]":
    """Return a message of one header: the standard library's way to read its parameters."""
    message: Message[str, str] = Message()
    message["Content-Type"] = printable(value[:LONGEST_HEADER])
    return message


def _parameter(value: str, name: str) -> str:
    """Return one parameter of a header, RFC 2231 undone; empty when missing or beyond reading."""
    try:
        return collapse_rfc2231_value(_only(value).get_param(name, "") or "") if value else ""
    except ODD:
        return ""
