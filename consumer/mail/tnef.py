"""TNEF, the envelope in which Outlook hides attachments ("winmail.dat"): a strict reader (MS-OXTNEF).

No library: the one there is has not been kept up, and trusts the lengths a sender wrote.  Every length
is checked here against what is left, and nothing is read twice.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from consumer.mail.rtf import expanded
from consumer.mail.text import decode

SIGNATURE = 0x223E9F78
MOST_FILES = 200
MOST_PROPERTIES = 2_000

# Attributes of the file itself (MS-OXTNEF 2.1.3.3), by their low word.
BODY, TITLE, DATA, MAPI, RENDERED, ATTACH_MAPI, CODEPAGE = (
    0x800C,
    0x8010,
    0x800F,
    0x9003,
    0x9002,
    0x9005,
    0x9007,
)
# Properties of a message or a file (MS-OXPROPS), by their id.
LONG_NAME, SHORT_NAME, FILE_DATA, CONTENT_ID, MEDIA_TYPE = 0x3707, 0x3704, 0x3701, 0x3712, 0x370E
HTML, RTF, PLAIN = 0x1013, 0x1009, 0x1000
FIXED = {
    0x0002: 2,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 2,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
SIZED = frozenset({0x000D, 0x001E, 0x001F, 0x0102})


class Broken(ValueError):
    """The envelope is damaged, or none."""


@dataclass(slots=True)
class File:
    """One attachment as Outlook packed it."""

    name: str = ""
    media_type: str = ""
    content_id: str = ""
    content: bytes = b""


@dataclass(slots=True)
class Opened:
    """What the envelope holds."""

    files: list[File] = field(default_factory=list)
    html: str = ""
    text: str = ""
    whole: bool = True  # False when its end could not be read


def opened(data: bytes) -> Opened:
    """Open *data*; raises Broken when it is no TNEF at all, and otherwise returns what could be read."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != SIGNATURE:  # noqa: PLR2004 - signature and key
        raise Broken("no TNEF signature")
    found, codepage = Opened(), "cp1252"
    try:
        for level, attribute, value in _attributes(data):
            if attribute == CODEPAGE and len(value) >= 4:  # noqa: PLR2004 - a 32-bit number
                codepage = f"cp{struct.unpack_from('<I', value)[0]}"
            elif attribute == RENDERED:
                found.files.append(File())
            elif level == 2 and found.files:  # noqa: PLR2004 - attachments
                _file(found.files[-1], attribute, value, codepage)
            elif attribute == BODY:
                found.text = _text(value, codepage)
            elif attribute == MAPI:
                _message(found, value, codepage)
            if len(found.files) > MOST_FILES:
                found.whole = False
                break
    except (Broken, struct.error):
        found.whole = False
    found.files = [one for one in found.files[:MOST_FILES] if one.content or one.name]
    return found


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (level, id, value) of each attribute, its checksum checked."""
    position = 6
    while position < len(data):
        if position + 9 > len(data):
            raise Broken("cut inside an attribute")
        level, attribute, length = struct.unpack_from("<BII", data, position)
        position += 9
        value = data[position : position + length]
        if level not in {1, 2} or len(value) < length or position + length + 2 > len(data):
            raise Broken("an attribute longer than the file")
        if struct.unpack_from("<H", data, position + length)[0] != sum(value) & 0xFFFF:
            raise Broken("a checksum that does not fit")
        yield level, attribute & 0xFFFF, value
        position += length + 2


def _file(file: File, attribute: int, value: bytes, codepage: str) -> None:
    if attribute == TITLE:
        file.name = file.name or _text(value, codepage)
    elif attribute == DATA:
        file.content = value
    elif attribute == ATTACH_MAPI:
        for name, kind, content in _properties(value):
            text = _string(kind, content, codepage)
            if name == LONG_NAME:
                file.name = text or file.name
            elif name == SHORT_NAME:
                file.name = file.name or text
            elif name == CONTENT_ID:
                file.content_id = text
            elif name == MEDIA_TYPE:
                file.media_type = text
            elif name == FILE_DATA and not file.content:
                # An embedded message carries the id of its interface before its bytes.
                file.content = content[16:] if kind == 0x000D else content  # noqa: PLR2004


def _message(found: Opened, value: bytes, codepage: str) -> None:
    for name, kind, content in _properties(value):
        if name == HTML:
            found.html = _string(0x001F, content, codepage) if kind == 0x001F else _text(content, codepage)  # noqa: PLR2004
        elif name == PLAIN and not found.text:
            found.text = _string(kind, content, codepage)
        elif name == RTF:
            found.files.append(File("body.rtf", "application/rtf", content=expanded(content)))


def _properties(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (id, type, bytes) of each property (MS-OXTNEF 2.1.3.4); several values of one are skipped."""
    (count,) = struct.unpack_from("<I", data)
    position = 4
    for _ in range(min(count, MOST_PROPERTIES)):
        kind, name = struct.unpack_from("<HH", data, position)
        position += 4
        if name >= 0x8000:  # noqa: PLR2004 - named: a GUID, then a number or a string
            position = _past_name(data, position)
        several, kind = kind & 0x1000, kind & 0x0FFF
        values, position = _values(data, position, kind, bool(several))
        if values and not several:
            yield name, kind, values[0]


def _past_name(data: bytes, position: int) -> int:
    (kind,) = struct.unpack_from("<I", data, position + 16)
    if kind == 0:
        return position + 24
    length: int = struct.unpack_from("<I", data, position + 20)[0]
    return position + 24 + length + -length % 4


def _values(data: bytes, position: int, kind: int, several: bool) -> tuple[list[bytes], int]:
    count = 1
    if several or kind in SIZED:
        (count,) = struct.unpack_from("<I", data, position)
        position += 4
    if count > MOST_PROPERTIES:
        raise Broken("too many values")
    values = []
    for _ in range(count):
        if kind in SIZED:
            (length,) = struct.unpack_from("<I", data, position)
            position += 4
        elif kind in FIXED:
            length = FIXED[kind]
        else:
            raise Broken("a property of no known type")
        if position + length > len(data):
            raise Broken("a property longer than its attribute")
        values.append(data[position : position + length])
        position += length + -length % 4
    return values, position


def _string(kind: int, content: bytes, codepage: str) -> str:
    if kind == 0x001F:  # noqa: PLR2004 - UTF-16
        return content.decode("utf-16-le", "replace").partition("\0")[0]
    return _text(content, codepage)


def _text(content: bytes, codepage: str) -> str:
    return decode(content.partition(b"\0")[0], {"cp65001": "utf-8"}.get(codepage, codepage))[0]
