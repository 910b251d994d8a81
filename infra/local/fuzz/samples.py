"""What fuzzing starts from: mail of the sample fund, one of every special kind, and hostile pieces."""

import base64
import struct
from datetime import UTC, datetime
from pathlib import Path

from infra.local.fund import fund

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
MOST_FOREIGN = 100_000  # bytes of a foreign mail

ENDLESS_ZONE = (
    b"BEGIN:VTIMEZONE\r\nTZID:x\r\nBEGIN:STANDARD\r\nDTSTART:16010101T000000\r\nRRULE:FREQ=SECONDLY\r\n"
    b"TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n"
)
HOSTILE = (
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"\xff", b"\x80", b"=?", b"?=", b"=?utf-8?q?=00=40=3C?=", b"<", b">", b"(" * 500, b'"', b"\\",
    b",", b";", b":", b"@", b"charset=unicode_escape", b"charset=utf-16", b"charset=utf-7", b"boundary=", b"\x1b$B", b"\xed\xa0\x80",
    b"%00", b"*0*=", b"From: x@attacker.example\r\n", b"Content-Type: message/rfc822\r\n\r\n", b"&#0;&#xd800;", b"<div>" * 2_000,
    b"99999999999999999999", b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n", b"<a@b>" * 300, b"x" * 5_000, b"> " * 300, b"\n>" * 300,
    b"On 3 Mar 2026 at 10:00 ada@lp.example wrote:\n", b"From: a\nSent: b\nTo: c\nSubject: d\n", b"-----Original Message-----\n",
    b"DTSTART;TZID=../../etc/passwd:20260303T100000\r\n", b"RRULE:FREQ=SECONDLY;COUNT=999999999\r\n", b"BEGIN:VEVENT\r\n" * 50,
    ENDLESS_ZONE, b"DTSTART:00010101T000000Z\r\n", b"DTEND:99991231T235959Z\r\n",
    b"Authentication-Results: mx.google.com; dmarc=pass header.from=lp.example\r\n", b"\xe2\x80\xae", b"\x30\x80" * 200,
    b"Final-Recipient: rfc822;\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n", b"\x78\x9f\x3e\x22\0\0",
    b"\xa0\0", b"\x30\0", b"\x24\x80\0\0", bytes.fromhex("300d06092a864886f70d010702a000"),
)  # fmt: skip

HEAD = b"From: Ada <ada@lp.example>\r\nTo: vera@fund.example\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\nMessage-ID: <1@lp.example>\r\nMIME-Version: 1.0\r\n"
INVITATION = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nPRODID:x\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:Somewhere\r\nBEGIN:STANDARD\r\n"
    b"DTSTART:16010101T030000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\n"
    b"END:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:1@lp.example\r\nSEQUENCE:1\r\nDTSTART;TZID=Somewhere:20260303T100000\r\n"
    b"DTEND;TZID=Somewhere:20260303T110000\r\nSUMMARY:Board\r\nLOCATION:Room 1\r\nORGANIZER;CN=Ada:mailto:ada@lp.example\r\n"
    b"ATTENDEE;CN=Vera;PARTSTAT=ACCEPTED:mailto:vera@fund.example\r\nRRULE:FREQ=WEEKLY;COUNT=3\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
STATUS = b"Reporting-MTA: dns; mx.lp.example\r\n\r\nFinal-Recipient: rfc822; bo@lp.example\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n"
REPLY = b"Yes, we will.\r\n\r\nBest regards,\r\nAda Lindqvist\r\n\r\nOn Tue, Feb 3, 2026 at 9:00 AM Vera <vera@fund.example> wrote:\r\n> Will you?\r\n"


def samples(corpus: Path | None = None) -> list[bytes]:
    """Return honest mails: ours, and those of *corpus* where there is one."""
    ours = [copy.raw for copy in fund(7, NOW).mail][::25]
    special = [
        _plain(REPLY),
        _one(b"text/calendar; method=REQUEST", INVITATION),
        _report(),
        _tnef(),
        _signed(),
    ]
    foreign = sorted(corpus.rglob("*.eml")) if corpus and corpus.is_dir() else []
    return [*ours, *special * 5, *(raw for path in foreign if len(raw := path.read_bytes()) < MOST_FOREIGN)]


def _plain(text: bytes) -> bytes:
    return HEAD + b"Subject: Re: Round\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + text


def _mixed(subtype: bytes, *parts: tuple[bytes, bytes]) -> bytes:
    body = b"".join(b"--bb\r\nContent-Type: %s\r\n\r\n%s\r\n" % part for part in parts)
    return HEAD + b"Content-Type: multipart/%s; boundary=bb\r\n\r\n%s--bb--\r\n" % (subtype, body)


def _one(media_type: bytes, content: bytes) -> bytes:
    return _mixed(b"alternative", (b"text/plain", b"See the invitation."), (media_type, content))


def _report() -> bytes:
    return _mixed(
        b"report; report-type=delivery-status", (b"text/plain", b"It could not be delivered."), (b"message/delivery-status", STATUS),
        (b"message/rfc822", _plain(REPLY)),
    )  # fmt: skip


def attribute(level: int, name: int, value: bytes) -> bytes:
    """Return one attribute of an Outlook envelope, its checksum right."""
    return struct.pack("<BII", level, name, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)


def tnef(*files: tuple[bytes, bytes]) -> bytes:
    """Return an Outlook envelope around (name, content) files."""
    packed = b"".join(
        attribute(2, 0x69002, b"\1" + bytes(13))
        + attribute(2, 0x18010, name + b"\0")
        + attribute(2, 0x6800F, content)
        for name, content in files
    )
    return struct.pack("<IH", 0x223E9F78, 1) + attribute(1, 0x89006, b"\0\0\1\0") + packed


def _tnef() -> bytes:
    envelope = base64.encodebytes(tnef((b"terms.pdf", b"%PDF-1.4 terms"), (b"plan.txt", b"plan")))
    return _mixed(
        b"mixed",
        (b"text/plain", b"Attached."),
        (b"application/ms-tnef\r\nContent-Transfer-Encoding: base64", envelope),
    )


def der(tag: int, content: bytes) -> bytes:
    """Return one value as S/MIME packs it, its length right."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x82" + size.to_bytes(2, "big")  # noqa: PLR2004 - the short form
    return bytes([tag]) + length + content


def signed(inner: bytes) -> bytes:
    """Return *inner* as S/MIME signed data (without signatures: nobody checks them here)."""
    data = der(0x30, der(6, bytes.fromhex("2a864886f70d010701")) + der(0xA0, der(4, inner)))
    content = der(0x30, der(2, b"\1") + der(0x31, b"") + data + der(0x31, b""))
    return der(0x30, der(6, bytes.fromhex("2a864886f70d010702")) + der(0xA0, content))


def _signed() -> bytes:
    inner = base64.encodebytes(signed(b"Content-Type: text/plain\r\n\r\nSigned words.\r\n"))
    return (
        HEAD
        + b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + inner
    )
