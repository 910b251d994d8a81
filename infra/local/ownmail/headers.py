"""A simple reading of a message's header: whatever the bytes are, it answers and never raises."""

import re
from datetime import UTC, datetime
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parsedate_to_datetime

MOST = 256 * 1024  # octets of header looked at
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_FOLD = re.compile(rb"(?:\r\n|\n|\r)(?=[ \t])")
# Bounded, so that no header can make the search for an end take long.
_SPACE = re.compile(rb"\s")
_QUOTED = re.compile(r'"(?:\\.|[^"\\]){0,500}"')
_COMMENT = re.compile(r"\([^()]*\)")
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bBqQ]\?[^?]*\?=")
_ADDRESS = re.compile(r"[^\s<>()\[\]\\,;:@\"]{1,128}@[^\s<>()\\,;:@\"]{1,255}")
_ANGLES = re.compile(r"<([^<>]*)>")

Fields = dict[str, list[str]]


def fields(raw: bytes) -> Fields:
    """Return the header's values by lower-case name, in order, folds joined."""
    head = header_block(raw[:MOST])
    found: Fields = {}
    for line in _FOLD.sub(b"", head).splitlines():
        name, colon, value = line.partition(b":")
        # A name with white space around it is read differently by every program: here it is no header.
        if colon and name and not _SPACE.search(name):
            found.setdefault(name.decode("latin-1").lower(), []).append(_text(value))
    return found


def header_block(raw: bytes) -> bytes:
    """Return what stands before the first empty line."""
    end = _BLANK_LINE.search(raw)
    return raw[: end.start()] if end else raw


def _text(value: bytes) -> str:
    try:
        return value.strip().decode()
    except UnicodeDecodeError:
        return value.strip().decode("latin-1")


def addresses(value: str) -> list[str]:
    """Return every address of a list header, lower case; display names cannot add any."""
    bare = _bare(value)
    return [plain(found) for found in _ADDRESS.findall(bare)]


def sender(found: Fields) -> str | None:
    """Return the author's address, or None when the header leaves any doubt who that is."""
    values = found.get("from", [])
    if len(values) != 1:
        return None
    bare = _bare(values[0])
    in_angles = _ANGLES.findall(bare)
    if len(in_angles) > 1 or _COMMENT.search("".join(_ANGLES.findall(values[0]))):
        return None
    candidates = _ADDRESS.findall(in_angles[-1]) if in_angles else _ADDRESS.findall(bare)
    return plain(candidates[0]) if len(candidates) == 1 else None


def _bare(value: str) -> str:
    """Drop what a display name may hold: quoted strings, encoded words, comments."""
    for pattern in (_QUOTED, _ENCODED_WORD, _COMMENT):
        value = pattern.sub(" ", value)
    return value


def plain(address: str) -> str:
    """Return the address in lower case and without its plus-tag."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain.rstrip('.')}"


def moment(value: str) -> datetime | None:
    """Return a header's date in UTC, or None when it is none."""
    try:
        read = parsedate_to_datetime(value)
        return (read if read.tzinfo else read.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def decoded(value: str) -> str:
    """Return *value* with its encoded words decoded; what cannot be decoded stays."""
    try:
        pieces = decode_header(value)
        return "".join(p if isinstance(p, str) else p.decode(charset or "latin-1") for p, charset in pieces)
    except (HeaderParseError, LookupError, ValueError):
        return value
