"""What the past costs later on: a new investor's over many mailboxes, and after expired history."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import ceil
from threading import Event

from consumer.run import Deps
from consumer.worker import Workers, attend
from infra.local.bench.figure import Figure
from infra.local.bench.mailbox import OWN, Reference, reference
from infra.local.bench.world import GET, LIST, PAGE, Charged, consumer, count, know
from shared.store import deltas

NEW = "Investor 0"
THEIRS = b"SELECT count(DISTINCT email_id) FROM crm.investor_emails WHERE investor = %s"
OWED = b"""
    SELECT (SELECT count(*) FROM mailroom.email_searches WHERE finished_at IS NULL AND purpose <> 'newest')
         + (SELECT count(*) FROM mailroom.account_messages WHERE state = 'waiting')
         + (SELECT count(*) FROM mailroom.email_deltas WHERE lease_owner IS NOT NULL OR due_at <= now())
"""
PATIENCE_SEC = 900.0


def new_investor(mailboxes: int, messages: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Add an investor whose mail lies in *mailboxes* of *messages* each, all of it judged before."""
    say(f"a new investor over {mailboxes} mailboxes of {messages:,} messages")
    now_ms = int(time.time() * 1000)
    filled = {
        f"partner{number}@fund.test": reference(messages, 40, now_ms=now_ms, seed=number)
        for number in range(mailboxes)
    }
    rules = next(iter(filled.values())).rules
    theirs = [rule for rule in rules if rule[0] == NEW]
    with ExitStack() as stack:
        google = Charged(stack)
        for account, mailbox in filled.items():
            google.fill(account, mailbox.letters)
        deps = consumer(stack, google, list(filled), [rule for rule in rules if rule[0] != NEW])
        _at_work(stack, deps)
        _until(lambda: count(deps.db, OWED) == 0)
        before, begun = google.spent(), time.monotonic()
        know(deps.db, theirs)
        wanted = len(set().union(*(_mails_of(mailbox, theirs) for mailbox in filled.values())))
        _until(lambda: count(deps.db, THEIRS, NEW) >= wanted)
        seconds = time.monotonic() - begun
        _until(lambda: count(deps.db, OWED) == 0)
        spent = google.spent() - before
    unmatched = sum(len(mailbox.letters) - mailbox.ours for mailbox in filled.values())
    against = "headers of all unmatched"
    yield Figure("quota.new_investor_units", spent, "units", against, spent / (unmatched * GET))
    yield Figure("quota.new_investor_messages", wanted, "messages", "", None)
    yield Figure("quota.new_investor_seconds", seconds, "s", "", None)


def recovery(messages: int, say: Callable[[str], None]) -> Iterator[Figure]:
    """Let Gmail forget the history of a mailbox of which everything is stored already."""
    say(f"expired history of {messages:,} messages")
    mailbox = reference(messages, 400, now_ms=int(time.time() * 1000))
    with ExitStack() as stack:
        google = Charged(stack)
        google.fill(OWN, mailbox.letters)
        deps = consumer(stack, google, [OWN], mailbox.rules)
        _serve(deps)
        google.post(f"mailboxes/{OWN}/messages", {"raw": mailbox.letters[0].raw, "notify": False})
        google.post(f"mailboxes/{OWN}/history-floor", {"to": "current"})
        with deps.db.transaction() as conn:
            deltas.push(conn, OWN, 1)
        before, begun = google.spent(), time.monotonic()
        _serve(deps)
        seconds, spent = time.monotonic() - begun, google.spent() - before
        gaps = count(deps.db, b"SELECT count(*) FROM mailroom.email_gaps WHERE closed_at IS NOT NULL")
    if gaps != 1:
        raise RuntimeError("history was not lost, or not recovered")
    plain = ceil(messages / PAGE) * LIST + GET * messages
    yield Figure("quota.recovery_units", spent, "units", "headers of all", spent / plain)
    yield Figure("quota.recovery_seconds", seconds, "s", "", None)


def _mails_of(mailbox: Reference, rules: list[tuple[str, str, str]]) -> set[str]:
    """Return the Message-IDs of the mailbox's messages with anybody of *rules*."""
    ours = [base64.urlsafe_b64decode(one.raw).decode() for one in mailbox.letters if one.ours]
    return {
        raw.partition("Message-ID: ")[2].partition("\r\n")[0]
        for raw in ours
        if any(value in raw.partition("Subject:")[0] for _, _, value in rules)
    }


def _at_work(stack: ExitStack, deps: Deps) -> None:
    """Have workers serve every account until the block ends."""
    stop = Event()
    workers = Workers(deps, threads=4, stop=stop)
    workers.start()
    stack.callback(workers.join, timeout=10)
    stack.callback(stop.set)


def _serve(deps: Deps) -> None:
    """Serve the one account until it is not due."""
    while True:
        with deps.db.transaction() as conn:
            lease = deltas.lease(conn, owner="bench", lasts=deltas.LEASE)
        if lease is None:
            return
        attend(deps, lease)


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SEC
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(f"it did not end within {PATIENCE_SEC:.0f} s")
        time.sleep(0.05)
