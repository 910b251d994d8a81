"""What a first capture costs in Gmail's quota units, on a reference mailbox, beside the plain ways.

The real consumer works against the local Google over HTTP; what is counted is what the local Google
charged.  The plain ways are not run: their calls are known exactly, and so is their price.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from math import ceil
from pathlib import Path
from typing import Any

import urllib3

from consumer.matching import Matching
from consumer.parsing import Parsers
from consumer.run import Deps, run
from infra.cli.bench import Figure
from infra.local import postgres
from infra.local.bench.mailbox import OWN, Letter, Reference, reference
from infra.local.google import serve
from shared.blobs import BlobStore
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts, deltas, investors, migrate
from shared.store.database import Database
from shared.store.investors import InvestorRow
from shared.store.runs import Tally

A_MINUTE = 6_000  # units, of a project made in 2026
LIST, GET, PAGE = 5, 20, 500
RECENT_MS = 90 * 86_400_000
TOGETHER = 500

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
    units = _Units(stack, mailbox)
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


class _Units:
    """A local Google with the mailbox in it, and what it has charged."""

    def __init__(self, stack: ExitStack, mailbox: Reference) -> None:
        self.url = stack.enter_context(serve()).url
        self._http = urllib3.PoolManager()
        self.post("mailboxes", {"email": OWN})
        threads: dict[int, str] = {}
        for start in range(0, len(mailbox.letters), TOGETHER):
            self._deliver(mailbox.letters[start : start + TOGETHER], threads)
        self.key = self.post("service-accounts", {"email": "b@b.iam.gserviceaccount.com", "projectId": "b"})
        self.post("counters/reset", {})

    def _deliver(self, letters: Sequence[Letter], threads: dict[int, str]) -> None:
        # A conversation's first message names it; those of one call that continue it come in the next.
        for group in _firsts_first(letters, threads):
            told = [
                {"raw": one.raw, "internalDateMs": one.at_ms}
                | ({"threadId": threads[one.thread]} if one.thread in threads else {})
                for one in group
            ]
            answer = self.post(f"mailboxes/{OWN}/messages", {"notify": False, "messages": told})
            for one, shown in zip(group, answer["messages"], strict=True):
                threads.setdefault(one.thread, shown["threadId"])

    def post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        answer: dict[str, Any] = self._http.request("POST", f"{self.url}/control/{path}", json=body).json()
        return answer

    def spent(self) -> int:
        return int(self._http.request("GET", f"{self.url}/control/counters").json()["units"])


def _firsts_first(letters: Sequence[Letter], threads: dict[int, str]) -> Iterator[list[Letter]]:
    left = list(letters)
    while left:
        begun = set(threads)
        now, later = list[Letter](), list[Letter]()
        for one in left:
            (later if one.thread not in threads and one.thread in begun else now).append(one)
            begun.add(one.thread)
        yield now
        left = later


def _watch_it(stack: ExitStack, google: _Units, mailbox: Reference, now_ms: int) -> dict[str, int]:
    """Capture, and note the units spent when each stage was reached."""
    deps, db = _deps(stack, google, mailbox)
    recent = sum(one.ours and one.at_ms >= now_ms - RECENT_MS for one in mailbox.letters)
    since, reached = (now_ms - RECENT_MS) / 1000, dict[str, int]()

    def look() -> None:
        if "recent" not in reached and _count(db, RECENT, since) >= recent:
            reached["recent"] = google.spent()
        if "everything" not in reached and _count(db, STORED) >= mailbox.ours:
            reached["everything"] = google.spent()

    with db.transaction() as conn:
        lease = deltas.lease(conn, owner="bench", lasts=deltas.LEASE)
    if lease is None:
        raise RuntimeError("the account is not due")
    run(deps, lease, Tally(), progress=look)
    look()
    if _count(db, UNPROVED) or "everything" not in reached:
        raise RuntimeError(f"the run ended before everything was there: {reached}")
    return reached | {"proved": google.spent()}


def _count(db: Database, sql: bytes, *values: float) -> int:
    with db.transaction() as conn:
        row = conn.execute(sql, values).fetchone()
    return int(row[0]) if row else 0


def _deps(stack: ExitStack, google: _Units, mailbox: Reference) -> tuple[Deps, Database]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench")))
    server = stack.enter_context(postgres.start(folder / "postgres"))
    migrate.up(server.url)
    db = stack.enter_context(Database(server.url))
    transport = Transport()
    tokens = DelegatedTokens(google.key, f"{google.url}/token", transport=transport)
    gmail = GmailFactory(google.url, transport=transport, tokens=tokens, budget=Budget(0))
    cursor = gmail.account(OWN).profile().history_id
    with db.transaction() as conn:
        now = datetime.now(UTC)
        accounts.enrol(conn, OWN, cursor=cursor, watch_expires_at=None, watch_due_at=now)
        investors.upsert(conn, [InvestorRow(name, "", kind, value) for name, kind, value in mailbox.rules])
    settings = Settings.model_validate({"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test"})
    parsers = stack.enter_context(Parsers(2))
    return Deps(
        db,
        gmail,
        BlobStore(folder / "blobs"),
        parsers,
        settings,
        lambda: False,
        Matching(db, settings.own_domains),
    ), db
