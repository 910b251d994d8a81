"""The world of the simulation: real PostgreSQL, the local Google over HTTP, and a clock that is moved by hand."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import urllib3

from consumer.mail.gmail_json import mail_of
from consumer.mail.parse import parse
from consumer.matching import Matching
from consumer.run import Deps
from shared.blobs import BlobStore
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Limits, Transport
from shared.store import accounts
from shared.store.database import Connection, Database

ACCOUNTS = ("ada@fund.test", "ben@fund.test")

CLEAR = b"""
    DO $$ DECLARE tables text; BEGIN
        SELECT string_agg(format('mailroom.%I', tablename), ', ') INTO tables
          FROM pg_tables WHERE schemaname = 'mailroom' AND tablename NOT IN ('schema_migrations', 'turns');
        EXECUTE 'TRUNCATE ' || tables || ' RESTART IDENTITY CASCADE';
        INSERT INTO mailroom.match_progress (done) VALUES (0);
        INSERT INTO mailroom.words_progress (done) VALUES (0);
        DELETE FROM simulation.set_back;
    END $$
"""
# Whoever sets a cursor back is seen, even if the next look moves it on again.
WITNESS = b"""
    CREATE SCHEMA simulation;
    CREATE TABLE simulation.set_back (address text, cursor_was numeric, cursor_is numeric);
    CREATE FUNCTION simulation.note_set_back() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO simulation.set_back VALUES (OLD.address, OLD.cursor, NEW.cursor);
        RETURN NEW;
    END $$;
    CREATE TRIGGER note_set_back BEFORE UPDATE ON mailroom.email_accounts
        FOR EACH ROW WHEN (NEW.cursor < OLD.cursor) EXECUTE FUNCTION simulation.note_set_back();
"""
# Every moment that is kept goes back, which is the same as the clock going forward.
LATER = (
    b"UPDATE mailroom.email_deltas SET due_at = due_at - %(by)s, lease_until = lease_until - %(by)s",
    b"UPDATE mailroom.email_deltas SET paced_until = paced_until - %(by)s WHERE paced_until IS NOT NULL",
    b"UPDATE mailroom.account_messages SET not_before = not_before - %(by)s, seen_at = seen_at - %(by)s",
    b"UPDATE mailroom.email_accounts SET cursor_at = cursor_at - %(by)s, last_success_at = last_success_at - %(by)s",
    b"UPDATE mailroom.email_accounts SET created_at = created_at - %(by)s",
    b"UPDATE mailroom.email_searches SET created_at = created_at - %(by)s, finished_at = finished_at - %(by)s",
    b"UPDATE mailroom.emails SET unmatched_since = unmatched_since - %(by)s WHERE unmatched_since IS NOT NULL",
)


class Died(BaseException):
    """The process is gone, in the middle of what it did."""


class Hooked(Database):
    """A database whose transactions are the named moments at which a process may die or be overtaken.

    Each has three: "begin", "commit" (everything written, nothing committed) and "done".
    """

    def __init__(self, url: str) -> None:
        super().__init__(url, most=12)
        self.hook: Callable[[str], None] | None = None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        self._at("begin")
        with super().transaction() as conn:
            yield conn
            self._at("commit")
        self._at("done")

    def _at(self, moment: str) -> None:
        if self.hook is not None:
            self.hook(moment)


class Inline:
    """Parses in this process: what a child does is the parser's own test."""

    def parse(self, mails):
        return [parse(raw, received_at=at) for raw, at in mails]

    def parse_json(self, mails):
        import json

        return [mail_of(json.loads(raw), otherwise=at) for raw, at in mails]


class Tokens(DelegatedTokens):
    """Forgets refusals by the moved clock, and signs by the real one, which Google's is not moved from."""

    def _ask(self, address: str, now: float):
        return super()._ask(address, time.time())


def encoded(raw: str) -> str:
    """As the control side takes a message."""
    return base64.urlsafe_b64encode(raw.encode()).decode()


class Google:
    """The control side; and Gmail's connections, shared by all schedules: a server takes only so many."""

    def __init__(self, url: str) -> None:
        self.url, self._http = url, urllib3.PoolManager(retries=False)
        self.transport = Transport(limits=Limits(connect=2, read=5, whole=10))

    def control(self, path: str, body: object = None, method: str = "POST"):
        answer = self._http.request(method, f"{self.url}/control/{path}", json=body or {})
        assert answer.status < 300, answer.data
        return answer.json() if answer.data else None

    def deliver(self, account: str, raw: str, labels: tuple[str, ...], **more: object) -> dict:
        told = {
            "raw": encoded(raw),
            "labels": list(labels),
            "notify": False,
        }
        return self.control(f"mailboxes/{account}/messages", told | more)

    def messages(self, account: str) -> dict[str, dict]:
        found = self.control(f"mailboxes/{account}/messages", method="GET")["messages"]
        return {message["id"]: message for message in found}

    def bodies(self, account: str, kind: str) -> set[str]:
        counted = self.control("counters", method="GET")["mailboxes"].get(account, {"bodies": {}})
        return set(counted["bodies"].get(kind, ()))


@dataclass
class Sea:
    """Everything one schedule touches."""

    db: Hooked
    google: Google
    deps: Deps
    moved: float = 0.0  # seconds by which the clock was moved

    def rows(self, sql: bytes, *values: object) -> list[tuple]:
        with Database.transaction(self.db) as conn:
            return conn.execute(sql, values).fetchall()

    def forget_the_past(self) -> None:
        """Let the cursors begin now: what is there already is old mail, which only a listing finds."""
        for address in ACCOUNTS:
            now = self.deps.gmail.account(address).profile().history_id
            self.rows(
                b"UPDATE mailroom.email_accounts SET cursor = %s WHERE address = %s RETURNING 1", now, address
            )

    def clock(self) -> float:
        return time.monotonic() + self.moved

    def later(self, seconds: float) -> None:
        """Move every clock."""
        self.moved += seconds
        self.google.control("clock", {"advanceSeconds": seconds})
        with Database.transaction(self.db) as conn:
            for statement in LATER:
                conn.execute(statement, {"by": timedelta(seconds=seconds)})


def begin(sea_db: Hooked, google: Google, folder: Path, chosen: dict[str, int]) -> Sea:
    """Return an empty world of *chosen* settings: two mailboxes, enrolled, nobody's mail in them yet."""
    with Database.transaction(sea_db) as conn:
        conn.execute(CLEAR)
    google.control("reset")
    google.control("settings", {"notify_drop": 1.0})
    sea = Sea(sea_db, google, None)  # type: ignore[arg-type]
    key = google.control("service-accounts", {"email": "m@p.iam.gserviceaccount.com", "projectId": "p"})
    tokens = Tokens(
        key, f"{google.url}/token", transport=google.transport, clock=lambda: time.time() + sea.moved
    )
    budget = Budget(0, clock=sea.clock, sleep=sea.later)
    gmail = GmailFactory(google.url, transport=google.transport, tokens=tokens, budget=budget)
    settings = Settings.model_validate({"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test"} | chosen)
    sea.deps = Deps(
        sea_db,
        gmail,
        BlobStore(folder),
        Inline(),
        settings,
        lambda: False,
        Matching(sea_db, settings.own_domains),
    )
    for address in ACCOUNTS:
        google.control("mailboxes", {"email": address})
        cursor = gmail.account(address).profile().history_id
        with Database.transaction(sea_db) as conn:
            now = datetime.now(UTC)
            accounts.enrol(conn, address, cursor=cursor, watch_expires_at=None, watch_due_at=now)
    return sea
