"""A backfill that is cancelled reads nothing more, loses nothing, and goes on without paying twice."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from consumer.rematch import catch_up
from shared.store import deltas, investors, ledger, searches
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA
from tests.consumer.steps import again, listed, steps

HELD = b"SELECT count(*) FROM mailroom.account_messages WHERE state = 'waiting' AND not_before = 'infinity'"
STORED = b"SELECT count(*) FROM crm.emails"
A_DAY_LATER = b"""
    WITH searched AS (
        UPDATE mailroom.email_searches SET finished_at = finished_at - interval '25 hours',
                                           created_at = created_at - interval '25 hours'
    )
    UPDATE mailroom.email_accounts SET created_at = created_at - interval '25 hours' RETURNING 1
"""


@pytest.fixture
def ada(world):
    """A mailbox of 60 messages, 30 of them an investor's, nothing of it captured yet."""
    for number in range(30):
        world.google.deliver(ADA, mail(sender=f"n{number}@letter.example"), notify=False)
        world.google.deliver(ADA, mail(), notify=False)
    world.enrol(ADA)
    world.google.control("counters/reset")
    return world


def cancel(world):
    with world.db.transaction() as conn:
        return searches.cancel(conn, world.ids[ADA])


def order(world):
    with world.db.transaction() as conn:
        return searches.order(conn, world.ids[ADA])


def counted(world):
    return world.google.control("counters", method="GET")["mailboxes"].get(ADA, {"calls": {}, "bodies": {}})


def bodies(world):
    """How often each body was handed out."""
    return Counter(one for shape in ("raw", "full") for one in counted(world)["bodies"].get(shape, ()))


def test_nothing_more_is_listed_read_or_checked(ada):
    steps(ada, 3)  # the plan, and both searches
    done = cancel(ada)
    assert (done.searches, done.held, done.recovering) == (2, 30, False)
    before = counted(ada)["calls"] | {"history.list": 0}

    again(ada)
    ada.rows(A_DAY_LATER)
    again(ada)

    assert counted(ada)["calls"] | {"history.list": 0} == before
    assert not bodies(ada)
    assert ada.rows(b"SELECT held, waiting, listing, cancelled_at IS NULL FROM crm.mailboxes") == [
        (30, 0, False, False)
    ]


def test_new_mail_is_captured_all_the_same(ada):
    steps(ada, 3)
    cancel(ada)

    new = ada.arrive(ADA, mail(subject="today"))

    assert ada.states(ADA)[new] == "stored"
    assert ada.rows(HELD) == [(30,)]


@pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 7])
def test_ordered_again_it_goes_on_and_no_message_is_paid_for_twice(ada, after):
    steps(ada, after)
    cancel(ada)
    again(ada)

    assert order(ada) == "resumed"
    again(ada)

    assert ada.rows(STORED) == [(30,)]
    assert ada.rows(HELD) == [(0,)]
    assert set(bodies(ada).values()) == {1}
    assert ada.rows(b"SELECT unproved, cancelled_at FROM crm.mailboxes") == [(0, None)]
    calls = counted(ada)["calls"]
    assert (calls["getProfile"], calls["messages.list"], calls["messages.get"]) == (1, 3, 60)


def test_what_history_tells_of_a_message_that_was_left_is_captured_at_once(ada):
    steps(ada, 3)
    cancel(ada)
    one, other = sorted(gmail_id for gmail_id, state in ada.states(ADA).items() if state == "waiting")[:2]
    with ada.db.transaction() as conn:
        ledger.add(conn, ada.ids[ADA], [ledger.Seen(one, "", ("INBOX",), live=True)])

    again(ada)

    assert (ada.states(ADA)[one], ada.states(ADA)[other]) == ("stored", "waiting")


def test_what_history_told_of_stays(ada):
    steps(ada, 3)
    ids = sorted(gmail_id for gmail_id, state in ada.states(ADA).items() if state == "waiting")
    with ada.db.transaction() as conn:
        ledger.add(conn, ada.ids[ADA], [ledger.Seen(ids[0], "", ("INBOX",), live=True)])
        ledger.relabel(conn, ada.ids[ADA], {ids[1]: ("INBOX",)})
        assert searches.cancel(conn, ada.ids[ADA]).held == 28

    again(ada)

    assert {gmail_id for gmail_id, state in ada.states(ADA).items() if state == "stored"} == set(ids[:2])


def test_a_message_that_was_left_and_is_deleted_in_gmail_is_gone(ada):
    steps(ada, 3)
    cancel(ada)
    left = next(gmail_id for gmail_id, state in ada.states(ADA).items() if state == "waiting")
    ada.google.control(f"mailboxes/{ADA}/messages/{left}", method="DELETE")

    again(ada)
    order(ada)
    again(ada)

    assert ada.states(ADA)[left] == "gone"
    assert ada.rows(STORED) == [(29,)]


def test_a_new_investors_search_that_was_cancelled_goes_on_too(ada):
    again(ada)
    with ada.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("N", "", "address", "n7@letter.example")])
        searches.ask(conn, ["n7@letter.example"])
    cancel(ada)
    again(ada)
    assert ada.rows(STORED) == [(30,)]

    assert order(ada) == "resumed"
    again(ada)

    assert ada.rows(STORED) == [(31,)]


