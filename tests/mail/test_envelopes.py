"""Envelopes: Outlook's TNEF, signed and encrypted mail."""

import base64
import struct

import pytest

from consumer.mail import cms, tnef
from consumer.mail.rtf import expanded
from infra.local.fuzz.samples import signed
from infra.local.fuzz.samples import tnef as packed

FILES = (b"terms.pdf", b"%PDF-1.4 terms"), (b"plan.txt", b"plan")


def attached(media_type, content):
    return b"Content-Type: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n%s" % (
        media_type,
        base64.encodebytes(content),
    )


TEXT = b"Content-Type: text/plain\r\n\r\nSee attached."


@pytest.mark.parametrize(
    "media_type",
    [b"application/ms-tnef", b"application/vnd.ms-tnef", b"application/octet-stream; name=winmail.dat"],
)
def test_the_files_in_an_outlook_envelope_are_attachments(media_type, read, mixed):
    mail = read(mixed(TEXT, attached(media_type, packed(*FILES))))

    assert [(one.part_id, one.filename, one.content) for one in mail.attachments] == [
        ("1.0", "terms.pdf", b"%PDF-1.4 terms"), ("1.1", "plan.txt", b"plan"),
    ]  # fmt: skip
    assert mail.text.strip() == "See attached."
    assert mail.defects == ("message-id-missing", "date-missing")[::-1]


def test_a_damaged_envelope_stays_beside_what_could_be_read(read, mixed):
    whole = packed(*FILES)
    mail = read(mixed(TEXT, attached(b"application/ms-tnef", whole[:-10])))

    assert [one.filename for one in mail.attachments] == ["", "terms.pdf", "plan.txt"]
    assert mail.attachments[0].content == whole[:-10]
    assert "tnef-broken" in mail.defects


@pytest.mark.parametrize("content", [b"", b"PK", b"\x78\x9f\x3e", packed()])
def test_an_envelope_with_nothing_in_it_is_not_hidden(content, read, mixed):
    mail = read(mixed(TEXT, attached(b"application/ms-tnef", content)))

    assert [one.content for one in mail.attachments] == [content]


def test_every_length_in_an_envelope_may_be_a_lie():
    whole = packed(*FILES)
    for position in range(6, len(whole)):
        for lie in (b"\xff\xff\xff\xff", b"\0\0\0\x80", b"\0\0\0\0"):
            found = tnef.opened(whole[:position] + lie + whole[position + 4 :])
            assert sum(len(file.content) for file in found.files) <= len(whole)


def properties(*values):
    """Pack (id, type, bytes) properties of a message or file."""
    out = struct.pack("<I", len(values))
    for name, kind, value in values:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + bytes(-len(value) % 4)
    return out


