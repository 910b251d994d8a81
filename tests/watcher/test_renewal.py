"""One pass over the watches that are due."""

from datetime import timedelta

import pytest
import structlog

from shared.errors import NoMailbox, OperatorMustAct, Reconnect, TryLater
from tests.watcher.conftest import NOW, TOPIC
from watcher.renewal import Outcome, renew_due

DAY = timedelta(days=1)


def renew(world, now=NOW):
    return renew_due(world.db, world.gmail, TOPIC, now=now)


def test_what_is_due_is_renewed_and_its_new_end_noted(world):
    due = world.enrol(expires=NOW + 6 * DAY)
    world.enrol("ben@fund.test", expires=NOW + 6 * DAY, due=NOW + timedelta(seconds=1))

    outcome = renew(world)

    assert outcome == Outcome(renewed=1, failed=0)
    assert world.gmail.asked == [("ada@fund.test", TOPIC)]
    account = world.account(due)
    assert (account.watch_expires_at, account.watch_due_at) == (NOW + 7 * DAY, NOW + DAY)


def test_a_renewal_never_touches_the_cursor(world):
    account_id = world.enrol(cursor=5)

    renew(world)

    assert world.account(account_id).cursor == 5


def test_the_watch_that_ends_first_comes_first_and_none_at_all_before_it(world):
    world.enrol("late@fund.test", expires=NOW + 5 * DAY)
    world.enrol("soon@fund.test", expires=NOW + DAY)
    world.enrol("never@fund.test", expires=None)

    renew(world)

    assert [address for address, _ in world.gmail.asked] == [
        "never@fund.test",
        "soon@fund.test",
        "late@fund.test",
    ]


@pytest.mark.parametrize("trouble", [OperatorMustAct("grant it"), Reconnect("dead"), RuntimeError("a bug")])
def test_one_accounts_trouble_does_not_stop_the_others(world, trouble):
    ada, ben = world.enrol(expires=NOW + DAY), world.enrol("ben@fund.test", expires=NOW + 2 * DAY)
    world.gmail.refusals = {"ada@fund.test": trouble}

    outcome = renew(world)

    assert outcome == Outcome(renewed=1, failed=1)
    assert world.account(ben).watch_expires_at == NOW + 7 * DAY
    assert world.account(ada).watch_expires_at == NOW + DAY


def test_what_the_operator_must_do_stands_at_the_account_until_a_renewal_works(world):
    account_id = world.enrol(expires=NOW + 6 * DAY)
    world.gmail.refusals = {"ada@fund.test": OperatorMustAct("grant the topic's role Publisher to Gmail")}

    renew(world)
    during = world.account(account_id)
    world.gmail.refusals = {}
    renew(world, now=during.watch_due_at)

    assert (during.status, during.watch_error) == ("active", "grant the topic's role Publisher to Gmail")
    assert during.watch_due_at == NOW + timedelta(minutes=1)
    assert world.account(account_id).watch_error == ""


@pytest.mark.parametrize(
    ("trouble", "status"),
    [(Reconnect("the grant is dead"), "reconnect"), (NoMailbox("suspended"), "no_mailbox")],
)
def test_a_dead_grant_or_mailbox_is_the_accounts_status_and_it_is_left_alone(world, trouble, status):
    account_id = world.enrol()
    world.gmail.refusals = {"ada@fund.test": trouble}

    renew(world)
    later = renew(world, now=NOW + DAY)

    account = world.account(account_id)
    assert (account.status, account.status_reason) == (status, str(trouble))
    assert later == Outcome(renewed=0, failed=0)


def test_gmail_is_not_asked_before_the_time_it_named(world):
    account_id = world.enrol(expires=NOW + 6 * DAY)
    world.gmail.refusals = {"ada@fund.test": TryLater("too fast", after=timedelta(minutes=17))}

    renew(world)

    assert world.account(account_id).watch_due_at == NOW + timedelta(minutes=17)


def test_of_a_surprise_only_the_kind_is_written_down(world):
    account_id = world.enrol()
    world.gmail.refusals = {"ada@fund.test": RuntimeError("canary-token")}

    with structlog.testing.capture_logs() as lines:
        renew(world)

    assert "RuntimeError" in world.account(account_id).watch_error
    assert "canary" not in str(lines) + world.account(account_id).watch_error


@pytest.mark.parametrize(
    ("left", "level", "alarm"),
    [(6, "warning", "none"), (1.5, "error", "warn"), (0.5, "error", "page"), (-1, "error", "page")],
)
def test_a_failure_is_the_louder_the_nearer_the_end_and_names_no_address(world, left, level, alarm):
    world.enrol(expires=NOW + left * DAY)
    world.gmail.refusals = {"ada@fund.test": OperatorMustAct("grant it")}

    with structlog.testing.capture_logs() as lines:
        renew(world)

    [line] = lines
    assert (line["event"], line["log_level"], line["alarm"]) == ("watch.failed", level, alarm)
    assert "ada@" not in str(line)


def test_ten_days_of_daily_renewals_keep_every_watch_alive(world):
    account_id, now = world.enrol(), NOW

    for _ in range(10 * 24):
        world.gmail.expires = now + 7 * DAY
        renew(world, now=now)
        assert world.account(account_id).watch_expires_at > now + 5 * DAY
        now += timedelta(hours=1)

    assert len(world.gmail.asked) == 10
