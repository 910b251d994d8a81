"""History that cannot be had: what the gap hid is found, what it took is gone, and nothing is guessed."""

from dataclasses import replace
from itertools import chain, repeat

import pytest

from consumer.worker import attend
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from tests.consumer.steps import again, listed, steps

EMAILS = b"SELECT count(*) FROM crm.emails"
CHANGES = b"SELECT kind FROM crm.email_changes ORDER BY id"


def lose_history(world):
    """Let Gmail forget everything before now, and look."""
    world.google.deliver(ADA, mail(sender="somebody@else.example"), notify=False)
    world.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})
    world.push(ADA)
    world.work()


@pytest.fixture
def ada(world):
    world.enrol(ADA)
    world.work()
    return world


def test_spam_that_was_rescued_in_the_gap_is_captured(ada):
    gmail_id = ada.arrive(ADA, mail(), "SPAM")
    assert ada.states(ADA) == {gmail_id: "excluded"}
    ada.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"remove": ["SPAM"], "add": ["INBOX"]})

    lose_history(ada)

    assert ada.states(ADA)[gmail_id] == "stored"


def in_the_bin(world, gmail_id):
    """Put a message in the bin, and let no look hear of it."""
    world.google.control("settings", {"history_lag_sec": 60.0, "message_lag_sec": 0.0})
    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/trash", {"notify": False})


def rescued(world, gmail_id):
    """Take a message out of the bin while nobody looks, and lose the history that says so."""
    world.google.control("settings", {"history_lag_sec": 0.0})
    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/untrash", {"notify": False})
    lose_history(world)


def test_mail_that_was_in_the_bin_when_its_headers_were_read_and_rescued_in_the_gap_is_captured(world):
    gmail_id = world.google.deliver(ADA, mail(), notify=False)["id"]
    world.enrol(ADA)
    listed(world, ADA)
    in_the_bin(world, gmail_id)
    steps(world, 1)
    assert world.states(ADA) == {gmail_id: "excluded"}

    rescued(world, gmail_id)

    assert world.states(ADA)[gmail_id] == "stored"


def test_mail_that_was_in_the_bin_when_a_proof_read_it_and_rescued_in_the_gap_is_captured(ada):
    gmail_id = ada.google.deliver(ADA, mail(), notify=False)["id"]
    in_the_bin(ada, gmail_id)
    ada.rows(
        b"INSERT INTO mailroom.account_messages (account_id, gmail_id, gmail_thread_id, live, state, settled_at, judged_by)"
        b" VALUES (%s, %s, '', false, 'unmatched', now(), 'search') RETURNING 1",
        ada.ids[ADA],
        gmail_id,
    )
    ada.rows(
        b"INSERT INTO mailroom.email_searches (account_id, kind, purpose)"
        b" VALUES (%s, 'backfill', 'proof') RETURNING 1",
        ada.ids[ADA],
    )
    again(ada)
    assert ada.states(ADA) == {gmail_id: "excluded"}

    rescued(ada, gmail_id)

    assert ada.states(ADA)[gmail_id] == "stored"


def test_what_was_left_out_before_its_labels_were_written_down_is_looked_at_once_more(ada):
    back, draft = ada.arrive(ADA, mail(), "SPAM"), ada.arrive(ADA, mail(sender=ADA), "DRAFT")
    ada.google.control(f"mailboxes/{ADA}/messages/{back}/labels", {"remove": ["SPAM"], "add": ["INBOX"]})
    ada.rows(b"UPDATE mailroom.account_messages SET labels = '{}' RETURNING 1")

    lose_history(ada)

    states = ada.states(ADA)
    assert (states[back], states[draft]) == ("stored", "excluded")
    ada.google.control("counters/reset")
    lose_history(ada)
    calls = ada.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]
    assert calls["messages.get"] == 1  # what somebody else has sent to lose history; the draft is known


def test_a_message_deleted_in_the_gap_is_gone_and_stays_readable(ada):
    kept, deleted = ada.arrive(ADA, mail()), ada.arrive(ADA, mail(subject="short-lived"))
    ada.google.control(f"mailboxes/{ADA}/messages/{deleted}", method="DELETE")

    lose_history(ada)

    states = ada.states(ADA)
    assert (states[kept], states[deleted]) == ("stored", "gone")
    assert ada.rows(EMAILS) == [(2,)]
    assert ada.rows(
        b"SELECT gone, recovered, reason FROM mailroom.email_gaps WHERE closed_at IS NOT NULL"
    ) == [(1, 1, "expired")]
    assert ada.rows(CHANGES)[-1] == ("gone",)


def test_a_message_binned_in_the_gap_is_not_gone(ada):
    gmail_id = ada.arrive(ADA, mail())
    ada.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/trash")

    lose_history(ada)

    assert ada.states(ADA)[gmail_id] == "stored"
    [(labels,)] = ada.rows(b"SELECT labels FROM mailroom.account_messages WHERE state = 'stored'")
    assert "TRASH" in labels


def test_a_message_taken_for_gone_comes_back_when_gmail_shows_it(ada):
    gmail_id = ada.arrive(ADA, mail())
    ada.rows(b"UPDATE mailroom.account_messages SET state = 'gone' RETURNING 1")
    ada.rows(b"UPDATE mailroom.emails SET gone_at = now() RETURNING 1")

    lose_history(ada)

    assert ada.states(ADA)[gmail_id] == "stored"
    assert ada.rows(CHANGES)[-1] == ("returned",)
    assert ada.rows(b"SELECT gone_at FROM mailroom.emails") == [(None,)]


