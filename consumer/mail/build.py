"""The tree of parts of a raw message, by the standard library's builder, held to our limits.

The builder's oldest policy is used for the structure alone: it is the one that keeps every byte.
Three of its habits are changed.  It asks a part for its type and boundary by code that takes the
square of a header's length: here they are read from a header cut to its limit.  It compares every
line with the boundary of every open part: here only lines that can be one.  It descends as deep as a
sender likes, and into attached messages: here both are leaves, so that their bytes stay as written.
"""

import re
from collections import deque
from collections.abc import Callable, Iterator
from email import policy
from email.feedparser import FeedParser
from email.message import Message
from typing import Any, cast

from consumer.mail.head import LONGEST_HEADER
from consumer.mail.words import parameters

DEEPEST = 50
OPAQUE = "application/octet-stream"
MEDIA_TYPE = re.compile(rb"\s*[!#-'*+.0-9A-Z^_`a-z{|}~-]+/[!#-'*+./0-9A-Z^_`a-z{|}~-]+(?=[\s;(]|\Z)")
LINE = re.compile(r"[^\n]*\n|[^\n]+")


class Part(Message):
    """A part whose payload is read as it was written."""

    _payload: Any
    depth: int = 0  # of the root

    @property
    def children(self) -> list["Part"] | None:
        """The parts inside, or None for a leaf."""
        return self._payload if isinstance(self._payload, list) else None

    @property
    def written(self) -> bytes:
        """The bytes of a leaf, transfer encoding still on."""
        return str(self._payload or "").encode("utf-8", "surrogateescape")

    def _declared(self) -> bytes:
        values = (str(value) for name, value in self.raw_items() if str(name).lower() == "content-type")
        value = next(values, self.get_default_type())
        return value[:LONGEST_HEADER].encode("utf-8", "surrogateescape")

    def get_content_type(self) -> str:
        """Return the type as the builder may act on it: what it must not enter is called a file."""
        declared = media_type(self._declared())
        if declared.startswith("multipart/"):
            return declared if self.depth < DEEPEST else OPAQUE
        return OPAQUE if declared.startswith("message/") else declared

    def get_boundary(self, failobj: Any = None) -> Any:
        """Return the boundary as the lines of the message have it, or *failobj*."""
        boundary = parameters(self._declared()).get("boundary", "").rstrip()
        return boundary.encode("utf-8", "surrogateescape").decode("ascii", "surrogateescape") or failobj


class _Lines:
    """The builder's input, all of it at hand.  A line ends with LF: a bare CR is part of it."""

    def __init__(self, text: str) -> None:
        self._lines: deque[str] = deque(LINE.findall(text))
        self._ends: list[Callable[[str], object]] = []

    def __iter__(self) -> Iterator[str]:
        return iter(self.readline, "")

    def readline(self) -> str:
        """Return the next line, or "" where the part being read ends.  Only `--` can begin a boundary."""
        if not self._lines:
            return ""
        line = self._lines.popleft()
        if line.startswith("--") and any(ends(line) for ends in reversed(self._ends)):
            self._lines.appendleft(line)
            return ""
        return line

    def unreadline(self, line: str) -> None:
        self._lines.appendleft(line)

    def push_eof_matcher(self, ends: Callable[[str], object]) -> None:
        self._ends.append(ends)

    def pop_eof_matcher(self) -> None:
        self._ends.pop()

    def close(self) -> None:
        """Nothing is left to come."""


class _Builder(FeedParser):
    _msgstack: list[Part]
    _cur: Part

    def __init__(self, text: str) -> None:
        super().__init__(Part, policy=policy.compat32)
        self._input = _Lines(text)

    def _new_message(self) -> None:
        depth = len(self._msgstack)
        super()._new_message()  # type: ignore[misc] # its types leave out what is not public
        self._cur.depth = depth


def build(readable: bytes) -> Part:
    """Build the tree of *readable* (head.readable()); any bytes make one."""
    root: Any = _Builder(readable.decode("ascii", "surrogateescape")).close()
    return cast(Part, root)


def media_type(value: bytes) -> str:
    """Return `type/subtype` of a Content-Type value, lower case; anything else is text/plain."""
    found = MEDIA_TYPE.match(value)
    return found[0].strip().lower().decode("ascii") if found else "text/plain"
