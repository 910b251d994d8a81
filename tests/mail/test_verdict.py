"""Whether a message really comes from its author: the word of our own receiver alone."""

from datetime import UTC, datetime

import pytest

from consumer.mail.parse import parse
from consumer.mail.verdict import Verdict, read

GOOD = b"mx.google.com; dkim=pass header.i=@lp.example header.s=k; spf=pass (google.com: ok) smtp.mailfrom=ada@lp.example; dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=lp.example"
ADA = "ada@lp.example"


def test_our_receivers_verdict_is_read():
    assert read([GOOD], ADA) == Verdict("pass", "pass", "pass", verified=True)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [b""],
        [b"mx.attacker.example; dmarc=pass header.from=lp.example"],
        [b"mx.google.com.attacker.example; dmarc=pass header.from=lp.example"],
        [b"x mx.google.com; dmarc=pass header.from=lp.example"],
        [b"(mx.google.com) mx.attacker.example; dmarc=pass header.from=lp.example"],
        [b'"mx.google.com"; dmarc=pass header.from=lp.example'],
        # Ours is the topmost; a lower one was there before the message came to us.
        [b"mx.google.com; dmarc=fail header.from=lp.example", GOOD],
        [b"mx.google.com; spf=pass smtp.mailfrom=ada@lp.example", GOOD],
        [b"mx.google.com; none", GOOD],
        [b"mx.google.com; spf=fail (dmarc=pass header.from=lp.example) smtp.mailfrom=x"],
        [b"mx.google.com; spf=fail (((; dmarc=pass header.from=lp.example"],
        [b"mx.google.com; spf=fail (\\); dmarc=pass header.from=lp.example) x.y=z"],
        [b'mx.google.com; spf=fail smtp.mailfrom="; dmarc=pass header.from=lp.example"'],
        [b"mx.google.com; dmarc=pass header.from=attacker.example"],
        [b"mx.google.com; dmarc=pass header.from=lp.example.attacker.example"],
        [b"mx.google.com; dmarc=pass header.from=example"],
        [b"mx.google.com; dmarc=pass"],
        [b"mx.google.com; dmarc=passed header.from=lp.example"],
        [b"mx.google.com; dmarc=pass header.from=lp.example; dmarc=fail header.from=lp.example"],
        [b"mx.google.com; dmarc=bestguesspass header.from=lp.example"],
        [b"mx.google.com; xdmarc=pass header.from=lp.example"],
        [b"mx.google.com; dkim=pass header.i=@lp.example; spf=pass smtp.mailfrom=ada@lp.example"],
    ],
)  # fmt: skip
def test_nothing_else_makes_an_author_verified(values):
    assert not read(values, ADA).verified


@pytest.mark.parametrize(
    "value",
    [
        b"MX.Google.com 1; DMARC=Pass header.from=LP.example",
        b"mx.google.com;\r\n       dmarc=pass (p=REJECT sp=REJECT dis=NONE)\r\n header.from=lp.example",
        b"mx.google.com (a; b); dmarc = pass header . from = lp.example.",
        b"mx.google.com; dkim=fail header.i=@x; dkim=pass header.i=@lp.example; dmarc=pass header.from=lp.example;",
    ],
)
def test_every_way_to_write_it_is_read(value):
    assert read([value], ADA).verified


def test_a_forged_header_below_ours_changes_nothing_in_a_whole_mail():
    raw = (
        b"Authentication-Results: mx.google.com; dmarc=fail header.from=lp.example\r\nReceived: x\r\nAuthentication-Results: %s\r\nFrom: ada@lp.example\r\n\r\nx"
        % GOOD
    )
    when = datetime(2026, 11, 1, tzinfo=UTC)

    assert parse(raw, received_at=when).verdict == Verdict("", "", "fail")
    assert parse(raw, received_at=when, receiver="mx.fund.example").verdict == Verdict()


def test_without_one_sure_author_nobody_is_verified(read):
    both = b"Authentication-Results: %s\r\nFrom: ada@lp.example\r\nFrom: ada@lp.example\r\n\r\nx" % GOOD

    assert not read(both).verdict.verified


def test_a_very_long_verdict_is_read_in_linear_time():
    for piece in (b"(", b"a=b ", b'"', b"\\", b"; dmarc=pass", b"spf=pass/1 "):
        assert not read([b"mx.google.com;" + piece * 20_000], ADA).verified
