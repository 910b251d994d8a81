"""Heads that readers disagree about: none of ours hides an author, invents a header, or loses the text."""

from datetime import UTC, datetime

import pytest

from consumer.mail.gmail_json import mail_of
from consumer.mail.head import LARGEST_HEAD, LONGEST_HEADER
from consumer.mail.parse import opaque

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
KIB = 1024


def addresses(mail, role):
    return [person.address for person in mail.participants if person.role == role]


@pytest.mark.parametrize("tail", [b"", b"\r\nMore\r\n", b"\r\nTo: x@y.example\r\n"])
def test_a_text_that_begins_without_an_empty_line_is_the_text(tail, read):
    mail = read(b"From: ada@lp.example\r\nSubject: s\r\nDear Vera\r\nNote: call me\r\nAda\r\n" + tail)

    assert mail.text.startswith("Dear Vera\nNote: call me\nAda\n")
    assert addresses(mail, "from") == ["ada@lp.example"]
    assert "structure-broken" in mail.defects


def test_a_doubled_cr_is_one_line_end(read, mixed):
    raw = mixed(b"Content-Type: text/plain\r\n\r\nDear\r\nVera", b"Content-Type: image/png\r\n\r\nx")

    mail = read(raw.replace(b"\r\n", b"\r\r\n"))

    assert mail.text == "Dear\nVera"
    assert [file.media_type for file in mail.attachments] == ["image/png"]


def test_a_lone_cr_makes_no_header(read):
    mail = read(b"From: ada@lp.example\r\nSubject: a\rTo: contact@known.example\r\n\r\ntext")

    assert (addresses(mail, "to"), mail.subject) == ([], "aTo: contact@known.example")


def test_a_type_without_its_semicolon_still_has_its_boundary(read):
    mail = read(
        b'Content-Type: multipart/mixed\r\n\tboundary="b"\r\n\r\n--b\r\nContent-Type: image/png\r\n\r\nx\r\n--b--'
    )

    assert [file.media_type for file in mail.attachments] == ["image/png"]


def test_a_from_too_long_to_read_is_nobody(read):
    mail = read(b"From: contact@known.example" + b" " * LONGEST_HEADER + b"<x@attacker.example>\r\n\r\n")

    assert mail.author is None
    assert {"author-ambiguous", "header-limit"} <= set(mail.defects)


@pytest.mark.parametrize("filler", [b"X: y\r\n" * 1_000, (b"X: " + b"y" * 60 * KIB + b"\r\n") * 9])
def test_a_second_from_beyond_the_limits_is_not_overlooked(filler, read):
    mail = read(b"From: contact@known.example\r\n" + filler + b"From: x@attacker.example\r\n\r\n")

    assert mail.author is None
    assert {"from-repeated", "header-limit"} <= set(mail.defects)


def test_headers_are_held_to_one_limit_together(read):
    count = LARGEST_HEAD // (60 * KIB)
    honest = b"".join(b"Cc: a%d@lp.example,%s\r\n" % (n, b" " * 60 * KIB) for n in range(count + 5))

    assert len(addresses(read(honest + b"\r\n"), "cc")) == count


def test_a_mail_that_kills_its_reader_is_still_known_by_its_head():
    """Else it would match nobody, and be let go unread."""
    raw = b"From: Ada <ada@lp.example>\r\nTo: vera@fund.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n folded\r\n\r\ntext"

    mail = opaque(raw, received_at=NOW, defect="parse-died")

    assert (mail.author.address, addresses(mail, "to"), mail.subject) == (
        "ada@lp.example", ["vera@fund.example"], "Grüße folded",
    )  # fmt: skip
    assert (mail.text, mail.attachments) == ("", ())
    assert "parse-died" in mail.defects


@pytest.mark.parametrize("raw", [b"", b"\0", b"\r\n\r\n", b"From: " + b"(" * 200_000, b"\xff" * 700_000])
def test_any_bytes_are_known_by_what_head_they_have(raw):
    assert "parse-too-slow" in opaque(raw, received_at=NOW, defect="parse-too-slow").defects


def test_gmails_own_reading_is_held_to_the_same_limits():
    headers = [{"name": "To", "value": f"a{number}@lp.example"} for number in range(2_000)]

    mail = mail_of({"payload": {"headers": headers}}, otherwise=NOW)

    assert len(addresses(mail, "to")) == 1_000
    assert "header-limit" in mail.defects


@pytest.mark.parametrize(
    ("written", "identifier"), [(b"<a\r\n b@x>", "ab@x"), (b"a@x", "a@x"), (b"Your mail <a@x>", "a@x")]
)
def test_a_reply_finds_the_message_whose_id_was_damaged_alike(written, identifier, read):
    mail = read(b"Message-ID: " + written + b"\r\nIn-Reply-To: " + written + b"\r\n\r\n")

    assert (mail.message_id, mail.in_reply_to) == (identifier, (identifier,))