def test_a_new_investor_frees_their_messages_from_a_cancelled_backfill(ada):
    steps(ada, 3)
    cancel(ada)
    with ada.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Ivy's partner", "", "domain", "lp.example")])
        searches.ask(conn, ["lp.example"])

    again(ada)

    assert ada.rows(STORED) == [(30,)]


def test_a_proof_that_was_cancelled_is_not_carried_out_for_a_new_investor(world):
    for number in range(30):
        world.google.deliver(ADA, mail(sender=f"n{number}@letter.example"), notify=False)
        world.google.deliver(ADA, mail(), notify=False)
    catch_up(world.db, world.deps.matching)  # what the fixture's investors would ask for anew
    world.enrol(ADA)
    while world.rows(b"SELECT unproved FROM crm.mailboxes") == [(0,)]:
        steps(world, 1)
    cancel(world)
    before = counted(world)["calls"].get("messages.get", 0)
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Zoe", "", "address", "zoe@nobody.example")])
    catch_up(world.db, world.deps.matching)

    again(world)

    assert counted(world)["calls"].get("messages.get", 0) == before
    assert world.rows(b"SELECT unproved FROM crm.mailboxes") == [(30,)]
    assert order(world) == "resumed"
    again(world)
    assert world.rows(b"SELECT unproved FROM crm.mailboxes") == [(0,)]


def test_a_recovery_is_no_backfill_and_goes_on(ada):
    steps(ada, 3)
    ada.google.deliver(ADA, mail(subject="in the gap"), notify=False)
    ada.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})
    steps(ada, 1)
    done = cancel(ada)
    assert (done.held, done.recovering) == (0, True)

    again(ada)

    assert ada.rows(STORED) == [(31,)]


def test_who_cancels_while_a_page_is_listed_has_cancelled(ada):
    real = ada.deps.gmail.account

    class Meanwhile:
        counting = ada.deps.gmail.counting

        def account(self, address, **named):
            gmail = real(address, **named)
            ask = gmail.list_ids

            def list_ids(**how):
                page = ask(**how)
                cancel(ada)
                return page

            gmail.list_ids = list_ids
            return gmail

    whole, ada.deps = ada.deps, replace(ada.deps, gmail=Meanwhile())
    again(ada)

    assert ada.states(ADA) == {}
    assert counted(ada)["calls"]["messages.list"] == 1
    ada.deps = whole
    order(ada)
    again(ada)
    assert ada.rows(STORED) == [(30,)]


def test_who_cancels_while_the_plan_is_made_has_cancelled(ada):
    real = ada.deps.gmail.account

    class Meanwhile:
        counting = ada.deps.gmail.counting

        def account(self, address, **named):
            gmail = real(address, **named)
            ask = gmail.profile

            def profile():
                cancel(ada)
                return ask()

            gmail.profile = profile
            return gmail

    ada.deps = replace(ada.deps, gmail=Meanwhile())
    assert again(ada).error == ""

    assert "messages.list" not in counted(ada)["calls"]
    assert ada.rows(b"SELECT purpose, state FROM mailroom.email_searches") == [("plan", "cancelled")]


def test_checks_begin_again_when_the_backfill_is_done(ada):
    steps(ada, 3)
    cancel(ada)
    order(ada)
    again(ada)
    ada.rows(A_DAY_LATER)
    again(ada)

    assert ada.rows(b"SELECT purpose FROM mailroom.email_searches WHERE kind = 'check'") == [("scan",)]


def test_two_orders_at_once_are_one(ada):
    again(ada)

    assert [order(ada), order(ada)] == ["begun", "under way"]
    assert cancel(ada).searches == 1
    assert [order(ada), order(ada)] == ["resumed", "under way"]


def test_a_consumer_that_holds_messages_when_they_are_left_stores_them(ada):
    steps(ada, 3)
    with ada.db.transaction() as conn:
        lease = deltas.lease(conn, owner="test", lasts=deltas.LEASE)
        entries = ledger.waiting(conn, lease.account_id, limit=3)
    cancel(ada)
    with ada.db.transaction() as conn:
        ledger.settle(conn, lease.account_id, [one.gmail_id for one in entries], "unmatched")

    assert ada.rows(HELD) == [(27,)]


def test_a_message_that_cannot_be_read_while_it_is_left_stays_left(ada):
    steps(ada, 3)
    with ada.db.transaction() as conn:
        lease = deltas.lease(conn, owner="test", lasts=deltas.LEASE)
        [entry] = ledger.waiting(conn, lease.account_id, limit=1)
    cancel(ada)
    with ada.db.transaction() as conn:
        why = ledger.Postponed(timedelta(seconds=5), "backendError", counts=True)
        ledger.postpone(conn, lease.account_id, [entry.gmail_id], why)

    assert ada.rows(HELD) == [(30,)]


def test_what_a_check_listed_while_it_was_left_is_left_when_cancelled_again(world):
    for _ in range(20):
        world.google.deliver(ADA, mail(), notify=False)
    catch_up(world.db, world.deps.matching)
    world.enrol(ADA)
    listed(world, ADA)
    assert cancel(world).held == 20
    for _ in range(2):  # the look at the newest page, and a check of everything
        world.rows(A_DAY_LATER)
        again(world)
    assert world.rows(b"SELECT purpose, state FROM mailroom.email_searches WHERE kind = 'check'") == [
        ("scan", "done")
    ]

    assert order(world) == "resumed"
    assert cancel(world).held == 20

    again(world)
    assert world.rows(STORED) == [(0,)]
