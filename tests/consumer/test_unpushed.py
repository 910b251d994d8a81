"""What a look notes about notifications that should have come: only news of which nobody told us."""

import pytest

from tests.consumer.mails import mail
from tests.consumer.names import ADA

UNPUSHED = b"SELECT unpushed_since IS NOT NULL, push_broken_at FROM mailroom.email_deltas"


def poll(world):
    """The quiet poll's time has come."""
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()


@pytest.fixture
def quiet(world):
    world.enrol(ADA)
    world.work()
    return world


def test_a_poll_that_finds_nothing_says_nothing_about_notifications(quiet):
    poll(quiet)

    assert quiet.rows(UNPUSHED) == [(False, None)]


def test_a_poll_that_finds_mail_notes_that_no_notification_had_told_of_it(quiet):
    quiet.google.deliver(ADA, mail())
    poll(quiet)

    assert quiet.rows(UNPUSHED) == [(True, None)]


def test_a_change_of_labels_counts_as_well_because_gmail_tells_of_every_change(quiet):
    gmail_id = quiet.arrive(ADA, mail())
    quiet.rows(b"UPDATE mailroom.email_deltas SET last_pushed_at = now() - interval '1 hour' RETURNING 1")
    quiet.google.control(f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"add": ["STARRED"]})
    poll(quiet)

    assert quiet.rows(UNPUSHED) == [(True, None)]


def test_mail_that_was_told_of_is_not_noted_nor_what_a_burst_leaves_behind(quiet):
    quiet.arrive(ADA, mail(subject="told of"))
    quiet.google.deliver(ADA, mail(subject="in the same second"))
    poll(quiet)

    assert quiet.rows(UNPUSHED) == [(False, None)]
