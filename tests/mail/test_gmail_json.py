"""A message read from Gmail's JSON is the same as read from its raw bytes, or says that it may not be."""

import random
from datetime import UTC, datetime
from email.header import Header

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from consumer.mail.gmail_json import UNCERTAIN, mail_of
from consumer.mail.parse import parse
from consumer.parsing import Parsers
from infra.local.google import tree
from infra.local.google.payload import Manner, full

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
MANNER = Manner(transcode=True, untouched=frozenset(), most_inline=100_000, padding="always")

ADDRESSES = st.sampled_from(
    ["ivy@lp.example", "mal@rival.example", "ada@fund.test", '"a.b"@lp.example', "x+y@sub.lp.example"]
)
TRICKS = st.sampled_from(
    [
        "Ivy", "Ivy [ivy@home.example]", "Lindqvist, Ivy", 'Ivy "the boss', "info@lp.example via Box", "Ivy (Sales",
        "<ada@lp.example> (", "<CEO>", "a:b", "A; B", "A\\", "Łukasz Żółć", "李明", "ivy@lp.example", "'", '"', "@",
        "mal@rival.example,", "", "Best \U0001f600",
    ]
)  # fmt: skip
NAMES = st.one_of(TRICKS, st.text(st.characters(codec="utf-8", exclude_categories=["C"]), max_size=12))


def encoded(name):
    return Header(name, "utf-8").encode() if name else ""


PEOPLE = st.lists(st.tuples(NAMES, ADDRESSES), min_size=1, max_size=4)


def raw_of(sender, to, *, subject="Term sheet", kind="text/plain", charset="utf-8", text="Hello"):
    head = f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <1@x>\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n"
    kinds = (
        f"MIME-Version: 1.0\r\nContent-Type: {kind}; charset={charset}\r\nContent-Transfer-Encoding: 8bit\r\n"
    )
    return (head + kinds).encode() + b"\r\n" + text.encode(charset, "replace") + b"\r\n"


def both(raw):
    payload = full(tree.parse(raw), MANNER, random.Random(1), lambda part: part)  # noqa: S311 - its coin is for padding
    resource = {"internalDate": str(int(NOW.timestamp() * 1000)), "payload": payload}
    return parse(raw, received_at=NOW), mail_of(resource, otherwise=NOW)


def people(mail):
    return {(one.role, one.address) for one in mail.participants}


def one_header(group):
    return ",\r\n ".join(f"{encoded(name)} <{address}>".strip() for name, address in group)


@given(sender=st.tuples(NAMES, ADDRESSES), to=PEOPLE)
@example(sender=("<ada@lp.example> (", "mal@rival.example"), to=[("", "ada@fund.test")])
@example(sender=("Ivy", "ivy@lp.example"), to=[("mal@rival.example", "ada@fund.test")])
def test_json_that_is_sure_of_itself_names_whom_the_raw_message_names(sender, to):
    raw, json = both(raw_of(one_header([sender]), one_header(to)))

    if UNCERTAIN not in json.defects:
        assert (json.author and json.author.address) == raw.author.address
        # A comma in a decoded word may make a name into somebody: in whom a mail is addressed to, where
        # its sender can write anybody anyway.
        assert people(json) >= people(raw)


def is_no_utf8(text):
    """Latin text whose bytes happen to be UTF-8 is taken for it: no reader could tell."""
    try:
        text.encode("latin-1").decode()
    except UnicodeDecodeError:
        return True
    return text.isascii()


ORDINARY = st.text(
    st.characters(codec="latin-1", categories=["L", "N", "Zs"]), min_size=1, max_size=20
).filter(lambda text: text.strip() and is_no_utf8(text))


@given(
    name=ORDINARY, surname=st.one_of(st.just(""), ORDINARY), text=ORDINARY,
    kind=st.sampled_from(["text/plain", "text/html"]),
    charset=st.sampled_from(["utf-8", "iso-8859-1", "windows-1252"]),
)  # fmt: skip
def test_ordinary_mail_has_one_digest_however_it_was_fetched(name, surname, text, kind, charset):
    sender = f"{encoded(f'{surname}, {name}' if surname else name)} <ivy@lp.example>"
    to = f"{encoded(name)} <ada@fund.test>, ben@fund.test"

    raw, json = both(raw_of(sender, to, subject=encoded(text), kind=kind, charset=charset, text=text))

    assert UNCERTAIN not in json.defects
    assert raw.digest == json.digest
    assert raw.author == json.author


@pytest.mark.parametrize("dmarc", ["rival.example", "lp.example"])
def test_json_is_not_sure_of_an_author_our_receiver_does_not_vouch_for(dmarc):
    results = f"Authentication-Results: mx.google.com; dmarc=pass header.from={dmarc}\r\n".encode()

    _, json = both(results + raw_of("Ivy <ivy@lp.example>", "ada@fund.test"))

    assert (UNCERTAIN in json.defects) == (dmarc != "lp.example")


def test_the_verdict_of_a_receiver_of_ones_own_counts_however_a_message_was_fetched():
    results = b"Authentication-Results: mx.relay.example; dmarc=pass header.from=lp.example\r\n"
    raw = results + raw_of("Ivy <ivy@lp.example>", "ada@fund.test")
    json = msgspec.json.encode({"payload": full(tree.parse(raw), MANNER, random.Random(1), str)})  # noqa: S311

    with Parsers(1, "mx.relay.example") as children:
        found = [*children.parse([(raw, NOW)]), *children.parse_json([(json, NOW)])]

    assert [mail.verdict.verified for mail in found] == [True, True]
