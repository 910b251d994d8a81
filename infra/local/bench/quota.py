"""How much of a metered minute a backfill uses, and what live mail notices of it, with two consumers.

backfill: Ada's mailbox is full of old mail, Ben's is empty; new mail comes to both, Ben's is live alone.
one_budget: both are full, and Google counts the service account as one user.
"""

import json
import os
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from infra.local import postgres
from infra.local.bench.figure import Figure
from infra.local.demo.play import percentile
from infra.local.demo.stack import Google
from infra.local.processes import Group, Process, free_port
from shared.store import accounts, deltas, investors, migrate, serve
from shared.store.database import Database
from shared.store.investors import InvestorRow

ADA, BEN = "ada@fund.test", "ben@fund.test"
CONSUMERS = 2
MINUTE = 6000  # units, of each account
GET = 20  # units, of one old message
LIVE_EVERY_SEC = 4.0  # on average, and to each mailbox
LOOK_SEC, SAMPLE_SEC = 0.05, 0.5
LAST_SEC = 5.0  # nothing is written so shortly before the end
DELIVERED_TOGETHER = 200
GOAL = 85.0  # per cent of the minute


@dataclass(slots=True)
class Seen:
    """What the bench observed."""

    samples: list[tuple[float, int]] = field(default_factory=list)  # (when, units so far)
    delivered: dict[tuple[str, str], float] = field(default_factory=dict)  # (account, Gmail id): when
    seconds: dict[str, list[float]] = field(default_factory=lambda: {ADA: [], BEN: []})
    sent: Counter[str] = field(default_factory=Counter)  # new mail, by account
    refused: int = 0  # calls, by the local Google


def figures(minutes: float) -> Iterator[Figure]:
    """Run each scene for *minutes* (at least 2) and yield what was used and what live mail noticed."""
    seen = _play(minutes, full=(ADA,))
    yield from _used("backfill", seen)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        busy, alone = (1000 * (percentile(seen.seconds[who], share) or 0) for who in (ADA, BEN))
        against = f"{alone:,.0f} ms in a mailbox without a backfill"
        yield Figure(f"backfill.live_{name}", busy, "ms", against, busy / alone if alone else None)
    arrived, sent = len(seen.seconds[ADA]), seen.sent[ADA]
    yield Figure("backfill.live_arrived", arrived, "", f"of {sent} sent", arrived / sent)
    yield from _used("one_budget", _play(minutes, full=(ADA, BEN)))


def _play(minutes: float, *, full: tuple[str, ...]) -> Seen:
    """Fill the mailboxes *full* with old mail; two of them share one budget, as one credential's users."""
    with ExitStack() as stack:
        return _Scene(stack, full, old=int(minutes * MINUTE / GET * 1.2 / len(full))).run(minutes * 60)


def _used(name: str, seen: Seen) -> Iterator[Figure]:
    began, ended = seen.samples[0][0], seen.samples[-1][0]
    later = [one for one in seen.samples if one[0] >= began + 60]
    yield _share(f"{name}.used", seen.samples, ended - began)
    yield _share(f"{name}.used_after_a_minute", later, ended - later[0][0])
    most = most_in_a_minute(seen.samples)
    yield Figure(f"{name}.most_in_a_minute", most, "units", f"limit {MINUTE}", most / MINUTE)
    yield Figure(f"{name}.refused", seen.refused, "calls", "goal 0", None)


def most_in_a_minute(samples: list[tuple[float, int]]) -> int:
    """Return the most units that any minute between two samples holds."""
    most, window = 0, deque[tuple[float, int]]()
    for when, total in samples:
        window.append((when, total))
        while window[0][0] < when - 60:
            window.popleft()
        most = max(most, total - window[0][1])
    return most


def _share(name: str, samples: list[tuple[float, int]], seconds: float) -> Figure:
    percent = 100 * (samples[-1][1] - samples[0][1]) / (MINUTE * seconds / 60)
    return Figure(name, percent, "% of the minute", f"goal {GOAL:.0f} %", percent / GOAL)


