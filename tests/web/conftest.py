"""The web application on a real database; only Google's answers to it are arranged."""

from dataclasses import dataclass
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

SUBSCRIPTION = "projects/p/subscriptions/s"
SETTINGS = {
    "CRM_GMAIL_INTEGRATION_ENABLED": "true",
    "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test",
    "CRM_GMAIL_PUBSUB_TOPIC": "projects/p/topics/t",
    "CRM_GMAIL_PUBSUB_SUBSCRIPTION": SUBSCRIPTION,
}


class Doorkeeper:
    """Stands where PushTokens stands; tests/push tries the real one."""

    def verify(self, authorization):
        if authorization != "Bearer genuine":
            raise NotAuthentic("the push token is not Google's")


class FakeGmail:
    """Answers watch calls, or refuses them; counts how often it was asked."""

    def __init__(self):
        self.asked, self.refusal = [], None

    def account(self, address, *, live=False):
        self.asked.append(address)
        self._address = address
        return self

    def profile(self):
        return Profile(email_address=self._address, history_id=4711)

    def watch(self, topic):
        if self.refusal:
            raise self.refusal
        end = datetime.now(UTC) + timedelta(days=7)
        return Watch(history_id=4712, expiration_ms=int(end.timestamp() * 1000))


@dataclass
class Web:
    db: Database
    client: FlaskClient
    gmail: FakeGmail
    admin: dict[str, str]
    member: dict[str, str]

    def enrol(self, address="ada@fund.test"):
        with self.db.transaction() as conn:
            now = datetime.now(UTC)
            return accounts.enrol(conn, address, cursor=1, watch_expires_at=None, watch_due_at=now)

    def rows(self, sql, *values):
        with self.db.transaction() as conn:
            return conn.execute(sql, values).fetchall()


def build(db, **settings):
    gmail = FakeGmail()
    deps = Deps(db, Settings.model_validate(SETTINGS | settings), Doorkeeper(), gmail)
    return create_app(deps), gmail


@pytest.fixture
def web(db) -> Web:
    app, gmail = build(db)
    with db.transaction() as conn:
        admin = tokens.create(conn, name="a", role="admin")
        member = tokens.create(conn, name="m", role="member")
    bearer = {"Authorization": f"Bearer {admin}"}, {"Authorization": f"Bearer {member}"}
    return Web(db, app.test_client(), gmail, *bearer)
