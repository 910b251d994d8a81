"""Renewing watches against a real HTTP Google: what is noted, what is left alone, who is not held up."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import OperatorMustAct, TryLater
from shared.gmail.resources import SendAs, Watch
from shared.store import accounts
from tests.watching.conftest import MAILBOXES, TOPIC
from watcher.aliases import own
from watcher.renewal import renew_due

ADA, BEN, CLEO = MAILBOXES


def renew(world, *, gmail=None, in_=timedelta(0)):
    return renew_due(world.db, gmail or world.gmail, TOPIC, now=datetime.now(UTC) + in_)


class Answers:
    """A Gmail that answers or raises as told, by address."""

    def __init__(self, **by_name):
        self._by_name, self.asked = by_name, []

    def account(self, address, *, live=False):
        self.asked.append(address)
        self._next = self._by_name.get(address.partition("@")[0])
        return self

    def watch(self, topic):
        if isinstance(self._next, Exception):
            raise self._next
        end = datetime.now(UTC) + timedelta(days=7)
        return Watch(history_id=9, expiration_ms=int(end.timestamp() * 1000))

    def send_as(self):
        return ()


def test_a_due_watch_is_made_and_its_end_and_next_renewal_are_noted(world):
    world.enrol(ADA)

    outcome = renew(world)

    account, now = world.account(ADA), datetime.now(UTC)
    assert (outcome.renewed, outcome.failed) == (1, 0)
    assert world.watched() == {ADA}
    assert now + timedelta(days=6) < account.watch_expires_at < now + timedelta(days=8)
    assert now < account.watch_due_at <= now + timedelta(days=1)
    assert account.watch_error == ""


def test_renewing_never_moves_the_cursor_although_the_mailbox_is_ahead(world):
    world.enrol(ADA, cursor=7)
    world.deliver(ADA)

    renew(world)

    assert world.account(ADA).cursor == 7


def test_a_watch_stays_alive_over_ten_days_of_daily_passes(world):
    world.enrol(ADA)

    for day in range(10):
        assert renew(world, in_=timedelta(days=day)).renewed == 1
        world.control("clock", {"advanceSeconds": 86_400})

        assert world.watched() == {ADA}


def test_one_account_without_a_mailbox_stops_only_itself(world):
    world.control(f"mailboxes/{ADA}/flags", {"noMailbox": True})
    world.enrol(ADA, BEN, CLEO)

    outcome = renew(world)

    assert (outcome.renewed, outcome.failed) == (2, 1)
    assert world.watched() == {BEN, CLEO}
    assert world.account(ADA).status == "no_mailbox"
    assert world.account(ADA).watch_error
    assert world.account(BEN).status == "active"


def test_an_account_google_does_not_know_waits_for_an_admin_and_the_others_go_on(world):
    world.control(f"mailboxes/{ADA}", method="DELETE")
    world.enrol(ADA, BEN)

    outcome = renew(world)

    assert (outcome.renewed, outcome.failed) == (1, 1)
    account = world.account(ADA)
    assert account.status != "active" or account.watch_error
    assert world.watched() == {BEN}


@pytest.mark.parametrize(
    "trouble",
    [
        TryLater("busy for ever", after=timedelta.max),
        OperatorMustAct("Google said \0 and \ud800"),
        RuntimeError("a surprise that quotes ya29.secret"),
    ],
    ids=["busy for ever", "odd words", "surprise"],
)
def test_whatever_befalls_one_account_is_noted_and_the_next_has_its_turn(world, trouble):
    world.enrol(ADA, BEN)
    gmail = Answers(ada=trouble)

    outcome = renew(world, gmail=gmail)

    account = world.account(ADA)
    assert (outcome.renewed, outcome.failed) == (1, 1)
    assert gmail.asked == [ADA, BEN]
    assert account.status == "active"
    assert account.watch_due_at > datetime.now(UTC)
    assert account.watch_error
    assert "secret" not in account.watch_error
    assert world.account(BEN).watch_error == ""


def test_what_an_admin_paused_stays_paused_however_a_run_under_way_ends(world):
    world.enrol(ADA)
    account = world.account(ADA).id
    with world.db.transaction() as conn:
        accounts.set_status(conn, account, "paused", "paused by an admin")
        accounts.set_status(conn, account, "operator", "a key was refused")

    assert world.rows(b"SELECT status, status_reason FROM mailroom.email_accounts") == [
        ("paused", "paused by an admin")
    ]


@pytest.mark.parametrize("status", ["paused", "reconnect", "no_mailbox", "operator"])
def test_accounts_that_are_stopped_are_not_watched(world, status):
    world.enrol(ADA)
    with world.db.transaction() as conn:
        accounts.set_status(conn, accounts.by_address(conn, ADA).id, status, "told so")

    assert renew(world).renewed == 0
    assert world.watched() == set()


def aliases(world):
    with world.db.transaction() as conn:
        return conn.execute(b"SELECT address FROM mailroom.account_aliases ORDER BY 1").fetchall()


def test_a_renewal_looks_up_the_mailboxes_other_addresses(world):
    world.enrol(ADA)
    world.control("mailboxes", {"email": ADA, "aliases": ["Ada@Portfolio.example", "a@fund.test"]})

    renew(world)
    assert aliases(world) == [("a@fund.test",), ("ada@portfolio.example",)]

    world.control("mailboxes", {"email": ADA, "aliases": ["a@fund.test"]})
    renew(world, in_=timedelta(days=2))
    assert aliases(world) == [("a@fund.test",)]


def test_a_gmail_that_does_not_tell_them_renews_all_the_same_and_forgets_none(world):
    world.enrol(ADA)
    world.control("mailboxes", {"email": ADA, "aliases": ["a@fund.test"]})
    renew(world)

    world.control("faults", {"effect": "accessNotConfigured", "method": "sendAs.list", "nth": 1})
    assert renew(world, in_=timedelta(days=2)).renewed == 1

    assert aliases(world) == [("a@fund.test",)]


def test_an_address_gmail_has_not_verified_is_not_ours():
    found = (
        SendAs("x@lp.example", verification_status="pending"),
        SendAs("y@fund.test", verification_status="accepted"),
    )

    assert own(found, "ada@fund.test") == {"y@fund.test"}
