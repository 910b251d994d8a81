"""The sample fund as of one moment, generated once; and its mail as parsed by the standard library."""

import email
import email.policy
from datetime import UTC, datetime

import pytest

from infra.local.fund import fund

SEED, NOW = 7, datetime(2026, 11, 16, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def now():
    return NOW


@pytest.fixture(scope="session")
def sample():
    return fund(SEED, NOW)


@pytest.fixture(scope="session")
def parsed(sample):
    """Every message once, by key."""
    return {copy.message_key: email.message_from_bytes(copy.raw) for copy in sample.mail}


@pytest.fixture(scope="session")
def modern():
    """Decodes a message: headers unfolded and decoded, bodies as text."""
    return lambda raw: email.message_from_bytes(raw, policy=email.policy.default)
