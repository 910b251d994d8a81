"""What a first capture costs in Gmail's quota units, on a reference mailbox, beside the plain ways.

The real consumer works against the local Google over HTTP; what is counted is what the local Google
charged.  The plain ways are not run: their calls are known exactly, and so is their price.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from math import ceil

from consumer.run import run
from infra.local.bench.figure import Figure
from infra.local.bench.mailbox import OWN, Reference, reference
from infra.local.bench.world import A_MINUTE, GET, LIST, PAGE, Charged, consumer, count
from shared.store import deltas
from shared.store.database import Database
from shared.store.deltas import Lease
from shared.store.runs import Tally

RECENT_MS = 90 * 86_400_000

STORED = b"SELECT count(*) FROM crm.emails"
RECENT = b"SELECT count(*) FROM mailroom.emails e WHERE sent_at >= to_timestamp(%s)"
UNPROVED = b"SELECT count(*) FROM mailroom.email_searches WHERE finished_at IS NULL AND purpose <> 'newest'"


def figures(messages: int, everybody: tuple[int, ...], say: Callable[[str], None]) -> Iterator[Figure]:
    """Capture the reference mailbox once for each number of investors; *say* hears of the progress."""
    for number in everybody:
        say(f"{messages:,} messages, {number:,} investors")
        with ExitStack() as stack:
            yield from _captured(
                stack, messages, number, suffix="" if number == everybody[0] else f".{number}"
            )


def _captured(stack: ExitStack, messages: int, number: int, *, suffix: str) -> Iterator[Figure]:
    now_ms = int(time.time() * 1000)
    mailbox = reference(messages, number, now_ms=now_ms)
    units = Charged(stack)
    units.fill(OWN, mailbox.letters)
    reached = _watch_it(stack, units, mailbox, now_ms)
    ours, plain, raw = mailbox.ours, scaffold(mailbox), raw_of_all(mailbox)
    for name, spent in reached.items():
        yield Figure(f"quota.units_until_{name}{suffix}", spent, "units", "scaffold's way", spent / plain)
        minutes, slow = spent / A_MINUTE, plain / A_MINUTE
        yield Figure(f"quota.minutes_until_{name}{suffix}", minutes, "min", "scaffold's way", minutes / slow)
    each = reached["everything"] / ours
    yield Figure(f"quota.units_per_captured{suffix}", each, "units", "scaffold's way", each / (plain / ours))
    yield Figure(
        f"quota.units_per_captured_beside_raw{suffix}", each, "units", "raw of all", each / (raw / ours)
    )


def scaffold(mailbox: Reference) -> int:
    """List, metadata of everything, then full and each attachment one by one."""
    files = sum(letter.files for letter in mailbox.letters)
    everything = len(mailbox.letters)
    return ceil(everything / PAGE) * LIST + GET * (everything + mailbox.ours + files)


def raw_of_all(mailbox: Reference) -> int:
    """List, then raw of everything."""
    return ceil(len(mailbox.letters) / PAGE) * LIST + GET * len(mailbox.letters)


def _watch_it(stack: ExitStack, google: Charged, mailbox: Reference, now_ms: int) -> dict[str, int]:
    """Capture, and note the units spent when each stage was reached."""
    deps = consumer(stack, google, [OWN], mailbox.rules)
    db = deps.db
    recent = sum(one.ours and one.at_ms >= now_ms - RECENT_MS for one in mailbox.letters)
    since, reached = (now_ms - RECENT_MS) / 1000, dict[str, int]()

    def look() -> None:
        if "recent" not in reached and count(db, RECENT, since) >= recent:
            reached["recent"] = google.spent()
        if "everything" not in reached and count(db, STORED) >= mailbox.ours:
            reached["everything"] = google.spent()

    while lease := _lease(db):  # given back now and then, for a look
        outcome = run(deps, lease, Tally(), progress=look)
        with db.transaction() as conn:
            deltas.release(conn, lease, due_in=outcome.due_in, seen_wake=outcome.seen_wake)
    look()
    if count(db, UNPROVED) or "everything" not in reached:
        raise RuntimeError(f"the run ended before everything was there: {reached}")
    return reached | {"proved": google.spent()}


def _lease(db: Database) -> Lease | None:
    with db.transaction() as conn:
        return deltas.lease(conn, owner="bench", lasts=deltas.LEASE)