def envelope(*attributes):
    out = struct.pack("<IH", 0x223E9F78, 1)
    for level, attribute, value in attributes:
        out += (
            struct.pack("<BII", level, attribute, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
        )
    return out


def test_names_types_and_bodies_come_from_the_properties():
    message = properties((0x1013, 0x0102, b"<p>Hi</p>"), (0x1009, 0x0102, b"\0" * 16))
    file = properties(
        (0x3707, 0x001F, "Änderung.pdf\0".encode("utf-16-le")),
        (0x370E, 0x001E, b"application/pdf\0"),
        (0x3712, 0x001E, b"<a@b>\0"),
    )
    found = tnef.opened(
        envelope(
            (1, 0x69003, message),
            (2, 0x69002, bytes(14)),
            (2, 0x18010, b"NDERUN~1.PDF\0"),
            (2, 0x6800F, b"%PDF"),
            (2, 0x69005, file),
        )
    )

    assert (found.whole, found.html) == (True, "<p>Hi</p>")
    assert [(one.name, one.media_type) for one in found.files] == [
        ("body.rtf", "application/rtf"),
        ("Änderung.pdf", "application/pdf"),
    ]


def test_compressed_rich_text_is_expanded():
    # The example of MS-OXRTFCP 4.1.1.
    compressed = bytes.fromhex(
        "2d0000002b0000004c5a4675f1c5c7a703000a007263706731323542320af32068656c090020627705b06c647d0a800fa0"
    )

    assert expanded(compressed) == b"{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n"


def test_the_message_inside_an_opaque_signature_is_read(read):
    inner = (
        b"Content-Type: multipart/mixed; boundary=in\r\n\r\n--in\r\n"
        + TEXT
        + b"\r\n--in\r\nContent-Type: application/pdf; name=terms.pdf\r\n\r\n%PDF\r\n--in--\r\n"
    )
    mail = read(
        b"From: ada@lp.example\r\n"
        + attached(b"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m", signed(inner))
    )

    assert (mail.sealed, mail.text, [file.filename for file in mail.attachments]) == (
        "signed",
        "See attached.",
        ["terms.pdf"],
    )


def test_a_content_sent_in_pieces_and_without_lengths_is_joined():
    whole = signed(b"Hello, Ada")
    octets = b"\x04\x0aHello, Ada"
    pieces = b"\x24\x80\x04\x05Hello\x04\x05, Ada\x00\x00"
    # Every length around the content is left open too.
    at = whole.index(octets)
    oid = bytes.fromhex("06092a864886f70d010702")
    data = bytes.fromhex("3080 06092a864886f70d010701 a080") + pieces + b"\0\0\0\0"
    opened = b"\x30\x80" + oid + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x00" + data + b"\x31\x00" + b"\0\0" * 3

    assert at > 0
    assert cms.content_of(whole) == cms.content_of(opened) == ("signed", b"Hello, Ada")


@pytest.mark.parametrize(
    "garbage", [b"", b"0", b"0\x80" * 5_000, b"\x30\x84\xff\xff\xff\xff", bytes(999), signed(b"x")[:-9]]
)
def test_what_is_no_such_envelope_stays_a_file(garbage, read, mixed):
    mail = read(mixed(TEXT, attached(b"application/pkcs7-mime", garbage)))

    assert [file.content for file in mail.attachments] == [garbage]


@pytest.mark.parametrize(
    "hollow",
    [
        bytes.fromhex("300d06092a864886f70d010702a000"),
        bytes.fromhex("301b06092a864886f70d010702a00e300c02010131003005060100a000"),
    ],
)
def test_a_hollow_envelope_costs_neither_the_letter_nor_the_file_beside_it(hollow, read, mixed):
    pdf = b"Content-Type: application/pdf; name=terms.pdf\r\n\r\n%PDF"
    mail = read(mixed(TEXT, pdf, attached(b"application/octet-stream; name=x.p7m", hollow)))

    assert mail.text == "See attached."
    assert [file.filename for file in mail.attachments] == ["terms.pdf", "x.p7m"]


def test_an_envelope_nobody_foresaw_stays_a_file_and_says_so(read, mixed, monkeypatch):
    monkeypatch.setattr(cms, "content_of", lambda _: 1 / 0)

    mail = read(mixed(TEXT, attached(b"application/pkcs7-mime; name=smime.p7m", signed(TEXT))))

    assert (mail.text, [file.filename for file in mail.attachments]) == ("See attached.", ["smime.p7m"])
    assert "envelope-failed" in mail.defects


SEALED = {
    "signed S/MIME": (b"Content-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nx", "signed"),
    "signed PGP": (b"Content-Type: application/pgp-signature\r\n\r\nx", "signed"),
    "encrypted PGP": (b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", "encrypted"),
    "armour in the text": (b"Content-Type: text/plain\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nx", "encrypted"),
    "signed text": (b"Content-Type: text/plain\r\n\r\n-----BEGIN PGP SIGNED MESSAGE-----\r\n\r\nx", "signed"),
    "encrypted S/MIME": (attached(b"application/pkcs7-mime", bytes.fromhex("300d06092a864886f70d010703a000")), "encrypted"),
    "nothing": (b"Content-Type: text/plain\r\n\r\nHello", ""),
}  # fmt: skip


@pytest.mark.parametrize("kind", SEALED)
def test_how_a_mail_is_sealed_is_told(kind, read, mixed):
    assert read(mixed(SEALED[kind][0])).sealed == SEALED[kind][1]


def test_an_attached_message_is_one_part_and_its_files_are_its_own(read, mixed):
    inner = mixed(TEXT, attached(b"application/ms-tnef", packed(*FILES)), boundary=b"inner")
    mail = read(mixed(TEXT, b"Content-Type: message/rfc822\r\n\r\n" + inner))

    assert [(file.part_id, file.media_type) for file in mail.attachments] == [("1", "message/rfc822")]


def test_only_so_many_envelopes_are_opened_and_the_others_stay_files(read, mixed):
    mail = read(mixed(*[attached(b"application/ms-tnef", packed((b"a.txt", b"a")))] * 25))

    assert [file.filename for file in mail.attachments] == ["a.txt"] * 20 + [""] * 5
