"""Keys, accounts whose grants they seal, and a server that answers as told."""

import traceback
from datetime import UTC, datetime

import pytest

from shared.config import from_env
from shared.credentials import keys
from shared.credentials.sealing import Keyring, Sealer
from shared.gmail.transport import Limits, Transport
from shared.store import accounts
from tests.gmail.scripted import ADA, Scripted

SA = "mailroom@local-project.iam.gserviceaccount.com"


def sealer(first, *old):
    """A sealer as the settings make it."""
    env = {"CRM_GMAIL_SECRET_KEY": first, "CRM_GMAIL_SECRET_KEYS_OLD": ",".join(old)}
    return Sealer(Keyring.from_settings(from_env(env)))


@pytest.fixture(scope="session")
def old_key():
    return keys.new()


@pytest.fixture(scope="session")
def new_key():
    return keys.new()


@pytest.fixture
def enrolled(db):
    """Enrol accounts and return their ids."""

    def enrolled(*addresses):
        now = datetime.now(UTC)
        with db.transaction() as conn:
            return [
                accounts.enrol(conn, address, cursor=1, watch_expires_at=None, watch_due_at=now)
                for address in addresses
            ]

    return enrolled


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()


@pytest.fixture
def transport():
    transport = Transport(limits=Limits(connect=1, read=5, whole=5, size=100_000))
    yield transport
    transport.close()


class Clock:
    now = 1_790_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def refused(tokens, kind, address=ADA):
    with pytest.raises(kind) as told:
        tokens.token(address)
    assert "canary" not in "".join(traceback.format_exception(told.value))
    return str(told.value)
