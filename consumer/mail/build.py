"""The tree of parts of a raw message (RFC 2046), as slices of its bytes.  Linear in time.

Only a line that begins with `--` can be a boundary, so only those are looked at; the rest is sliced.
The rules for damaged mail are those of the standard library's reader, with these differences: types
and boundaries are read from headers cut to their limit, multiparts deeper than any sender needs stay
whole, and so do attached messages: their bytes are kept as they were written.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from consumer.mail.head import LONGEST_HEADER
from consumer.mail.words import parameters

DEEPEST = 50
MOST_PARTS = 1_000
MEDIA_TYPE = re.compile(rb"\s*[!#-'*+.0-9A-Z^_`a-z{|}~-]+/[!#-'*+./0-9A-Z^_`a-z{|}~-]+(?=[\s;(]|\Z)")
HEADER_LINE = re.compile(rb"From |[!-9;-~]*:|[\t ]")
PLAIN_ENCODINGS = frozenset({b"7bit", b"8bit", b"binary"})
DEFAULT, IN_DIGEST = b"text/plain", b"message/rfc822"


@dataclass(slots=True)
class Part:
    """One part: its headers as written, and either parts inside or bytes, transfer encoding still on."""

    depth: int  # 0 for the root
    default_type: bytes  # what it is when it does not say
    headers: list[tuple[str, bytes]] = field(default_factory=list)
    children: list["Part"] | None = None  # None for a leaf
    written: bytes = b""
    broken: bool = False  # its structure is damaged

    @property
    def declared(self) -> bytes:
        """The Content-Type, cut to the limit of a header."""
        values = (value for name, value in self.headers if name.lower() == "content-type")
        return next(values, self.default_type)[:LONGEST_HEADER]


def build(readable: bytes) -> Part:
    """Build the tree of *readable* (head.readable()); any bytes make one."""
    return _Builder(readable).root()


def media_type(value: bytes) -> str:
    """Return `type/subtype` of a Content-Type value, lower case; anything else is text/plain."""
    found = MEDIA_TYPE.match(value)
    return found[0].strip().lower().decode("ascii") if found else "text/plain"


class _Builder:
    """Reads from left to right; *_open* are the boundaries of the multiparts around the place it is at."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0
        self._open: list[bytes] = []
        self._dashes = _dashes(raw)  # where lines begin with --
        self._room = MOST_PARTS + 1  # one too many tells that there are

    def root(self) -> Part:
        part = Part(0, DEFAULT)
        self._read(part)
        return part

    def _read(self, part: Part) -> None:
        """Read one part from here to the boundary that ends it; the boundary is left to be read."""
        self._read_headers(part)
        kind = media_type(part.declared)
        if kind.startswith("multipart/") and part.depth < DEEPEST:
            boundary = parameters(part.declared).get("boundary", "").rstrip()
            encoding = next(
                (value for name, value in part.headers if name.lower() == "content-transfer-encoding"),
                b"8bit",
            )
            part.broken |= not boundary or encoding.strip().lower() not in PLAIN_ENCODINGS
            if boundary:
                self._read_parts(part, boundary.encode("utf-8", "surrogateescape"), kind)
                return
        start, self._at = self._at, self._end()
        part.written = self._raw[start : self._at]

    def _read_headers(self, part: Part) -> None:
        lines = list[bytes]()
        while self._at < len(self._raw):
            stop = self._raw.find(b"\n", self._at) + 1 or len(self._raw)
            line = self._raw[self._at : stop]
            if line.startswith(b"--") and self._ends(line[2:].rstrip(b" \t\r\n")):
                break
            if not HEADER_LINE.match(line):
                if line.strip(b"\r\n"):
                    part.broken = True  # no empty line: the content begins here
                else:
                    self._at = stop
                break
            lines.append(line)
            self._at = stop
        self._split(part, lines)

    def _split(self, part: Part, lines: Sequence[bytes]) -> None:
        """Join folded lines, and split names from values."""
        found = list[tuple[str, list[bytes]]]()
        for number, line in enumerate(lines):
            name, colon, value = line.partition(b":")
            if line[:1] in b" \t":
                part.broken |= not found
                if found:
                    found[-1][1].append(line)
            elif line.startswith(b"From ") and not name.endswith(b"From"):
                part.broken |= bool(number)
                if number and number == len(lines) - 1:  # the first line of the content, more likely
                    self._at -= len(line)
            elif name and colon:
                found.append((name.decode("ascii", "replace"), [value.lstrip(b" \t")]))
            else:
                part.broken = True
        part.headers = [(name, b"".join(value).rstrip(b"\r\n")) for name, value in found]

    def _read_parts(self, part: Part, boundary: bytes, kind: str) -> None:
        begin = self._at
        token = self._next(boundary)
        if token != boundary:  # closed before it was opened, or never opened
            part.broken, part.written = True, self._raw[begin : self._at]
            self._at = self._end()
            return
        part.children, default = [], IN_DIGEST if kind == "multipart/digest" else DEFAULT
        self._open.append(boundary)
        while token == boundary and self._room:
            child = Part(part.depth + 1, default)
            token = self._past_boundaries(boundary)
            self._read(child)
            child.written = _without_end(child.written)
            empty = not (child.headers or child.children or child.written.strip())
            if empty and token != boundary:
                break  # closed right after it was opened
            part.children.append(child)
            self._room -= self._room > 0
            token = self._token()
        self._open.pop()
        part.broken |= bool(self._room) and token != boundary + b"--"
        self._at = self._end()  # what follows the last boundary is nobody's

    def _past_boundaries(self, boundary: bytes) -> bytes:
        """Step over the boundary here and those right behind it; return the last one, open or closing.

        What follows a closing one there is read too: other readers show it.
        """
        token = self._token()
        while self._token() in {boundary, boundary + b"--"}:
            token = self._token()
            self._at = self._raw.find(b"\n", self._at) + 1 or len(self._raw)
        return token

    def _next(self, boundary: bytes) -> bytes:
        """Go to the next line that is *boundary*, open or closing, or ends what is around; return it."""
        for number in range(bisect_left(self._dashes, self._at), len(self._dashes)):
            self._at = self._dashes[number]
            token = self._token()
            if self._ends(token) and not (token == boundary and token not in self._open):
                return b""  # but `--a--` opens a multipart of boundary `a--`, and closes none of boundary `a`
            if token in {boundary, boundary + b"--"}:
                return token
        self._at = len(self._raw)
        return b""

    def _end(self) -> int:
        """Return where the next boundary of what is around begins."""
        if not self._open:
            return len(self._raw)
        for number in range(bisect_left(self._dashes, self._at), len(self._dashes)):
            if self._ends(self._token(self._dashes[number])):
                return self._dashes[number]
        return len(self._raw)

    def _ends(self, token: bytes) -> bool:
        return token in self._open or (token.endswith(b"--") and token[:-2] in self._open)

    def _token(self, place: int = -1) -> bytes:
        """Return what follows -- on the line at *place*, or here; b"" when it is no such line."""
        place = self._at if place < 0 else place
        if not self._raw.startswith(b"--", place):
            return b""
        stop = self._raw.find(b"\n", place)
        return self._raw[place + 2 : len(self._raw) if stop < 0 else stop].rstrip(b" \t\r\n")


def _dashes(raw: bytes) -> list[int]:
    found = [0] if raw.startswith(b"--") else []
    place = raw.find(b"\n--")
    while place >= 0:
        found.append(place + 1)
        place = raw.find(b"\n--", place + 1)
    return found


def _without_end(content: bytes) -> bytes:
    """Take off the line end before a boundary: it belongs to the boundary."""
    for end in (b"\r\n", b"\n", b"\r"):
        if content.endswith(end):
            return content[: -len(end)]
    return content
