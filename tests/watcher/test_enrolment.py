"""Enrolling a mailbox: on a plain stand-in, and on the local Google."""

from datetime import timedelta

import pytest
import urllib3

from infra.local.google import serve
from shared.credentials.delegated import DelegatedTokens
from shared.errors import NoMailbox, OperatorMustAct, Refused
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts
from tests.watcher.conftest import NOW, TOPIC
from watcher.enrolment import enrol
from watcher.renewal import Outcome, renew_due


def enroll(world, address="ada@fund.test", gmail=None):
    return enrol(world.db, gmail or world.gmail, address, settings=world.settings, actor="ops")


def test_the_watchs_history_id_is_the_first_cursor_and_a_backfill_begins(world):
    account = enroll(world, " Ada@Fund.Test ")

    assert (account.address, account.cursor, account.status) == ("ada@fund.test", 4711, "active")
    assert account.watch_expires_at == NOW + timedelta(days=7)
    assert world.rows(b"SELECT kind, state FROM mailroom.email_searches") == [("backfill", "listing")]
    assert world.audit() == [("ops", "account.enrol", "ada@fund.test")]


def test_the_watch_starts_before_anything_is_stored(world):
    held = []
    world.gmail.meanwhile = lambda: held.extend(world.rows(b"SELECT id FROM mailroom.email_accounts"))

    enroll(world)

    assert held == []


def test_an_enrolled_account_stays_as_it_is_and_gmail_is_not_asked_again(world):
    first = enroll(world)

    assert enroll(world, "ADA@fund.test") == first
    assert len(world.gmail.asked) == len(world.audit()) == 1


def test_two_who_enrol_at_the_same_moment_make_one_account_and_one_audit_line(world):
    def somebody_is_faster():
        world.gmail.meanwhile = lambda: None
        enroll(world)

    world.gmail.meanwhile = somebody_is_faster

    account = enroll(world)

    assert account.address == "ada@fund.test"
    assert len(world.audit()) == 1


def test_a_stopped_account_is_watched_again_and_goes_on_where_it_was(world):
    account_id = world.enrol(cursor=5)
    with world.db.transaction() as conn:
        accounts.set_status(conn, account_id, "reconnect", "the grant was dead")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 day' RETURNING 1")

    account = enroll(world)

    assert (account.status, account.status_reason, account.cursor) == ("active", "", 5)
    assert account.watch_expires_at == NOW + timedelta(days=7)
    assert world.rows(b"SELECT due_at <= now() FROM mailroom.email_deltas") == [(True,)]
    assert world.audit() == [("ops", "account.revive", "ada@fund.test")]


def test_each_domain_of_the_settings_may_be_enrolled(world):
    assert enroll(world, "bo@other.test").address == "bo@other.test"


@pytest.mark.parametrize(
    "address",
    [
        "", " ", "ada", "@fund.test", "ada@", "ada@fund.test.", "ada@.fund.test", "ada@sub.fund.test", "ada@fund.test.evil.example",
        "ada@evil.example", "ada@evil.example@fund.test", "Ada <ada@fund.test>", "ada@fund.test, ben@fund.test",
        "a\u0131da@fund.test", "ada@\u212afund.test", "ada@fund\uff0etest", "a\x00@fund.test", "x" * 65 + "@fund.test",
    ],
)  # fmt: skip
def test_a_foreign_or_malformed_address_is_refused_before_gmail_is_asked(world, address):
    with pytest.raises(Refused):
        enroll(world, address)

    assert world.gmail.asked == []
    assert world.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]


@pytest.mark.parametrize("refusal", [OperatorMustAct("grant it"), NoMailbox("none")])
def test_what_gmail_refuses_leaves_nothing_behind(world, refusal):
    world.gmail.refusals = {"ada@fund.test": refusal}

    with pytest.raises(type(refusal)):
        enroll(world)

    assert world.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]
    assert world.audit() == []


class Google:
    def __init__(self, url):
        self.url = url
        key = self.control("service-accounts", email="mailroom@p.iam.gserviceaccount.com", projectId="p")
        self.transport = Transport()
        tokens = DelegatedTokens(key, f"{url}/token", transport=self.transport, domains=("fund.test",))
        self.factory = GmailFactory(url, transport=self.transport, tokens=tokens, budget=Budget(0))

    def control(self, path, method="POST", **body):
        answer = urllib3.request(method, f"{self.url}/control/{path}", json=body, retries=False)
        assert answer.status == 200, answer.data
        return answer.json()


@pytest.fixture
def google():
    with serve() as server:
        google = Google(server.url)
        google.control("mailboxes", email="ada@fund.test")
        yield google
        google.transport.close()


def test_on_the_local_google_enrolling_starts_a_watch_that_renewing_prolongs(world, google):
    account = enroll(world, gmail=google.factory)
    google.control("clock", advanceSeconds=86_400)

    outcome = renew_due(world.db, google.factory, TOPIC, now=account.watch_due_at)

    [watch] = google.control("watches", "GET")["watches"]
    renewed = world.account(account.id)
    assert outcome == Outcome(renewed=1, failed=0)
    assert (watch["email"], watch["topic"]) == ("ada@fund.test", TOPIC)
    assert renewed.watch_expires_at - account.watch_expires_at > timedelta(hours=23)
    assert renewed.cursor == account.cursor > 0


def test_on_the_local_google_a_user_without_gmail_is_refused_and_not_enrolled(world, google):
    google.control("mailboxes/ada@fund.test/flags", noMailbox=True)

    with pytest.raises(NoMailbox):
        enroll(world, gmail=google.factory)

    assert world.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]
