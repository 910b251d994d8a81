"""The envelope of S/MIME (CMS, RFC 5652): what kind it is, and the message inside one that is only signed.

Signatures are not checked here: that a message was signed is told, never that the signature is good.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SIGNED = bytes.fromhex("2a864886f70d010702")
ENVELOPED = bytes.fromhex("2a864886f70d010703")
AUTH_ENVELOPED = bytes.fromhex("2a864886f70d0109100117")
DEEPEST = 16
MOST_PIECES = 100_000  # of a content sent in pieces

OID, OCTETS, SEQUENCE, EXPLICIT = 0x06, 0x04, 0x30, 0xA0
CONSTRUCTED = 0x20


class Broken(ValueError):
    """Not BER, or not the structure it should be."""


@dataclass(frozen=True, slots=True)
class _Value:
    tag: int
    start: int  # of its content
    end: int
    after: int  # where the next value begins


def content_of(data: bytes) -> tuple[str, bytes]:
    """Return ("signed", the message inside), ("encrypted", b"") or ("", b"") for anything else."""
    try:
        outer = _value(data, 0, len(data), 0)
        kind, rest = _two(data, outer)
        oid = data[kind.start : kind.end]
        if oid in {ENVELOPED, AUTH_ENVELOPED}:
            return "encrypted", b""
        return ("signed", _signed(data, rest)) if oid == SIGNED else ("", b"")
    except (Broken, IndexError):
        return "", b""


def _signed(data: bytes, explicit: _Value) -> bytes:
    """Return eContent of SignedData: version, digest algorithms, { type, [0] content } ..."""
    for number, part in enumerate(_inside(data, _first(data, explicit))):
        if number == 2:  # noqa: PLR2004 - the third field
            fields = list(_inside(data, part))
            if len(fields) < 2:  # noqa: PLR2004 - a detached signature
                return b""
            return b"".join(_octets(data, _first(data, fields[1]), 0))
    return b""


def _octets(data: bytes, value: _Value, depth: int) -> Iterator[bytes]:
    if not value.tag & CONSTRUCTED:
        yield data[value.start : value.end]
        return
    if depth > DEEPEST:
        raise Broken("nested too deep")
    for number, piece in enumerate(_inside(data, value)):
        if number > MOST_PIECES:
            raise Broken("too many pieces")
        yield from _octets(data, piece, depth + 1)


def _first(data: bytes, value: _Value) -> _Value:
    found = next(_inside(data, value), None)
    if found is None:
        raise Broken("nothing inside")
    return found


def _two(data: bytes, outer: _Value) -> tuple[_Value, _Value]:
    parts = _inside(data, outer)
    first, second = next(parts, None), next(parts, None)
    if outer.tag != SEQUENCE or first is None or second is None or first.tag != OID or second.tag != EXPLICIT:
        raise Broken("no ContentInfo")
    return first, second


def _inside(data: bytes, value: _Value) -> Iterator[_Value]:
    position = value.start
    while position < value.end:
        found = _value(data, position, value.end, 0)
        yield found
        position = found.after


def _value(data: bytes, at: int, end: int, depth: int) -> _Value:
    """Read the tag and length at *at*; a length left open is found by reading what is inside."""
    if depth > DEEPEST or at + 2 > end:
        raise Broken("cut, or nested too deep")
    tag, length, start = data[at], data[at + 1], at + 2
    if length == 0x80:  # noqa: PLR2004 - open: ends with two zero bytes
        position = start
        while data[position : position + 2] != b"\0\0":
            if position >= end:
                raise Broken("never closed")
            position = _value(data, position, end, depth + 1).after
        return _Value(tag, start, position, position + 2)
    if length > 0x80:  # noqa: PLR2004 - so many bytes hold the length
        size = length & 0x7F
        length, start = int.from_bytes(data[start : start + size], "big"), start + size
    if start + length > end:
        raise Broken("longer than what holds it")
    return _Value(tag, start, start + length, start + length)
