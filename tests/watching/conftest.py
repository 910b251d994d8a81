"""A watcher with real parts: PostgreSQL, and the local Google over HTTP."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
import urllib3

from infra.local.google import LocalGoogle, serve
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts
from shared.store.accounts import Account
from shared.store.database import Database

TOPIC = "projects/p/topics/gmail"
MAILBOXES = ("ada@fund.test", "ben@fund.test", "cleo@fund.test")


@pytest.fixture(scope="session")
def google_server() -> Iterator[LocalGoogle]:
    with serve() as google:
        yield google


@dataclass
class World:
    """Everything a test of the watcher touches."""

    db: Database
    google_url: str
    gmail: GmailFactory
    settings: Settings

    def control(self, path: str, body: object = None, method: str = "POST"):
        answer = urllib3.request(method, f"{self.google_url}/control/{path}", json=body or {}, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()

    def watched(self) -> set[str]:
        return {watch["email"] for watch in self.control("watches", method="GET").get("watches", ())}

    def deliver(self, address: str) -> int:
        """Let a message arrive; return the mailbox's history id since then."""
        raw = "From: a@lp.example\nSubject: x\n\nhello"
        return int(self.control(f"mailboxes/{address}/messages", {"rawUtf8": raw})["historyId"])

    def enrol(self, *addresses: str, cursor: int = 1, watch_expires_at: datetime | None = None) -> None:
        with self.db.transaction() as conn:
            for address in addresses:
                accounts.enrol(
                    conn,
                    address,
                    cursor=cursor,
                    watch_expires_at=watch_expires_at,
                    watch_due_at=datetime.now(UTC),
                )

    def account(self, address: str) -> Account:
        with self.db.transaction() as conn:
            found = accounts.by_address(conn, address)
        assert found is not None
        return found

    def shift(self, age: timedelta) -> None:
        """Let everything that was noted about notifications have happened *age* earlier."""
        with self.db.transaction() as conn:
            conn.execute(
                b"UPDATE mailroom.email_deltas SET unpushed_since = unpushed_since - %(age)s, "
                b"unpushed_at = unpushed_at - %(age)s, last_pushed_at = last_pushed_at - %(age)s",
                {"age": age},
            )

    def rows(self, sql: bytes, *values: object) -> list[tuple]:
        with self.db.transaction() as conn:
            return conn.execute(sql, values).fetchall()


@pytest.fixture
def world(db: Database, google_server: LocalGoogle) -> World:
    settings = Settings.model_validate(
        {"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test", "CRM_GMAIL_PUBSUB_TOPIC": TOPIC}
    )
    transport, url = Transport(), google_server.url
    world = World(db, url, None, settings)
    world.control("reset")
    for address in MAILBOXES:
        world.control("mailboxes", {"email": address})
    key = world.control("service-accounts", {"email": "m@p.iam.gserviceaccount.com", "projectId": "p"})
    tokens = DelegatedTokens(key, f"{url}/token", transport=transport, domains=settings.workspace_domain)
    world.gmail = GmailFactory(url, transport=transport, tokens=tokens, budget=Budget(0))
    return world
