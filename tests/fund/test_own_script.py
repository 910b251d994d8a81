"""The demo with a person's own mail: what it says beforehand, and what it cannot play."""

from pathlib import Path

import pytest

from infra.local.demo.script import own_mail
from infra.local.ownmail import OwnMail

SAM = "sam@fund.example"


def letter(sender, to=SAM):
    head = f"Delivered-To: {SAM}\r\nFrom: {sender}\r\nTo: {to}\r\n\r\nbody"
    return OwnMail("test", head.encode(), (), None, None)


MAILS = [
    letter("ada@lp.example"),
    letter("ada@lp.example"),
    letter("bo@shop.example"),
    letter("eve@gmail.com"),
]


def play(*investors, account=None, mails=MAILS):
    return own_mail(mails, Path("All.mbox"), investors=investors, account=account)


def test_the_guessed_mailbox_is_named_with_the_option_that_changes_it():
    assert play().notes == (f"Mailbox: {SAM} (guessed; --account changes it)",)
    assert play(account="Sam@Fund.example").accounts == (SAM,)


def test_an_investor_no_message_has_is_named_with_the_senders_there_are():
    script = play("ada@lp.example", "bo@shop.exmaple", "lp.example")

    [said] = script.notes[1:]
    assert "bo@shop.exmaple" in said
    assert "senders are ada@lp.example, " in said
    assert sum(one.captured for one in script.past) == 2


@pytest.mark.parametrize(
    ("investors", "told"),
    [
        (("ada@lp.exmaple",), "No message has ada@lp.exmaple"),
        (("ada@",), "not an e-mail address"),
        (("lp",), "not a domain"),
        (("gmail.com",), "gives addresses to anybody"),
        ((SAM,), "--account"),
        (("fund.example",), "--account"),
    ],
)
def test_what_would_capture_nothing_is_refused_with_the_reason(investors, told):
    with pytest.raises(ValueError, match=told):
        play(*investors)


def test_mail_in_which_nobody_else_writes_is_refused():
    with pytest.raises(ValueError, match=f"nothing would be captured.*{SAM}"):
        play(mails=[letter(SAM)])


def test_an_account_that_is_no_address_is_refused():
    with pytest.raises(ValueError, match="--account"):
        play(account="sam")
