"""Enrolling a mailbox, on a plain stand-in; tests/watching does it on the local Google."""

from datetime import timedelta

import pytest

from shared.errors import NoMailbox, OperatorMustAct, Refused
from shared.store import accounts, deltas
from tests.watcher.conftest import NOW
from watcher.enrolment import enrol
from watcher.intake import take
from watcher.notification import Notification


def enroll(world, address="ada@fund.test"):
    return enrol(world.db, world.gmail, address, settings=world.settings, actor="ops")


def test_the_history_id_from_before_the_watch_is_the_first_cursor_and_a_backfill_begins(world):
    account = enroll(world, " Ada@Fund.Test ")

    assert (account.address, account.cursor, account.status) == ("ada@fund.test", 4711, "active")
    assert account.watch_expires_at == NOW + timedelta(days=7)
    assert world.rows(b"SELECT kind, state FROM mailroom.email_searches") == [("backfill", "listing")]
    assert world.audit() == [("ops", "account.enrol", "ada@fund.test")]


def test_the_account_is_there_before_the_watch_but_nothing_is_captured_until_it_is_granted(world):
    def meanwhile():
        with world.db.transaction() as conn:
            held.extend((account.status, account.cursor) for account in accounts.every(conn))
            leased.append(deltas.lease(conn, owner="c", lasts=timedelta(seconds=30)))

    held, leased = [], []
    world.gmail.meanwhile = meanwhile

    enroll(world)

    assert held == [("paused", 4711)]
    assert leased == [None]


def test_the_watchs_own_test_notification_finds_the_account(world):
    def meanwhile():
        take(world.db, [Notification("ada@fund.test", 4711, "1", None)])

    world.gmail.meanwhile = meanwhile

    enroll(world)

    assert world.rows(b"SELECT * FROM mailroom.rejected_notifications") == []
    assert world.rows(b"SELECT due_at <= now(), pushed_history_id FROM mailroom.email_deltas") == [
        (True, 4711)
    ]


@pytest.mark.parametrize("known", [False, True])
def test_an_alias_or_a_former_name_is_refused_before_there_is_a_watch(world, known):
    world.gmail.primary = {"ada@fund.test": "Ada.Lane@fund.test"}
    if known:
        world.stop(world.enrol(cursor=5), "no_mailbox")

    with pytest.raises(Refused, match=r"own address is ada\.lane@fund\.test; enrol that one"):
        enroll(world)

    assert world.gmail.asked == []
    assert world.rows(b"SELECT status FROM mailroom.email_accounts") == [("no_mailbox",)] * known


def test_an_enrolment_that_was_killed_in_the_middle_is_visible_and_ends_well_when_done_again(world):
    class Killed(BaseException):
        pass

    def meanwhile():
        raise Killed

    world.gmail.meanwhile = meanwhile
    with pytest.raises(Killed):
        enroll(world)
    world.gmail.meanwhile = lambda: None
    [(status, why)] = world.rows(b"SELECT status, status_reason FROM mailroom.email_accounts")

    account = enroll(world)

    assert status == "paused"
    assert "enrol it once more" in why
    assert (account.status, account.status_reason, account.cursor) == ("active", "", 4711)
    assert world.audit() == [("ops", "account.enrol", "ada@fund.test")]


def test_a_refusal_takes_nothing_from_who_enrolled_the_same_in_the_meantime(world):
    def somebody_succeeds():
        world.gmail.meanwhile = lambda: None
        enroll(world)
        raise OperatorMustAct("not you")

    world.gmail.meanwhile = somebody_succeeds
    with pytest.raises(OperatorMustAct):
        enroll(world)

    assert world.rows(b"SELECT status FROM mailroom.email_accounts") == [("active",)]


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
    world.stop(account_id, "reconnect")
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
