"""Completeness that checks itself: what neither a notification nor history told of is found all the same."""

from dataclasses import replace

import pytest

from tests.consumer.mails import mail
from tests.consumer.names import ADA

COVERAGE = b"SELECT unproved, checked_at IS NOT NULL, missed FROM crm.mailboxes"
CHECKS = b"SELECT purpose, state, listed, missed FROM mailroom.email_searches WHERE kind = 'check' ORDER BY purpose"


def passes(world, hours):
    """Let time pass, and the quiet poll come."""
    world.rows(
        b"UPDATE mailroom.email_searches SET created_at = created_at - %s * interval '1 hour',"
        b" finished_at = finished_at - %s * interval '1 hour' RETURNING 1", hours, hours
    )  # fmt: skip
    world.rows(
        b"UPDATE mailroom.email_accounts SET created_at = created_at - %s * interval '1 hour' RETURNING 1",
        hours,
    )
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()


@pytest.fixture
def ada(world):
    world.enrol(ADA)
    world.work()
    passes(world, 1)  # the first capture looks at the newest page once more by itself
    return world


def untold(world, gmail_id):
    """Forget a message: as if history had never told of it."""
    world.rows(b"DELETE FROM mailroom.account_messages WHERE gmail_id = %s RETURNING 1", gmail_id)


def test_a_message_nothing_told_of_is_found_among_the_newest(ada):
    gmail_id = ada.arrive(ADA, mail())
    untold(ada, gmail_id)

    passes(ada, 2)
    assert gmail_id not in ada.states(ADA)
    passes(ada, 2)

    assert ada.states(ADA) == {gmail_id: "stored"}
    assert ada.rows(CHECKS) == [("newest", "done", 1, 1)]


def test_everything_is_compared_once_a_day_page_by_page(ada):
    ids = [ada.arrive(ADA, mail(subject=str(number))) for number in range(3)]
    untold(ada, ids[0])
    ada.deps = replace(ada.deps, settings=ada.deps.settings.model_copy(update={"page_size": 1}))

    passes(ada, 25)

    assert ada.states(ADA) == dict.fromkeys(ids, "stored")
    assert ada.rows(CHECKS) == [("scan", "done", 3, 1)]
    assert ada.rows(COVERAGE) == [(0, True, 1)]
    passes(ada, 25)
    assert ada.rows(COVERAGE) == [(0, True, 0)]


def test_a_deletion_history_never_told_of_is_found_and_the_bin_is_not_asked_about_each_day(ada):
    deleted, binned = ada.arrive(ADA, mail(subject="deleted")), ada.arrive(ADA, mail(subject="binned"))
    ada.google.control(f"mailboxes/{ADA}/messages/{binned}/trash")
    ada.push(ADA)
    ada.work()
    ada.google.control(f"mailboxes/{ADA}/messages/{deleted}", method="DELETE")
    history = ada.deps.gmail.account(ADA).profile().history_id
    ada.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", history)
    ada.google.control("counters/reset")

    passes(ada, 25)

    assert ada.states(ADA) == {deleted: "gone", binned: "stored"}
    calls = ada.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]
    assert calls["messages.get"] == 1


def test_what_one_daily_check_saw_and_is_deleted_unseen_afterwards_is_found_by_the_next(ada):
    kept, deleted = ada.arrive(ADA, mail(subject="kept")), ada.arrive(ADA, mail(subject="deleted"))
    passes(ada, 25)
    ada.google.control(f"mailboxes/{ADA}/messages/{deleted}", method="DELETE")
    history = ada.deps.gmail.account(ADA).profile().history_id
    ada.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", history)

    passes(ada, 25)

    assert ada.states(ADA) == {kept: "stored", deleted: "gone"}
    assert ada.rows(CHECKS) == [("scan", "done", 1, 0)]


def test_mail_rescued_from_spam_unseen_is_captured(ada):
    gmail_id = ada.arrive(ADA, mail(), "SPAM")
    ada.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"remove": ["SPAM"], "add": ["INBOX"]})
    history = ada.deps.gmail.account(ADA).profile().history_id
    ada.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", history)

    passes(ada, 4)

    assert ada.states(ADA) == {gmail_id: "stored"}


def test_a_check_costs_five_units_and_its_rows_do_not_pile_up(ada):
    ada.arrive(ADA, mail())
    for _ in range(3):
        ada.google.control("counters/reset")
        passes(ada, 4)
        calls = ada.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]
        assert calls["messages.list"] == 1

    assert ada.rows(b"SELECT count(*) FROM mailroom.email_searches WHERE kind = 'check'") == [(1,)]


def test_checks_can_be_switched_off(ada):
    off = ada.deps.settings.model_copy(update={"sync_interval_min": 0})
    ada.deps = replace(ada.deps, settings=off)

    passes(ada, 25)

    assert ada.rows(CHECKS) == []
