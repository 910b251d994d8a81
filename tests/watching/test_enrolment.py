"""Enrolling: the row and its cursor first, then the watch, so that nothing can fall between."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import MailroomError, Refused
from shared.store import accounts
from tests.watching.conftest import MAILBOXES
from watcher.enrolment import checked, enrol

ADA, BEN, _ = MAILBOXES


def enroll(world, address, actor="an admin"):
    return enrol(world.db, world.gmail, address, settings=world.settings, actor=actor)


def test_the_first_cursor_is_the_history_id_from_before_the_watch(world):
    current = world.deliver(ADA)

    account = enroll(world, ADA)

    assert world.watched() == {ADA}
    assert account.cursor == current
    assert account.watch_expires_at > datetime.now(UTC) + timedelta(days=6)
    assert account.watch_due_at <= datetime.now(UTC) + timedelta(days=1)


def test_account_delta_backfill_and_audit_line_appear_together(world):
    enroll(world, ADA)

    assert world.rows(b"SELECT due_at <= now() FROM mailroom.email_deltas") == [(True,)]
    assert world.rows(b"SELECT kind, state FROM mailroom.email_searches") == [("backfill", "listing")]
    assert world.rows(b"SELECT actor, action, subject FROM mailroom.audit_log") == [
        ("an admin", "account.enrol", ADA)
    ]


def test_enrolling_again_changes_nothing(world):
    first = enroll(world, ADA)
    world.deliver(ADA)

    assert enroll(world, " ADA@FUND.TEST ") == first
    assert world.rows(b"SELECT count(*) FROM mailroom.audit_log") == [(1,)]


@pytest.mark.parametrize("address", ["nobody@fund.test", BEN])
def test_nothing_is_stored_when_google_refuses(world, address):
    world.control(f"mailboxes/{BEN}/flags", {"noMailbox": True})

    with pytest.raises(MailroomError):
        enroll(world, address)

    assert world.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]
    assert world.rows(b"SELECT count(*) FROM mailroom.audit_log") == [(0,)]


@pytest.mark.parametrize("status", ["no_mailbox", "reconnect", "operator", "paused"])
def test_a_stopped_account_is_watched_again_looked_at_now_and_keeps_its_cursor(world, status):
    before = enroll(world, ADA)
    with world.db.transaction() as conn:
        accounts.set_status(conn, before.id, status, "trouble")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 day' RETURNING 1")
    world.deliver(ADA)

    after = enroll(world, ADA)

    assert (after.status, after.status_reason, after.cursor) == ("active", "", before.cursor)
    assert world.rows(b"SELECT due_at <= now() FROM mailroom.email_deltas") == [(True,)]


def test_without_a_configured_domain_nobody_can_be_enrolled():
    with pytest.raises(Refused, match="CRM_GMAIL_WORKSPACE_DOMAIN"):
        checked(ADA, ())