def test_a_cursor_older_than_history_is_trusted_goes_the_long_way_without_asking(ada):
    ada.google.deliver(ADA, mail(), notify=False)
    ada.rows(b"UPDATE mailroom.email_accounts SET cursor_at = now() - interval '6 days' RETURNING 1")

    ada.push(ADA)
    ada.work()

    assert ada.rows(EMAILS) == [(1,)]
    assert ada.rows(b"SELECT reason FROM mailroom.email_gaps") == [("stale",)]


def test_a_mailbox_made_anew_under_its_address_is_captured_again(ada):
    old = ada.arrive(ADA, mail(subject="before"))
    ada.rows(b"UPDATE mailroom.email_accounts SET cursor = cursor + 100000000000 RETURNING 1")
    new = ada.google.deliver(ADA, mail(subject="after"), notify=False)["id"]

    ada.push(ADA)
    ada.work()
    third = ada.arrive(ADA, mail(subject="later"))

    assert ada.states(ADA) == {old: "stored", new: "stored", third: "stored"}
    assert ada.rows(b"SELECT reason FROM mailroom.email_gaps") == [("restarted",)]


def test_history_that_expires_again_during_a_recovery_replaces_it(ada):
    ada.google.deliver(ADA, mail(), notify=False)
    ada.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})
    ada.push(ADA)
    stopping = chain([False], repeat(True))
    attend(replace(ada.deps, stopping=lambda: next(stopping)), ada.lease())  # one look; nothing is listed yet
    ada.google.deliver(ADA, mail(), notify=False)

    lose_history(ada)

    assert ada.rows(EMAILS) == [(2,)]
    recoveries = ada.rows(b"SELECT state FROM mailroom.email_searches WHERE kind = 'recovery' ORDER BY id")
    assert (recoveries[0], recoveries[-1]) == (("cancelled",), ("done",))
    assert ada.rows(b"SELECT count(*) FROM mailroom.email_gaps WHERE closed_at IS NULL") == [(0,)]


@pytest.mark.parametrize(("policy", "visible", "rows"), [("keep", 1, 1), ("hide", 0, 1), ("erase", 0, 0)])
def test_what_becomes_of_a_deleted_message_is_the_funds_decision(ada, policy, visible, rows):
    ada.deps = replace(ada.deps, settings=ada.deps.settings.model_copy(update={"on_delete": policy}))
    gmail_id = ada.arrive(ADA, mail())

    ada.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")
    ada.push(ADA)
    ada.work()

    assert ada.rows(EMAILS) == [(visible,)]
    assert ada.rows(b"SELECT count(*) FROM mailroom.emails") == [(rows,)]
    assert ada.states(ADA) == {gmail_id: "gone"}
    assert ada.rows(CHANGES) == [("stored",), ("gone",)]


def test_a_message_is_gone_only_when_every_mailbox_has_lost_it(ada):
    ada.deps = replace(ada.deps, settings=ada.deps.settings.model_copy(update={"on_delete": "hide"}))
    ada.enrol(BEN)
    ada.work()
    first, second = ada.arrive(ADA, mail()), ada.arrive(BEN, mail())
    for address, gmail_id, visible in ((ADA, first, 1), (BEN, second, 0)):
        ada.google.control(f"mailboxes/{address}/messages/{gmail_id}", method="DELETE")
        ada.push(address)
        ada.work()
        assert ada.rows(EMAILS) == [(visible,)]


def test_a_hidden_message_is_seen_again_when_a_copy_turns_up(ada):
    ada.deps = replace(ada.deps, settings=ada.deps.settings.model_copy(update={"on_delete": "hide"}))
    ada.enrol(BEN)
    ada.work()
    gmail_id = ada.arrive(ADA, mail())
    ada.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")
    ada.push(ADA)
    ada.work()

    ada.arrive(BEN, mail())

    assert ada.rows(EMAILS) == [(1,)]


def test_recovery_asks_for_no_message_it_has_already(ada):
    for number in range(5):
        ada.arrive(ADA, mail(subject=f"number {number}"))
    ada.google.deliver(ADA, mail(sender="somebody@else.example"), notify=False)
    ada.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})
    ada.push(ADA)

    done = ada.work()

    # history 2, profile 1 for the anchor and 1 for the plan, listing 5, the headers of the new one 20
    assert done.units == 29
    assert (done.stored, done.unmatched) == (0, 1)


def test_a_message_that_the_listing_did_not_show_yet_is_found_a_little_later(ada):
    ada.google.control("settings", {"message_lag_sec": 20, "history_lag_sec": 20})
    late = ada.google.deliver(ADA, mail(), notify=False)["id"]
    lose_history(ada)
    assert late not in ada.states(ADA)

    ada.google.control("clock", {"advanceSeconds": 40})
    ada.rows(
        b"UPDATE mailroom.email_searches SET created_at = created_at - interval '40 seconds' RETURNING 1"
    )
    ada.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    ada.work()

    assert ada.states(ADA)[late] == "stored"
