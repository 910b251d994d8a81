"""Envelopes damaged inside, with right lengths and checksums: wrong ones go no further than the door."""

import random
import struct

from infra.local.fuzz.samples import HEAD, attribute, der

SIGNED = der(6, bytes.fromhex("2a864886f70d010702"))
TAGS = (0x02, 0x04, 0x06, 0x24, 0x30, 0x31, 0xA0)
KINDS = (0x0002, 0x0003, 0x000D, 0x001E, 0x001F, 0x0040, 0x0102, 0x1003, 0x101E, 0x0999)
NAMES = (0x1000, 0x1009, 0x1013, 0x3701, 0x3704, 0x3707, 0x370E, 0x3712, 0x8001)
DEEPEST = 5


def enveloped(chance: random.Random) -> bytes:
    """Return a letter with one S/MIME or Outlook envelope nobody has ever sealed."""
    media_type, content = chance.choice(
        ((b"application/pkcs7-mime", _cms), (b"application/ms-tnef", _tnef), (b"application/x", _cms))
    )
    part = b"Content-Type: %s; name=x.p7m\r\nContent-Transfer-Encoding: binary\r\n\r\n%s"
    return HEAD + (
        b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n"
        b"--bb\r\n\r\nSee attached.\r\n--bb\r\n%s\r\n--bb--\r\n" % (part % (media_type, content(chance)))
    )


def _cms(chance: random.Random) -> bytes:
    inside = b"".join(_values(chance, chance.randrange(DEEPEST)))
    if chance.randrange(2):  # the fields up to the content are those of a real one
        content = der(0x30, SIGNED + der(0xA0, inside))
        inside = der(0x30, der(2, b"\1") + der(0x31, b"") + content)
    return der(0x30, SIGNED + der(0xA0, inside))


def _values(chance: random.Random, depth: int) -> list[bytes]:
    return [
        _open(tag, inside) if chance.random() < 0.3 else der(tag, inside)  # noqa: PLR2004 - a third
        for tag in chance.choices(TAGS, k=chance.randrange(4))
        for inside in [
            b"".join(_values(chance, depth - 1)) if depth else chance.randbytes(chance.randrange(9))
        ]
    ]


def _open(tag: int, inside: bytes) -> bytes:
    return bytes([tag, 0x80]) + inside + b"\0\0"


def _tnef(chance: random.Random) -> bytes:
    packed = [
        attribute(level, name, value)
        for level, name in chance.choices(
            (
                (1, 0x69003),
                (1, 0x89007),
                (1, 0x8800C),
                (2, 0x69002),
                (2, 0x69005),
                (2, 0x6800F),
                (2, 0x18010),
            ),
            k=chance.randrange(6),
        )
        for value in [
            _properties(chance) if name in {0x69003, 0x69005} else chance.randbytes(chance.randrange(9))
        ]
    ]
    return struct.pack("<IH", 0x223E9F78, 1) + b"".join(packed)


def _properties(chance: random.Random) -> bytes:
    """Return properties of any kind, now and then with a count or a length that lies."""
    out = struct.pack("<I", chance.choice((0, 1, 3, 9, 0xFFFFFFFF)))
    for _ in range(chance.randrange(5)):
        content = chance.randbytes(chance.choice((0, 1, 4, 8, 16, 24)))
        size = chance.choice((len(content), len(content), len(content), 0, 0xFFFFFFFF))
        out += struct.pack(
            "<HHII", chance.choice(KINDS), chance.choice(NAMES), chance.choice((1, 1, 0, 2)), size
        )
        out += content + bytes(-len(content) % 4)
    return out
