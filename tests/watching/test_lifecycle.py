"""Watches over their life on a real HTTP Google: another client's watch, and answers that are lost on the way."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from shared.credentials.delegated import DelegatedTokens
from shared.errors import TryLater, Unanswered
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from tests.watching.conftest import MAILBOXES, TOPIC
from watcher.enrolment import enrol
from watcher.renewal import renew_due

ADA, BEN, _ = MAILBOXES
OLD_TOPIC = "projects/p/topics/somebody-elses"


class Cutting:
    """A connection that breaks after Google has done what it was asked, for the calls it is told."""

    def __init__(self):
        self._real, self.cut, self.asked = Transport(), Counter(), []

    def send(self, method, url, **how):
        answer = self._real.send(method, url, **how)
        call = url.partition("?")[0].rpartition("/")[2]
        if answer.status != 401:  # a token that ended with the day; the call goes again
            self.asked.append(call)
        if self.cut[call] > 0:
            self.cut[call] -= 1
            raise Unanswered("no whole answer from Google (ProtocolError)", after=timedelta(seconds=2))
        return answer

    def watch_calls(self):
        return [call for call in self.asked if call in {"watch", "stop"}]


@pytest.fixture
def line(world):
    """The connection all calls of this test travel on."""
    line = Cutting()
    key = world.control("service-accounts", {"email": "n@p.iam.gserviceaccount.com", "projectId": "p"})
    tokens = DelegatedTokens(key, f"{world.google_url}/token", transport=line, domains=("fund.test",))
    world.gmail = GmailFactory(world.google_url, transport=line, tokens=tokens, budget=Budget(0))
    return line


def renew(world):
    """One pass at the time the account waits for."""
    due_at = max(world.account(ADA).watch_due_at, datetime.now(UTC))
    return renew_due(world.db, world.gmail, TOPIC, now=due_at)


def topics(world):
    return {watch["email"]: watch["topic"] for watch in world.control("watches", method="GET")["watches"]}


def test_a_watch_on_another_topic_is_stopped_and_replaced(world, line):
    world.enrol(ADA, cursor=7)
    world.gmail.account(ADA).watch(OLD_TOPIC)
    line.asked.clear()

    assert renew(world).renewed == 1

    assert line.watch_calls() == ["watch", "stop", "watch"]
    assert topics(world) == {ADA: TOPIC}
    assert world.account(ADA).cursor == 7


def test_where_google_refuses_every_renewal_each_one_stops_first_and_none_is_lost(world, line):
    world.enrol(ADA)
    world.control("settings", {"watch_renewal_refused": True})

    for _ in range(3):
        assert renew(world).renewed == 1
        world.control("clock", {"advanceSeconds": 86_400})

    assert topics(world) == {ADA: TOPIC}
    assert line.watch_calls() == ["watch", "watch", "stop", "watch", "watch", "stop", "watch"]


@pytest.mark.parametrize("refuses_renewals", [False, True])
@pytest.mark.parametrize("lost", ["watch", "stop"])
def test_a_lost_answer_is_noted_and_the_next_pass_ends_with_a_watch_and_the_same_cursor(
    world, line, lost, refuses_renewals
):
    world.enrol(ADA, cursor=7)
    world.control("settings", {"watch_renewal_refused": refuses_renewals})
    world.gmail.account(ADA).watch(OLD_TOPIC)
    line.cut[lost] = 2 if lost == "watch" else 1

    first = renew(world)
    during = world.account(ADA)
    for _ in range(3):
        last = renew(world)

    assert (first.failed, last.renewed) == (1, 1)
    assert during.watch_error
    assert during.status == "active"
    assert during.watch_due_at < datetime.now(UTC) + timedelta(minutes=11)
    account = world.account(ADA)
    assert topics(world) == {ADA: TOPIC}
    assert (account.watch_error, account.cursor) == ("", 7)
    assert account.watch_expires_at > datetime.now(UTC) + timedelta(days=6)


def test_an_enrolment_whose_answer_is_lost_leaves_no_account_and_works_when_done_again(world, line):
    line.cut["watch"] = 1
    before = world.deliver(ADA)
    with pytest.raises(TryLater):
        enrol(world.db, world.gmail, ADA, settings=world.settings, actor="ops")
    left = world.rows(b"SELECT count(*) FROM mailroom.email_accounts")
    world.deliver(ADA)

    account = enrol(world.db, world.gmail, ADA, settings=world.settings, actor="ops")

    assert left == [(0,)]
    assert (account.status, topics(world)) == ("active", {ADA: TOPIC})
    assert account.cursor > before  # the mail that came in between is the backfill's


def test_no_enrolment_takes_more_calls_than_a_profile_and_a_watch(world, line):
    enrol(world.db, world.gmail, ADA, settings=world.settings, actor="ops")

    assert line.asked == ["token", "profile", "watch"]
