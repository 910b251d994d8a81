"""Mail made to exhaust its reader.  Without limits each of these takes minutes; the folder's time is the proof."""

from time import process_time

import pytest

from consumer.parsing import Parsers
from tests.parser.conftest import NOW

KIB = 1024
HEAD = b"From: ada@lp.example\r\nSubject: bomb\r\n"


def nested(depth):
    part = b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
    return b"".join(part % (level, level) for level in range(depth)) + b"\r\ntext"


HTML = b"Content-Type: text/html\r\n\r\n"
CALENDAR = b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\n"
QUOTATION = b"\nOn 1 Nov 2026 at 10:00 Ada <ada@lp.example> wrote:\n> hi\n"
BOMBS = {
    "60 KB of unclosed tags": HTML + b"<a " * 20 * KIB,
    "comments never closed": HTML + b"<!--" * 50_000,
    "deep elements": HTML + b"<div>" * 100_000 + b"text",
    "deep tables": HTML + b"<table><tr><td>" * 20_000,
    "unclosed formatting": HTML + b"<p><b><i><u>" * 20_000,
    "attributes": HTML + b"<a " + b"x=y " * 200_000 + b">",
    "entities": HTML + b"&lt;&amp" * 200_000,
    "ten thousand headers": b"".join(b"X-%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
    "one header of a megabyte": b"X: " + b"a" * KIB * KIB + b"\r\n\r\n",
    "folded for ever": b"X: a" + b"\r\n " * 300_000 + b"\r\n\r\n",
    "parts in parts": nested(5_000),
    "parts in parts, just too deep": nested(60),
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 5_000,
    "too many parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 5_000,
    "too many addresses": b"To: " + b"\r\n ".join(b"a%d@x.example," % n for n in range(100_000)) + b"\r\n\r\n",
    "many headers of addresses": b"".join(b"To: a%d@x.example, b%d@x.example\r\n" % (n, n) for n in range(5_000)) + b"\r\n",
    "nested comments": b"To: " + b"(" * 60_000 + b"\r\nCc: " + b"()" * 30_000 + b"\r\n\r\n",
    "no address at all": b"To: " + b"a" * 64_000 + b"\r\nCc: " + b"@" * 64_000 + b"\r\nBcc: " + b"<" * 64_000 + b"\r\n\r\n",
    "quotes": b"To: " + b'"' * 64_001 + b"\r\nCc: " + b'\\"' * 32_000 + b"\r\nBcc: " + b'"a"@' * 16_000 + b"\r\n\r\n",
    "dots": b"To: a@" + b"a." * 32_000 + b"\r\nCc: \xc3\xa9@" + b"\xc3\xa9" * 16_000 + b"\r\n\r\n",
    "encoded words": b"X: y\r\nTo: " + b"=?utf-8?q?a?= " * 4_000 + b"\r\nCc: " + b"=?" * 32_000 + b"\r\n\r\n",
    "encoded words never closed": b"To: " + b"=?a?q?" * 10_000 + b"\r\nBcc: " + b"?= " * 20_000 + b"\r\n\r\n",
    "parameters": b"Content-Type: text/plain" + b"; a*0=b" * 8_000 + b"\r\n\r\n",
    "parameters never closed": b'Content-Type: text/plain; a="' + b'\\";b="' * 9_000 + b"\r\n\r\n",
    "spaces in parameters": b"Content-Type: text/plain;" + b" " * 60_000 + b";\t" * 30_000 + b"x\r\n\r\n",
    "references": b"References: " + b"".join(b"<%d@b>" % n for n in range(8_000)) + b"\r\nIn-Reply-To: " + b"<" * 64_000 + b"\r\n\r\n",
    "ids": b"Message-ID: <" + b"i" * 64_000 + b"\r\n\r\n",
    "base64 garbage": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"A=?!\xff\n" * 200_000,
    "quoted-printable garbage": b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\n=ZZ" * 200_000,
    "uuencode garbage": b"Content-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\n" + b"M" * 60 * KIB,
    "three megabytes of text": b"\r\n" + b"text " * 600 * KIB,
    "three megabytes of HTML": HTML + b"<p>text</p>" * 300 * KIB,
    "lines of one character": b"\r\n" + b"\n" * 1_000_000,
    "broken head": b"x\r\n" * 100_000 + b"\r\n",
}  # fmt: skip


# Each of these was found in a pattern of ours that tried the same characters again and again.
SQUARES = {
    "zones never closed": CALENDAR + b"BEGIN:VTIMEZONE\r\n" * 15_000,
    "zones of a folded name": CALENDAR + b"BEGIN:VTIME\r\n ZONE\r\n" * 15_000,
    "months in a date": b"Date: Mon, 2 Nov 2026 10:00:00 +0000 (" + b"jan" * 20_000 + b")\r\n\r\n",
    "a rule above a quotation": b"\r\nHello\n" + b"*" * 60_000 + b"x" + QUOTATION,
    "blanks behind forwarded by": b"\r\n" + (b"-- forwarded by x" + b" " * 270 + b"x\n") * 1_000,
    "zeros in a style": HTML + b'<p style="opacity:%s x">a</p>' % (b"0" * 3_900) * 250,
}  # fmt: skip
FAST = 3.0  # seconds of this process: ten times what each needs; without the cure they take six to sixty


@pytest.mark.parametrize("name", SQUARES)
def test_no_pattern_tries_the_same_characters_again_and_again(name, read, sound):
    began = process_time()
    mail = sound(read(HEAD + SQUARES[name]))

    assert process_time() - began < FAST
    assert (mail.author.address, mail.subject) == ("ada@lp.example", "bomb")


def test_a_report_made_to_be_read_slowly_is_read_fast(read, sound):
    report = b"From: MAILER-DAEMON@lp.example\r\nSubject: Undelivered mail returned to sender\r\n\r\n"
    began = process_time()
    mail = sound(read(report + b"-" * 60 + b"original" + b" " * 60_000 + b"x\n"))

    assert mail.kind == "delivery_report"
    assert process_time() - began < 1


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_its_own_mail_and_no_more(name, read, sound):
    mail = sound(read(HEAD + BOMBS[name]))

    assert (mail.author.address, mail.subject) == ("ada@lp.example", "bomb")


@pytest.mark.parametrize(
    "form",
    [
        b"(" * 60_000, b'\\"' * 30_000 + b"<a@b.example>", b"a" * 60_000, b"<" * 60_000, b'"' * 60_001,
        b"a@b," * 15_000, b'"a" ' * 15_000 + b"<a@b.example>", b"=?utf-8?q?a?=" * 4_500, b"@" * 60_000, b":;" * 30_000,
        b'"' + b'\\"' * 31_000 + b'"@x.example', b'"' + b'\\"' * 31_000 + b'"@x.example <a@b.example>',
    ],
)  # fmt: skip
def test_a_bomb_in_from_is_read_in_linear_time(form, read, sound):
    began = process_time()
    sound(read(b"From: " + form + b"\r\n\r\n"))

    assert process_time() - began < 1  # second of this process


@pytest.mark.parametrize(
    ("name", "defect"),
    [
        ("ten thousand headers", "header-limit"), ("one header of a megabyte", "header-limit"),
        ("parts in parts", "depth-limit"), ("parts in parts, just too deep", "depth-limit"),
        ("too many parts", "part-limit"), ("too many addresses", "address-limit"),
        ("references", "references-limit"), ("ids", "message-id-broken"), ("base64 garbage", "base64-broken"),
        ("three megabytes of text", "text-limit"), ("three megabytes of HTML", "html-limit"),
        ("many headers of addresses", "address-limit"), ("broken head", "structure-broken"),
    ],
)  # fmt: skip
def test_what_was_cut_is_said(name, defect, read):
    assert defect in read(HEAD + BOMBS[name]).defects


@pytest.mark.parametrize(("over", "read_whole"), [(0, True), (1, False), (99 * 5_000, False)])
def test_of_a_message_over_the_limit_only_the_head_is_read(over, read_whole):
    head = b"Authentication-Results: mx.relay.example; dmarc=pass header.from=lp.example\r\nFrom: ivy@lp.example\r\nSubject: deck\r\n\r\n"
    raw = head + b"x" * (5_000 + over - len(head))

    with Parsers(1, "mx.relay.example", largest=5_000) as children:
        mail = children.parse([(raw, NOW)])[0]

    assert (mail.author.address, mail.subject, mail.verdict.verified) == ("ivy@lp.example", "deck", True)
    assert bool(mail.text) is read_whole
    assert ("message-limit" in mail.defects) is not read_whole
