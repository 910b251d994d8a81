"""Crashes, races, lag and expired history: every message ends up stored once."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from consumer.capture import Capture
from consumer.delta import look
from consumer.worker import attend
from shared.errors import LeaseLost
from shared.store import deltas, ledger
from shared.store.runs import Tally
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN


def _look(world, lease):
    return look(world.db, world.deps.gmail.account(ADA), world.deps.settings, lease)


def _capture(world, lease):
    deps = world.deps
    return Capture(
        deps.db,
        deps.blobs,
        deps.parsers,
        deps.settings,
        deps.gmail.account(ADA),
        lease,
        Tally(),
        deps.matching,
    )


def test_a_worker_that_dies_after_its_look_has_lost_nothing(world):
    world.enrol(ADA)
    world.work()
    world.google.deliver(ADA, mail())
    world.push(ADA)
    lease = world.lease()
    _look(world, lease)  # and then the process is gone, its lease still running

    world.rows(b"UPDATE mailroom.email_deltas SET lease_until = now() - interval '1 second' RETURNING 1")
    world.work()

    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(1,)]


def test_a_zombie_whose_lease_was_taken_over_cannot_write(world):
    world.enrol(ADA)
    world.work()
    world.google.deliver(ADA, mail())
    world.push(ADA)
    zombie = world.lease()
    _look(world, zombie)
    world.rows(b"UPDATE mailroom.email_deltas SET lease_until = now() - interval '1 second' RETURNING 1")
    successor = world.lease()
    with world.db.transaction() as conn:
        waiting = ledger.waiting(conn, world.ids[ADA], limit=10)

    with pytest.raises(LeaseLost):
        _capture(world, zombie).take(waiting)

    assert successor.fence > zombie.fence
    assert world.rows(b"SELECT count(*) FROM mailroom.emails") == [(0,)]
    assert set(world.states(ADA).values()) == {"waiting"}


def test_a_zombies_look_does_not_move_the_cursor(world):
    world.enrol(ADA)
    world.work()
    zombie = None
    world.push(ADA)
    zombie = world.lease()
    world.google.deliver(ADA, mail())
    before = world.rows(b"SELECT cursor FROM mailroom.email_accounts")
    world.rows(b"UPDATE mailroom.email_deltas SET lease_until = now() - interval '1 second' RETURNING 1")
    world.lease()

    with pytest.raises(LeaseLost):
        _look(world, zombie)

    assert world.rows(b"SELECT cursor FROM mailroom.email_accounts") == before
    assert world.states(ADA) == {}


def test_a_notification_during_a_run_is_served_by_another_look(world):
    world.enrol(ADA)
    world.work()
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    lease = world.lease()
    asked = []

    class Meddling:
        """Lets a message arrive, and its notification, while Gmail is being asked."""

        def __init__(self, factory):
            self._factory = factory
            self.counting = factory.counting

        def account(self, address, **how):
            gmail = self._factory.account(address, **how)
            history = gmail.history

            def meddle(since):
                pages = list(history(since))
                if not asked:
                    asked.append(since)
                    world.google.deliver(ADA, mail())
                    world.push(ADA)
                return iter(pages)

            gmail.history = meddle
            return gmail

    deps = world.deps
    attend(replace(deps, gmail=Meddling(deps.gmail)), lease)
    world.work()

    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(1,)]


def test_a_notification_that_is_early_is_looked_at_again(world):
    world.enrol(ADA)
    world.work()
    world.google.control("settings", {"history_lag_sec": 600})
    delivered = world.google.deliver(ADA, mail())
    world.push(ADA, int(delivered["historyId"]))
    world.work()
    assert world.states(ADA) == {}
    [(looks, soon)] = world.rows(
        b"SELECT lag_looks, due_at < now() + interval '3 seconds' FROM mailroom.email_deltas"
    )
    assert (looks, soon) == (1, True)

    world.google.control("clock", {"advanceSeconds": 601})
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()

    assert set(world.states(ADA).values()) == {"stored"}


def test_mail_without_any_notification_is_found_by_the_quiet_poll(world):
    world.enrol(ADA)
    world.work()
    world.google.deliver(ADA, mail())

    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()

    assert set(world.states(ADA).values()) == {"stored"}


def test_repeated_and_old_notifications_change_nothing(world):
    world.enrol(ADA)
    world.arrive(ADA, mail())

    for history_id in (1, 10**19, 5):
        world.push(ADA, history_id)
        world.work()

    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(1,)]
    assert world.rows(b"SELECT count(*) FROM crm.email_changes") == [(1,)]


def test_expired_history_is_recovered_by_a_listing_and_the_gap_is_noted(world):
    world.enrol(ADA)
    world.work()
    world.google.deliver(ADA, mail(subject="in the gap"), notify=False)
    world.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})

    world.push(ADA)
    world.work()

    assert world.rows(b"SELECT subject FROM crm.emails") == [("in the gap",)]
    assert world.rows(b"SELECT recovered, closed_at IS NOT NULL FROM mailroom.email_gaps") == [(1, True)]
    world.arrive(ADA, mail(subject="after it"))
    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(2,)]


def test_a_message_deleted_in_gmail_is_gone_from_the_ledger_and_stays_stored(world):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail())

    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")
    world.push(ADA)
    world.work()

    assert world.states(ADA) == {gmail_id: "gone"}
    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(1,)]


def test_a_message_announced_and_deleted_before_it_could_be_read_is_gone(world):
    world.enrol(ADA)
    world.work()
    gmail_id = world.google.deliver(ADA, mail())["id"]
    world.push(ADA)
    lease = world.lease()
    _look(world, lease)
    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")

    world.rows(b"UPDATE mailroom.email_deltas SET lease_until = NULL, lease_owner = NULL RETURNING 1")
    world.work()

    assert world.states(ADA) == {gmail_id: "gone"}


def test_mail_rescued_from_spam_is_captured(world):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail(), "SPAM")
    assert world.states(ADA) == {gmail_id: "excluded"}

    world.google.control(
        f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"add": ["INBOX"], "remove": ["SPAM"]}
    )
    world.push(ADA)
    world.work()

    assert world.states(ADA) == {gmail_id: "stored"}


def test_a_draft_that_is_sent_is_captured_under_its_new_id(world):
    world.enrol(ADA)
    letter = mail(sender=f"Ada <{ADA}>", to="ivy@lp.example")
    draft = world.google.control(f"mailboxes/{ADA}/drafts", {"rawUtf8": letter})
    world.push(ADA)
    world.work()

    sent = world.google.control(f"mailboxes/{ADA}/drafts/{draft['id']}/send")
    world.push(ADA)
    world.work()

    assert world.states(ADA) == {draft["id"]: "gone", sent["id"]: "stored"}
    assert world.google.bodies(ADA) == {sent["id"]}


def test_trouble_with_one_account_stops_only_that_one_and_says_so(world):
    world.enrol(ADA, BEN)
    world.work()
    world.google.control(f"mailboxes/{ADA}", method="DELETE")
    world.google.deliver(BEN, mail(to=BEN))
    world.push(ADA)
    world.push(BEN)

    for _ in range(2):
        attend(world.deps, world.lease())

    assert dict(world.rows(b"SELECT address, status FROM crm.mailboxes"))[BEN] == "active"
    assert dict(world.rows(b"SELECT address, status FROM crm.mailboxes"))[ADA] != "active"
    assert set(world.states(BEN).values()) == {"stored"}


def test_one_message_the_database_refuses_does_not_take_its_batch_along(world, mocker):
    from shared.store import emails

    for number in range(3):
        world.google.deliver(ADA, mail(subject=f"old {number}"))
    world.enrol(ADA)
    insert = emails.insert

    def poisoned(conn, email, thread_id):
        if email.subject == "old 1":
            conn.execute(b"SELECT 1/0")
        return insert(conn, email, thread_id)

    mocker.patch("shared.store.emails.insert", poisoned)
    world.work()

    states = sorted(world.states(ADA).values())
    assert states == ["stored", "stored", "waiting"]
    [(attempts, error)] = world.rows(
        b"SELECT attempts, error FROM mailroom.account_messages WHERE state = 'waiting'"
    )
    assert attempts == 1
    assert "refused" in error


def test_a_message_that_keeps_failing_is_dead_and_visible(world, mocker):
    world.enrol(ADA)
    mocker.patch("shared.store.emails.insert", lambda conn, *_: conn.execute(b"SELECT 1/0"))
    gmail_id = world.arrive(ADA, mail())

    for _ in range(world.deps.settings.retry_max):
        world.rows(b"UPDATE mailroom.account_messages SET not_before = now() RETURNING 1")
        world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
        world.work()

    assert world.states(ADA) == {gmail_id: "dead"}
    assert world.rows(b"SELECT dead FROM crm.mailboxes") == [(1,)]


def test_wake_counters_survive_a_release_with_a_pause(world):
    world.enrol(ADA)
    lease = world.lease()
    world.push(ADA)
    with world.db.transaction() as conn:
        from datetime import timedelta

        deltas.release(conn, lease, due_in=timedelta(hours=1), seen_wake=0)

    assert world.lease() is not None


def test_a_mail_that_cannot_be_read_and_names_nobody_is_dead_with_its_raw_kept(world, mocker):
    from consumer.mail.parse import opaque

    world.enrol(ADA)
    unread = opaque(b"", received_at=datetime(2026, 11, 16, tzinfo=UTC), defect="parse-died")
    mocker.patch.object(type(world.deps.parsers), "parse", lambda _, mails: [unread for _ in mails])

    gmail_id = world.arrive(ADA, mail())

    assert world.states(ADA) == {gmail_id: "dead"}
    assert [path for path in (world.deps.blobs.root / "raw").rglob("*") if path.is_file()]


def test_old_mail_that_is_touched_is_not_announced_as_new(world):
    gmail_id = world.google.deliver(ADA, mail(), notify=False)["id"]
    world.enrol(ADA)
    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"remove": ["UNREAD"]})
    world.push(ADA)
    world.work()

    assert world.rows(b"SELECT historic FROM crm.email_changes") == [(True,)]


def test_imported_old_mail_is_not_announced_as_new(world):
    world.enrol(ADA)
    world.work()
    world.arrive(ADA, mail(), internalDateMs=1_500_000_000_000)

    assert world.rows(b"SELECT historic FROM crm.email_changes") == [(True,)]


def test_spam_that_is_rescued_is_announced_as_new(world):
    world.enrol(ADA)
    world.work()
    gmail_id = world.arrive(ADA, mail(), "SPAM")
    world.google.control(
        f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"remove": ["SPAM"], "add": ["INBOX"]}
    )
    world.push(ADA)
    world.work()

    assert world.rows(b"SELECT historic FROM crm.email_changes") == [(False,)]
