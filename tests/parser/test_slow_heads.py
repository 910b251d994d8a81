"""A head that is slow or deadly to read, after its mail was: it costs a child, never the consumer around it."""

import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic

import pytest

from consumer import parsing
from consumer.mail.parse import opaque
from tests.parser.conftest import NOW

SLOW, DEADLY = b"Subject: slow\r\n\r\n", b"Subject: deadly\r\n\r\n"
GOOD = b"From: ivy@lp.example\r\nSubject: deck\r\n\r\nHere it is."


def strike(raw):
    """Hold the interpreter for a good while, as a bad pattern does, or kill the process, as a bad library does."""
    if raw == SLOW:
        re.fullmatch("(?:a|a)*b", "a" * 26)
    if raw == DEADLY:
        os._exit(1)


def read(raw, *more):
    strike(raw)
    return parsing._parse(raw, *more)


def read_head(raw, **more):
    strike(raw)
    return opaque(raw, **more)


@contextmanager
def struck(monkeypatch, **more) -> Iterator[parsing.Parsers]:
    """Give one child that some mails hold up or kill, whole and by their heads alone: two seconds for each."""
    with parsing.Parsers(1, **more) as children:
        for name, value in {"_parse": read, "opaque": read_head, "SECONDS": 2, "HEAD_SECONDS": 2}.items():
            monkeypatch.setattr(parsing, name, value)
        yield children


@contextmanager
def watched() -> Iterator[list[float]]:
    """Yield what becomes the longest time, in seconds, for which another thread of this process stood still."""
    longest, done = [0.0], Event()

    def tick() -> None:
        last = monotonic()
        while not done.wait(0.01):
            longest[0], last = max(longest[0], monotonic() - last), monotonic()
        longest[0] = max(longest[0], monotonic() - last)

    thread = Thread(target=tick)
    thread.start()
    try:
        yield longest
    finally:
        done.set()
        thread.join()


def test_a_slow_head_after_a_slow_mail_does_not_hold_up_other_threads(monkeypatch):
    with struck(monkeypatch) as children, watched() as longest:
        mail = children.parse([(SLOW, NOW)])[0]

    assert mail.defects == ("parse-too-slow",)
    assert longest[0] < 2


@pytest.mark.parametrize(("raw", "defect"), [(SLOW, "parse-too-slow"), (DEADLY, "parse-died")])
def test_a_head_that_cannot_be_read_names_nobody_and_blames_no_other_mail(raw, defect, monkeypatch):
    with struck(monkeypatch) as children:
        before, mail, after = children.parse([(GOOD, NOW), (raw, NOW), (GOOD, NOW)])

    assert (mail.author, mail.participants, mail.defects) == (None, (), (defect,))
    assert (mail.digest, mail.date) == (hashlib.sha256(raw).hexdigest(), NOW)
    assert before == after
    assert (after.author.address, after.text) == ("ivy@lp.example", "Here it is.")


def test_the_head_of_a_message_too_large_to_be_read_holds_up_no_other_thread_either(monkeypatch):
    with struck(monkeypatch, largest=10) as children, watched() as longest:
        slow, good = children.parse([(SLOW, NOW), (GOOD, NOW)])

    assert longest[0] < 2
    assert (slow.author, slow.defects) == (None, ("message-limit", "parse-too-slow"))
    assert (good.author.address, good.text, "message-limit" in good.defects) == ("ivy@lp.example", "", True)
