"""The watcher's parts on a real database, with a Gmail that does as it is told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from shared.config import Settings
from shared.errors import NotAuthentic
from shared.gmail.resources import Profile, Watch
from shared.store import accounts, tokens
from shared.store.database import Database
from watcher.web.app import create_app
from watcher.web.deps import Deps

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TOPIC, SUBSCRIPTION = "projects/p/topics/t", "projects/p/subscriptions/s"
ENV = {
    "CRM_GMAIL_INTEGRATION_ENABLED": "true",
    "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test, other.test",
    "CRM_GMAIL_PUBSUB_TOPIC": TOPIC,
    "CRM_GMAIL_PUBSUB_SUBSCRIPTION": SUBSCRIPTION,
}
GENUINE = {"Authorization": "Bearer genuine", "Content-Type": "application/json"}


class PlainGmail:
    """Grants every watch until told otherwise; remembers what it was asked."""

    def __init__(self, expires=NOW + timedelta(days=7)):
        self.expires, self.asked, self.refusals, self.meanwhile = expires, [], {}, lambda: None
        self.primary = {}  # the mailbox's own address, where it was asked for by another one

    def account(self, address, *, live=False):
        return _OneAccount(self, address)


@dataclass
class _OneAccount:
    gmail: PlainGmail
    address: str

    def profile(self):
        return Profile(email_address=self.gmail.primary.get(self.address, self.address), history_id=4711)

    def watch(self, topic):
        self.gmail.asked.append((self.address, topic))
        if refusal := self.gmail.refusals.get(self.address):
            raise refusal
        self.gmail.meanwhile()
        return Watch(history_id=4712, expiration_ms=int(self.gmail.expires.timestamp() * 1000))

    def send_as(self):
        return ()


class Doorkeeper:
    """Stands where PushTokens stands; tests/push tries the real one."""

    refusal = None

    def verify(self, authorization):
        if self.refusal:
            raise self.refusal
        if authorization != "Bearer genuine":
            raise NotAuthentic("the push token is not Google's")


@dataclass
class Clock:
    now: datetime = NOW

    def __call__(self):
        return self.now


@dataclass
class World:
    db: Database
    gmail: PlainGmail = field(default_factory=PlainGmail)
    door: Doorkeeper = field(default_factory=Doorkeeper)
    clock: Clock = field(default_factory=Clock)
    settings: Settings = field(default_factory=lambda: Settings.model_validate(ENV))

    @property
    def deps(self) -> Deps:
        return Deps(self.db, self.settings, self.door, self.gmail, now=self.clock)

    def client(self) -> FlaskClient:
        return create_app(self.deps).test_client()

    def token(self, role="member", name=None):
        with self.db.transaction() as conn:
            return tokens.create(conn, name=name or role, role=role)

    def enrol(self, address="ada@fund.test", *, expires=None, due=NOW, cursor=5):
        with self.db.transaction() as conn:
            number = accounts.enrol(conn, address, cursor=cursor, watch_expires_at=expires, watch_due_at=due)
            at = [self.clock.now, number]  # not the machine's
            conn.execute(b"UPDATE mailroom.email_accounts SET created_at = %s WHERE id = %s", at)
        return number

    def stop(self, account_id, status):
        with self.db.transaction() as conn:
            accounts.set_status(conn, account_id, status, "trouble")

    def account(self, account_id):
        with self.db.transaction() as conn:
            return accounts.by_id(conn, account_id)

    def rows(self, sql, *values):
        with self.db.transaction() as conn:
            return conn.execute(sql, values).fetchall()

    def audit(self):
        return self.rows(b"SELECT actor, action, subject FROM mailroom.audit_log ORDER BY id")


@pytest.fixture
def world(db) -> World:
    return World(db)