class _Scene:
    """Postgres, a metering Google, two consumers, and somebody who writes mail."""

    def __init__(self, stack: ExitStack, full: tuple[str, ...], *, old: int) -> None:
        self._folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench")))
        server = stack.enter_context(postgres.start(self._folder / "postgres"))
        migrate.up(server.url)
        self._group, port = stack.enter_context(Group()), free_port()
        argv = [sys.executable, "-m", "infra.local.google", "--port", str(port)]
        google = Process("google", argv, {}, self._folder / "google.log")
        self._group.start(google, ready="local Google at")
        self._google = Google(f"http://127.0.0.1:{port}")
        self._db = stack.enter_context(Database(server.url))
        self._full, self._feed = full, 0
        together = len(full) > 1
        self._google.post("settings", {"units_per_minute": MINUTE, "service_account_is_one_user": together})
        self._fill(old)
        scope = "credential" if together else "account"
        self._env = self._settings(server.url) | {"CRM_GMAIL_RATE_SCOPE": scope}

    def run(self, seconds: float) -> Seen:
        """Start the consumers, and write and watch for *seconds*."""
        for number in range(CONSUMERS):
            argv = [sys.executable, "-m", "infra.cli", "consume", "--threads", "2", "--parsers", "1"]
            name = f"consume-{number}"
            consumer = Process(name, argv, self._env, self._folder / f"{name}.log")
            self._group.start(consumer, ready="consumer.started")
        seen, chance = Seen(), random.Random(1)
        end = time.monotonic() + seconds
        write_at = dict.fromkeys((ADA, BEN), time.monotonic() + LIVE_EVERY_SEC)
        while (now := time.monotonic()) < end:
            for address in [one for one, due in write_at.items() if due <= now < end - LAST_SEC]:
                self._write(address, seen)
                write_at[address] = now + chance.uniform(0.5, 1.5) * LIVE_EVERY_SEC
            self._watch(seen)
            time.sleep(LOOK_SEC)
            self._group.check()
        refused = self._google.get("counters")["refusals"]
        seen.refused = sum(number for user in refused.values() for number in user.values())
        return seen

    def _fill(self, old: int) -> None:
        for address in (ADA, BEN):
            self._google.post("mailboxes", {"email": address})
        for address in self._full:
            for start in range(0, old, DELIVERED_TOGETHER):
                numbers = range(start, start + DELIVERED_TOGETHER)
                self._deliver(address, [f"old {number}" for number in numbers])
        cursors = {address: self._deliver(address, ["first"]) for address in (ADA, BEN)}
        now = datetime.now(UTC)
        with self._db.transaction() as conn:
            investors.upsert(conn, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])
            for address, (cursor, _) in cursors.items():
                accounts.enrol(conn, address, cursor=cursor, watch_expires_at=None, watch_due_at=now)

    def _deliver(self, address: str, subjects: list[str]) -> tuple[int, str]:
        """Deliver mail without a notification; return the last one's history id and Gmail id."""
        messages = [{"rawUtf8": _mail(address, subject)} for subject in subjects]
        body = {"messages": messages, "notify": False}
        last = self._google.post(f"mailboxes/{address}/messages", body)["messages"][-1]
        return int(last["historyId"]), last["id"]

    def _settings(self, database_url: str) -> dict[str, str]:
        key = self._google.post(
            "service-accounts", {"email": "m@p.iam.gserviceaccount.com", "projectId": "p"}
        )
        path = self._folder / "key.json"
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            json.dump(key, file)
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CRM_GMAIL_")}
        return clean | {
            "CRM_GMAIL_INTEGRATION_ENABLED": "true",
            "DATABASE_URL": database_url,
            "CRM_GMAIL_DATA_DIR": str(self._folder),
            "CRM_GMAIL_SA_KEY_PATH": str(path),
            "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test",
            "CRM_GMAIL_API_URL": self._google.url,
            "CRM_GMAIL_TOKEN_URL": f"{self._google.url}/token",
            "CRM_GMAIL_RATE_UNITS_SEC": str(MINUTE // 60),
        }

    def _write(self, address: str, seen: Seen) -> None:
        """Deliver one new message and let the push endpoint's upsert happen."""
        seen.sent[address] += 1
        history_id, gmail_id = self._deliver(address, [f"new {seen.sent[address]}"])
        seen.delivered[address, gmail_id] = time.monotonic()
        with self._db.transaction() as conn:
            deltas.push(conn, address, history_id)

    def _watch(self, seen: Seen) -> None:
        with self._db.transaction() as conn:
            arrived = serve.arrivals(conn, after=self._feed)
        now = time.monotonic()
        for one in arrived:
            self._feed = one.id
            copy = one.accounts[-1], one.gmail_ids[-1]
            if copy in seen.delivered:
                seen.seconds[copy[0]].append(now - seen.delivered.pop(copy))
        if not seen.samples or now - seen.samples[-1][0] > SAMPLE_SEC:
            boxes = self._google.get("counters")["mailboxes"]
            counted = [boxes[address]["units"].values() for address in self._full if address in boxes]
            seen.samples.append((now, sum(map(sum, counted))))


def _mail(address: str, subject: str) -> str:
    return (
        f"From: Ivy <ivy@lp.example>\nTo: {address}\nSubject: {subject}\n"
        f"Message-ID: <{subject.replace(' ', '.')}.{address}>\n"
        f"Date: Mon, 16 Nov 2026 10:00:00 +0000\n\nHello, this is {subject}.\n"
    )
