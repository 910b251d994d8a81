"""A metered world for measuring prices: a local Google with mail in it, PostgreSQL, and the real consumer."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import urllib3

from consumer.matching import Matching
from consumer.parsing import Parsers
from consumer.run import Deps
from infra.local import postgres
from infra.local.bench.mailbox import Letter
from infra.local.google import serve
from shared.blobs import BlobStore
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts, investors, migrate
from shared.store.database import Database
from shared.store.investors import InvestorRow

A_MINUTE = 6_000  # units, of a project made in 2026
LIST, GET, PAGE = 5, 20, 500
TOGETHER = 500


class Charged:
    """A local Google, and what it has charged since its mailboxes were filled."""

    def __init__(self, stack: ExitStack) -> None:
        self.url = stack.enter_context(serve()).url
        self._http = urllib3.PoolManager()
        self.key = self.post("service-accounts", {"email": "b@b.iam.gserviceaccount.com", "projectId": "b"})

    def fill(self, account: str, letters: Sequence[Letter]) -> None:
        """Make a mailbox and lay *letters* into it, oldest first; nothing of that is charged."""
        self.post("mailboxes", {"email": account})
        threads: dict[int, str] = {}
        for start in range(0, len(letters), TOGETHER):
            self._deliver(account, letters[start : start + TOGETHER], threads)
        self.post("counters/reset", {})

    def _deliver(self, account: str, letters: Sequence[Letter], threads: dict[int, str]) -> None:
        # A conversation's first message names it; those of one call that continue it come in the next.
        for group in _firsts_first(letters, threads):
            told = [
                {"raw": one.raw, "internalDateMs": one.at_ms}
                | ({"threadId": threads[one.thread]} if one.thread in threads else {})
                for one in group
            ]
            answer = self.post(f"mailboxes/{account}/messages", {"notify": False, "messages": told})
            for one, shown in zip(group, answer["messages"], strict=True):
                threads.setdefault(one.thread, shown["threadId"])

    def post(self, path: str, body: dict[str, object]) -> dict[str, Any]:
        """Send to the control side."""
        answer = self._http.request("POST", f"{self.url}/control/{path}", json=body)
        shown: dict[str, Any] = answer.json() if answer.data else {}
        return shown

    def spent(self) -> int:
        """Return the units charged."""
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


def consumer(
    stack: ExitStack, google: Charged, enrolled: Sequence[str], rules: Sequence[tuple[str, str, str]]
) -> Deps:
    """Return what a consumer needs, with *enrolled* accounts and *rules* (investor, kind, value)."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench")))
    server = stack.enter_context(postgres.start(folder / "postgres"))
    migrate.up(server.url)
    db = stack.enter_context(Database(server.url, most=16))
    transport = Transport()
    tokens = DelegatedTokens(google.key, f"{google.url}/token", transport=transport)
    gmail = GmailFactory(google.url, transport=transport, tokens=tokens, budget=Budget(0))
    for address in enrolled:
        cursor = gmail.account(address).profile().history_id
        with db.transaction() as conn:
            now = datetime.now(UTC)
            accounts.enrol(conn, address, cursor=cursor, watch_expires_at=None, watch_due_at=now)
    know(db, rules)
    settings = Settings.model_validate({"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test"})
    parsers, matching = stack.enter_context(Parsers(2)), Matching(db, settings.own_domains)
    return Deps(db, gmail, BlobStore(folder / "blobs"), parsers, settings, lambda: False, matching)


def know(db: Database, rules: Sequence[tuple[str, str, str]]) -> None:
    """Add investors."""
    with db.transaction() as conn:
        investors.upsert(conn, [InvestorRow(name, "", kind, value) for name, kind, value in rules])


def count(db: Database, sql: bytes, *values: float | str) -> int:
    """Return the number a query answers."""
    with db.transaction() as conn:
        row = conn.execute(sql, values).fetchone()
    return int(row[0]) if row else 0
