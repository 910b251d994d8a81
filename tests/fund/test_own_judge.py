"""The simple judge: whose mail it is, and what the pipeline ought to capture of it."""

import time

import pytest

from infra.local.ownmail import OwnMail, correspondents, guess_account, senders, should_capture
from infra.local.ownmail.headers import addresses, fields, moment, sender

INVESTOR = "ada@known.example"


def mail(head, labels=()):
    return OwnMail("test", head.encode() + b"\r\n\r\nbody", labels, None, None)


@pytest.mark.parametrize(
    ("value", "author"),
    [
        ("ada@known.example", INVESTOR),
        ("Ada <Ada+news@Known.Example>", INVESTOR),
        ('"Lovelace, Ada" <ada@known.example> (home)', INVESTOR),
        ("=?utf-8?q?Ada_=3Cx=40y.example=3E?= <ada@known.example>", INVESTOR),
        ('"ada@known.example" <x@attacker.example>', "x@attacker.example"),
        ("ada@known.example <x@attacker.example>", "x@attacker.example"),
        ("(ada@known.example) x@attacker.example", "x@attacker.example"),
        ("ada@known.example, x@attacker.example", None),
        ("undisclosed-recipients:;", None),
        ("Ada <>", None),
        ("", None),
    ],
)
def test_the_author_is_what_the_last_angle_brackets_hold(value, author):
    assert sender({"from": [value]}) == author


def test_two_from_headers_leave_the_author_open():
    assert sender(fields(b"From: ada@known.example\nFrom: x@attacker.example\n\n")) is None


@pytest.mark.parametrize("name", ["From", "To", "Cc", "Bcc"])
def test_an_investor_anywhere_in_the_envelope_is_enough(name):
    seen = mail(f"{name}: Ada <ADA+fund@known.example>")

    assert should_capture(seen, {"Ada@Known.example"}, set(), set())


@pytest.mark.parametrize("name", ["Reply-To", "Sender", "Subject", "X-Original-From"])
def test_an_investor_in_any_other_header_is_not(name):
    seen = mail(f"From: x@attacker.example\r\n{name}: Ada <ada@known.example>")

    assert not should_capture(seen, {INVESTOR}, {"known.example"}, set())


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("bo@known.example", True),
        ("bo@mail.Known.Example", True),
        ("bo@unknown.example", False),
        ("bo@known.example.attacker.example", False),
        ("bo@knovvn.example", False),
    ],
)
def test_a_domain_covers_its_subdomains_and_no_lookalike(address, expected):
    assert should_capture(mail(f"From: {address}"), set(), {"known.example"}, set()) is expected


@pytest.mark.parametrize("label", ["SPAM", "TRASH", "DRAFT"])
def test_spam_trash_and_drafts_are_never_captured(label):
    assert not should_capture(mail(f"From: {INVESTOR}", ("INBOX", label)), {INVESTOR}, set(), set())


def test_own_addresses_are_nobodys_investor():
    to_self = mail("From: me@known.example\r\nTo: me+notes@known.example")

    assert not should_capture(to_self, {"me@known.example"}, {"known.example"}, {"me@known.example"})


def test_the_account_is_the_address_most_mail_was_delivered_to():
    mails = [mail(f"Delivered-To: {who}@home.example") for who in ("me", "you", "ME")]

    assert guess_account(mails, "me@mailroom.test") == "me@home.example"
    assert guess_account([mail("Subject: none")], "me@mailroom.test") == "me@mailroom.test"


def test_correspondents_are_the_authors_and_else_the_first_recipient():
    mails = [
        mail(f"From: {INVESTOR}\r\nTo: me@home.example"),
        mail("To: bo@known.example, cy@known.example"),
        mail("From: me@home.example\r\nTo: dee@known.example"),
        mail("From: spammer@bad.example", ("SPAM",)),
    ]

    assert correspondents(mails, {"me@home.example"}) == {INVESTOR, "bo@known.example"}
    assert senders(mails)["ada@known.example"] == 1


@pytest.mark.parametrize(
    "text", ["", "not a date", "Mon, 99 Foo 2026 99:99", "1 Jan 99999 00:00:00 +9999", "\x00"]
)
def test_a_date_that_is_none_is_none(text):
    assert moment(text) is None


@pytest.mark.parametrize("piece", ['"', "<", "(", "a@", "a", '"\\', "=?", "< ", ",", "@"])
def test_no_header_takes_long(piece):
    value = piece * (100_000 // len(piece))
    started = time.process_time()

    addresses(value)
    sender({"from": [value]})

    assert time.process_time() - started < 3
