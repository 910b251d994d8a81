"""Small real files to attach: a PDF a viewer opens, a spreadsheet, an invitation, a picture."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from random import Random

COMPANIES = ("Loomwise", "Tidepool Robotics", "Saffron Grid", "Quillbox", "Northlight Bio", "Heronworks")

_PAGE = (
    b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 5 0 R"
    b" /Resources << /Font << /F1 4 0 R >> >> >>"
)


def pdf(title: str, lines: Sequence[str]) -> bytes:
    """Return one page in Helvetica; letters outside Latin-1 are left out, the font has none of them."""
    text = [b"BT /F1 16 Tf 56 780 Td (" + _pdf_text(title) + b") Tj /F1 10 Tf 0 -12 Td"]
    text += [b"0 -15 Td (" + _pdf_text(line) + b") Tj" for line in lines]
    stream = b"\n".join([*text, b"ET"])
    return _pdf_file(
        [
            b"<< /Type /Catalog /Pages 2 0 R >>",
            b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            _PAGE,
            b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
            b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        ]
    )


def _pdf_text(text: str) -> bytes:
    latin = text.encode("latin-1", "ignore")
    return latin.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _pdf_file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, start=1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def spreadsheet(rng: Random) -> bytes:
    """Return the portfolio as CSV, numbers drawn from *rng*."""
    rows = ["company,cost,value,multiple"]
    for company in COMPANIES:
        cost = rng.randrange(5, 60) * 100_000
        value = cost * rng.randrange(70, 260) // 100
        rows.append(f"{company},{cost},{value},{value / cost:.2f}")
    return ("\r\n".join(rows) + "\r\n").encode()


@dataclass(frozen=True, slots=True)
class Meeting:
    """What an invitation says."""

    title: str
    start: datetime  # aware, UTC; it lasts an hour
    organizer: str
    attendees: tuple[str, ...]
    uid: str
    stamp: datetime  # when it was written: aware, UTC


def invitation(meeting: Meeting) -> bytes:
    """Return the meeting as an iCalendar request."""
    lines = [
        "BEGIN:VCALENDAR",
        "PRODID:-//Alder Fund//Sample//EN",
        "VERSION:2.0",
        "CALSCALE:GREGORIAN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"DTSTART:{meeting.start:%Y%m%dT%H%M%SZ}",
        f"DTEND:{meeting.start + timedelta(hours=1):%Y%m%dT%H%M%SZ}",
        f"DTSTAMP:{meeting.stamp:%Y%m%dT%H%M%SZ}",
        f"ORGANIZER:mailto:{meeting.organizer}",
        f"UID:{meeting.uid}",
        *(f"ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:{address}" for address in meeting.attendees),
        "SEQUENCE:0",
        "STATUS:CONFIRMED",
        f"SUMMARY:{_ics_text(meeting.title)}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return "".join(_ics_fold(line) for line in lines).encode()


def _ics_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace(",", "\\,").replace(";", "\\;")


def _ics_fold(line: str) -> str:
    # A line may hold 75 octets; 24 characters are at most 72 of them in every script written here.
    width = 73 if line.isascii() else 24
    return "\r\n ".join(line[at : at + width] for at in range(0, len(line), width)) + "\r\n"


@cache
def picture(width: int, height: int, tint: int) -> bytes:
    """Return a PNG: a soft gradient in one of 256 tints."""
    rows = b"".join(
        b"\x00"
        + b"".join(bytes((tint, 90 + 150 * x // width, 200 - 120 * y // height)) for x in range(width))
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(kind, body) for kind, body in chunks)


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
