"""Access that is lost: a status and a sentence for an admin, hardly a request, never a lost cursor."""

import time
from dataclasses import replace

import pytest

from shared.credentials.delegated import DelegatedTokens
from shared.credentials.keyless import KeylessTokens, Machine
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts
from tests.consumer.names import ADA, BEN

SA = "mailroom@p.iam.gserviceaccount.com"
# A stopped account is looked at again after a quarter of an hour, or a day: nobody waits for that here.
DUE = b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1"


class Clock:
    """The real one, some seconds off."""

    def __init__(self, wrong_by=0.0):
        self.wrong_by = wrong_by

    def __call__(self):
        return time.time() + self.wrong_by


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def by_key(world, clock):
    """Give the consumer a fresh service-account key, and Ada and Ben something to look for."""

    def by_key(domains=None, transport=None):
        key = world.google.control("service-accounts", {"email": SA, "projectId": "p"})
        transport = transport or Transport()
        tokens = DelegatedTokens(
            key, f"{world.google.url}/token", transport=transport, domains=domains, clock=clock
        )
        use(world, tokens, transport)

    world.enrol(ADA, BEN)
    return by_key


def use(world, tokens, transport):
    gmail = GmailFactory(world.google.url, transport=transport, tokens=tokens, budget=Budget(0))
    world.deps = replace(world.deps, gmail=gmail)
    world.google.control("token-requests/clear")


def worked(world, times=20):
    """Let both accounts be looked at again and again; return how often a token was asked for."""
    for _ in range(times):
        world.rows(DUE)
        world.work()
    return len(world.google.control("token-requests", method="GET")["requests"])


def standing(world, address):
    with world.db.transaction() as conn:
        account = accounts.by_id(conn, world.ids[address])
    return account.status, account.status_reason, account.cursor


def mail(to):
    return (
        f"From: Ivy <ivy@lp.example>\r\nTo: {to}\r\nSubject: Terms\r\nMessage-ID: <a-{to}>\r\n\r\nHello\r\n"
    )


def test_a_deleted_key_stops_all_accounts_with_one_request_and_loses_nothing(world, by_key, clock):
    by_key()
    clock.wrong_by, before = -100, standing(world, ADA)[2]
    for address in (ADA, BEN):
        world.google.deliver(address, mail(address))
    world.google.control(f"service-accounts/{SA}/delete-key")

    assert worked(world) == 1

    for address in (ADA, BEN):
        status, reason, _ = standing(world, address)
        assert (status, "CRM_GMAIL_SA_KEY_PATH" in reason) == ("operator", True)
    assert standing(world, ADA)[2] == before
    clock.wrong_by = 0
    assert worked(world) == 2
    by_key()
    worked(world, times=1)
    assert [standing(world, address)[0] for address in (ADA, BEN)] == ["active", "active"]
    assert list(world.states(ADA).values()) == ["stored"]


@pytest.mark.parametrize("wrong_by", [-7200, 7200])
def test_a_wrong_clock_of_ours_is_told_as_one(world, by_key, clock, wrong_by):
    by_key()
    clock.wrong_by = wrong_by

    assert worked(world) == 1

    status, reason, _ = standing(world, BEN)
    assert status == "operator"
    assert "this machine's clock is wrong" in reason


def test_a_deleted_user_stops_alone(world, by_key):
    by_key()
    world.google.control(f"users/{ADA}/delete")

    assert worked(world) == 2

    assert standing(world, ADA)[:2] == (
        "no_mailbox",
        "Google knows no such user: deleted, renamed, or misspelt",
    )
    assert standing(world, BEN)[0] == "active"


def test_a_delegation_taken_back_names_what_to_allow(world, by_key):
    by_key()
    world.google.control("delegations/withdraw", {"serviceAccount": SA, "domain": "fund.test"})
    world.google.control("delegations", {"clientId": "1", "domain": "fund.test", "scopes": []})

    assert worked(world) == 2

    for address in (ADA, BEN):
        status, reason, _ = standing(world, address)
        assert (status, "numeric client id" in reason) == ("operator", True)


def test_a_domain_no_longer_ours_stops_its_accounts_without_any_request(world, by_key):
    by_key(domains=["other.test"])

    assert worked(world) == 0

    status, reason, _ = standing(world, ADA)
    assert (status, "CRM_GMAIL_WORKSPACE_DOMAIN" in reason) == ("operator", True)


def test_keyless_without_its_role_stops_all_accounts_and_goes_on_when_it_is_granted(world, by_key, clock):
    google, transport, clock.wrong_by = world.google, Transport(), -100
    machine = Machine(google.url, google.url, transport=transport, clock=clock)
    use(world, KeylessTokens(machine, SA, f"{google.url}/token", clock=clock), transport)

    assert worked(world) == 0

    for address in (ADA, BEN):
        status, reason, _ = standing(world, address)
        assert (status, "roles/iam.serviceAccountTokenCreator" in reason) == ("operator", True)
    google.control("token-creators", {"serviceAccount": SA})
    clock.wrong_by = 0
    worked(world, times=1)
    assert standing(world, ADA)[0] == "active"
