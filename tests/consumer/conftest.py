"""A consumer with real parts: PostgreSQL, the local Google over HTTP, parsing in a child process."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import urllib3

from consumer.matching import Matching
from consumer.parsing import Parsers
from consumer.run import Deps
from consumer.worker import attend
from infra.local.google import LocalGoogle, serve
from shared.blobs import BlobStore
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts, deltas, investors
from shared.store.database import Database
from shared.store.investors import InvestorRow
from shared.store.runs import Tally
from tests.consumer.names import ADA, BEN, CLEO


@pytest.fixture(scope="session")
def parsers() -> Iterator[Parsers]:
    with Parsers(1) as children:
        yield children


@pytest.fixture(scope="session")
def google_server() -> Iterator[LocalGoogle]:
    with serve() as google:
        yield google


class Google:
    """The control side, in the words of a test."""

    def __init__(self, url: str) -> None:
        self.url = url

    def control(self, path: str, body: object = None, method: str = "POST"):
        answer = urllib3.request(method, f"{self.url}/control/{path}", json=body or {}, retries=False)
        assert answer.status < 300, answer.data
        return answer.json() if answer.data else None

    def deliver(self, account: str, raw: str, *labels: str, **more: object) -> dict:
        body = {
            "raw": base64.urlsafe_b64encode(raw.encode()).decode(),
            "labels": list(labels or ("INBOX", "UNREAD")),
        }
        return self.control(f"mailboxes/{account}/messages", body | more)

    def bodies(self, account: str) -> set[str]:
        """Ids of the messages whose body was handed out."""
        counted = self.control("counters", method="GET")["mailboxes"].get(account, {"bodies": {}})
        return {gmail_id for name in ("raw", "full") for gmail_id in counted["bodies"].get(name, ())}


@pytest.fixture
def google(google_server: LocalGoogle) -> Google:
    side = Google(google_server.url)
    side.control("reset")
    for address in (ADA, BEN, CLEO):
        side.control("mailboxes", {"email": address})
    return side


@dataclass
class World:
    """Everything a test of the consumer touches."""

    db: Database
    google: Google
    deps: Deps
    ids: dict[str, int] = field(default_factory=dict)

    def enrol(self, *addresses: str) -> None:
        for address in addresses:
            cursor = self.deps.gmail.account(address).profile().history_id
            with self.db.transaction() as conn:
                now = datetime.now(UTC)
                self.ids[address] = accounts.enrol(
                    conn, address, cursor=cursor, watch_expires_at=None, watch_due_at=now
                )

    def push(self, address: str, history_id: int = 1) -> None:
        with self.db.transaction() as conn:
            assert deltas.push(conn, address, history_id) is not None

    def lease(self) -> deltas.Lease | None:
        with self.db.transaction() as conn:
            return deltas.lease(conn, owner="test", lasts=deltas.LEASE)

    def work(self) -> Tally:
        """Serve every account that is due; return what was done in all."""
        total = Tally()
        while (lease := self.lease()) is not None:
            done = attend(self.deps, lease)
            for name in ("stored", "unmatched", "excluded", "gone", "failed", "units"):
                setattr(total, name, getattr(total, name) + getattr(done, name))
            total.error = total.error or done.error
        return total

    def arrive(self, address: str, raw: str, *labels: str, **more: object) -> str:
        """Deliver, notify and work; return the Gmail id."""
        delivered = self.google.deliver(address, raw, *labels, **more)
        self.push(address, int(delivered["historyId"]))
        self.work()
        return delivered["id"]

    def rows(self, sql: bytes, *values: object) -> list[tuple]:
        with self.db.transaction() as conn:
            return conn.execute(sql, values).fetchall()

    def states(self, address: str) -> dict[str, str]:
        return dict(
            self.rows(
                b"SELECT gmail_id, state FROM mailroom.account_messages WHERE account_id = %s",
                self.ids[address],
            )
        )


@pytest.fixture
def world(db: Database, google: Google, parsers: Parsers, tmp_path: Path) -> World:
    key = google.control(
        "service-accounts", {"email": "mailroom@p.iam.gserviceaccount.com", "projectId": "p"}
    )
    settings = Settings.model_validate({"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test"})
    transport = Transport()
    tokens = DelegatedTokens(key, f"{google.url}/token", transport=transport)
    gmail = GmailFactory(google.url, transport=transport, tokens=tokens, budget=Budget(0))
    deps = Deps(
        db,
        gmail,
        BlobStore(tmp_path / "blobs"),
        parsers,
        settings,
        lambda: False,
        Matching(db, settings.own_domains),
    )
    world = World(db, google, deps)
    with db.transaction() as conn:
        investors.upsert(
            conn,
            [
                InvestorRow("Ivy Investor", "Ivy", "address", "ivy@lp.example"),
                InvestorRow("Nordwind", "Nordwind", "domain", "nordwind.example"),
            ],
        )
    return world
