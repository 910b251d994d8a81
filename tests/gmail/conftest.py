"""Ada's Gmail: on a scripted server that misbehaves as told, and on the local Google for everything else."""

import pytest
import urllib3

from infra.local.google import serve
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Limits, Transport
from tests.gmail.mailbox import Mailbox
from tests.gmail.scripted import ADA, Scripted


@pytest.fixture
def scripted():
    server = Scripted()
    yield server
    server.close()


class FixedTokens:
    """Tokens t1, t2, …: a new one after each forget()."""

    def __init__(self):
        self.number = 1

    def token(self, address):
        return f"t{self.number}"

    def forget(self, address):
        self.number += 1


@pytest.fixture
def tokens():
    return FixedTokens()


class Hasty:
    """A clock that is put forward by whoever sleeps: no test waits for a pause."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def unlimited():
    clock = Hasty()
    return Budget(0, clock=clock, sleep=clock.sleep)


@pytest.fixture
def budget():
    return unlimited()


@pytest.fixture
def quick():
    """A transport that loses patience within a test."""
    transport = Transport(limits=Limits(connect=1, read=0.3, whole=0.6, size=100_000))
    yield transport
    transport.close()


@pytest.fixture
def afresh(scripted, tokens, quick):
    """Make Ada's Gmail on the scripted server as it is at the start of a process: nothing is paused."""

    def afresh():
        factory = GmailFactory(scripted.url, transport=quick, tokens=tokens, budget=unlimited())
        return factory.account(ADA, live=True)

    return afresh


@pytest.fixture
def gmail(scripted, tokens, budget, quick):
    """Ada's Gmail on the scripted server."""
    return GmailFactory(scripted.url, transport=quick, tokens=tokens, budget=budget).account(ADA, live=True)


@pytest.fixture
def mailbox(scripted):
    return Mailbox(scripted)


@pytest.fixture(scope="session")
def running_google():
    with serve() as server:
        yield server


class Google:
    """The local Google's control side."""

    def __init__(self, url):
        self.url = url

    def control(self, method, path, **body):
        answer = urllib3.request(
            method, f"{self.url}/control/{path}", json=body or None, retries=False, timeout=10
        )
        assert answer.status == 200, answer.data
        return answer.json()

    def deliver(self, address, raw, **more):
        return self.control("POST", f"mailboxes/{address}/messages", rawUtf8=raw, **more)["id"]


@pytest.fixture
def google(running_google):
    control = Google(running_google.url)
    control.control("POST", "reset")
    control.control("POST", "mailboxes", email=ADA)
    return control


@pytest.fixture(scope="session")
def key(running_google):
    return Google(running_google.url).control(
        "POST", "service-accounts", email="mailroom@local-project.iam.gserviceaccount.com"
    )


@pytest.fixture
def transport():
    transport = Transport()
    yield transport
    transport.close()


@pytest.fixture
def delegated(google, key, transport):
    return DelegatedTokens(key, f"{google.url}/token", transport=transport, domains=["fund.example"])


@pytest.fixture
def factory(google, transport, delegated, budget):
    return GmailFactory(google.url, transport=transport, tokens=delegated, budget=budget)


@pytest.fixture
def ada(factory):
    return factory.account(ADA, live=True)
