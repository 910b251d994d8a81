"""A fund on real processes, and what a test of faults asks of it."""

import os
import time
from contextlib import contextmanager
from threading import Event

import pytest

from infra.cli.contacts import import_csv
from infra.local.demo.play import Play, wait_until_settled
from infra.local.demo.script import Delivery, Script
from infra.local.demo.stack import Stack
from shared.errors import TryLater
from shared.store.database import Database
from tests.consumer.mails import mail

MARKS = [
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(not os.environ.get("MAILROOM_FAULTS"), reason="takes minutes: make faults"),
]

ACCOUNTS = ("ada@fund.test", "ben@fund.test", "cleo@fund.test")
CSV = "investor,firm,address,domain\nIvy Investor,Ivy,ivy@lp.example,\nNordwind,Nordwind,,nordwind.example\n"
PAST = 300  # messages laid into the mailboxes before anybody looks
PATIENCE = 90


def delivery(number, subject):
    """Every second message is an investor's."""
    ours = number % 2 == 0
    sender = "Ivy Investor <ivy@lp.example>" if ours else "shop@store.example"
    account = ACCOUNTS[number % len(ACCOUNTS)]
    raw = mail(sender=sender, to=account, subject=f"{subject} {number}").encode()
    return Delivery(account, raw, ("INBOX", "UNREAD"), None, captured=ours)


@contextmanager
def playing(tmp_path, *, prefer="deliverer", poll_sec=5, past=PAST):
    """Yield a play whose mailboxes hold *past* messages; mailroom's own processes are not started yet."""
    csv = tmp_path / "investors.csv"
    csv.write_text(CSV)
    old = tuple(delivery(number, "Past") for number in range(past))
    script = Script("a fund", "fund.test", ACCOUNTS, CSV, old, lambda: iter(()))
    also = {"CRM_GMAIL_QUIET_POLL_SEC": str(poll_sec)}
    stack = Stack(tmp_path / "stack", domain="fund.test", web_port=None, prefer=prefer, say=print, also=also)
    with stack, Database(stack.database_url) as db:
        play = Play(stack, script, db)
        play.load_past()
        import_csv(db, csv, own=frozenset(("fund.test",)))
        yield play


def flood(play, number):
    for _ in range(number):
        play.deliver_live([delivery(len(play.delivered), "Live")])


def settled(play):
    try:
        return play.settled()
    except TryLater:  # the database is away
        return 0


def until(condition, within=PATIENCE):
    """Wait, and return the seconds it took."""
    begun = time.monotonic()
    while not condition():
        assert time.monotonic() - begun < within, "it did not happen in time"
        time.sleep(0.05)
    return time.monotonic() - begun


def all_is_well(play):
    """Everything that was delivered is accounted for, what matches is stored once, and nothing else is."""
    for _ in wait_until_settled(play, target=play.told, patience=PATIENCE, stop=Event()):
        pass
    verdict = play.judge()
    assert (verdict.lost, verdict.foreign, verdict.pried, verdict.unaccounted) == (set(), set(), set(), 0)
    with play.db.transaction() as conn:
        twice = conn.execute(
            b"SELECT subject FROM crm.emails GROUP BY subject HAVING count(*) > 1"
        ).fetchall()
    assert twice == []


def tell(what, seconds):
    print(f"\n| {what} | {seconds:.1f} |")  # noqa: T201 - the table of docs/faults.md
