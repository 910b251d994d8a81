"""Files left out for their size are caught up with when the limit is raised."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consumer.files import fetch_next
from shared.blobs.sweeping import sweep
from shared.store import attachments
from tests.consumer.mails import with_file
from tests.consumer.names import ADA

BIG = "x" * 1_200_000


def limited(world, mebibytes):
    return replace(
        world.deps, settings=world.deps.settings.model_copy(update={"max_attachment_mb": mebibytes})
    )


@pytest.fixture
def stub(world):
    """A message whose file was left out; returns its Gmail id."""
    world.enrol(ADA)
    world.deps = limited(world, 1)
    return world.arrive(ADA, with_file("deck.pdf", BIG))


def file_of(world):
    [row] = world.rows(b"SELECT size, sha256, skipped FROM crm.attachments")
    return row


def units(world):
    return sum(world.google.control("counters", method="GET")["mailboxes"][ADA]["units"].values())


def forget_raw(world):
    world.rows(b"UPDATE mailroom.emails SET stored_at = stored_at - interval '40 days' RETURNING 1")
    world.rows(b"UPDATE mailroom.blobs SET claimed_at = claimed_at - interval '2 hours' RETURNING 1")
    assert sweep(world.db, world.deps.blobs, raw_retention=timedelta(days=30)).expired == 1


def test_a_file_beyond_the_limit_leaves_a_line_that_says_so_and_is_not_fetched(world, stub):
    assert file_of(world) == (1_200_000, None, "larger than 1 MiB")
    assert not fetch_next(world.deps)


def test_with_a_higher_limit_it_comes_from_the_messages_own_bytes_and_costs_nothing(world, stub):
    before = units(world)

    assert fetch_next(limited(world, 2))

    _, sha256, skipped = file_of(world)
    assert world.deps.blobs.file(sha256) == BIG.encode()
    assert (skipped, units(world)) == ("", before)
    assert not fetch_next(limited(world, 2))


def test_without_those_bytes_the_message_is_read_once_more(world, stub):
    forget_raw(world)
    before = units(world)

    assert fetch_next(limited(world, 2))

    assert file_of(world)[1]
    assert units(world) - before == 20


def test_a_message_deleted_meanwhile_says_so_and_is_left_alone(world, stub):
    forget_raw(world)
    world.google.control(f"mailboxes/{ADA}/messages/{stub}", method="DELETE")

    assert fetch_next(limited(world, 2))

    assert file_of(world)[1:] == (None, "the message was deleted in Gmail before the file was fetched")
    assert not fetch_next(limited(world, 2))


def test_a_message_nobody_may_see_is_not_fetched_for(world, stub):
    world.rows(b"UPDATE mailroom.emails SET hidden = true RETURNING id")
    world.rows(
        b"INSERT INTO mailroom.email_changes (email_id, kind, historic) SELECT id, 'gone', true FROM mailroom.emails RETURNING 1"
    )

    assert not fetch_next(limited(world, 2))


def test_a_file_is_taken_by_one_and_again_only_when_that_one_died(world, stub):
    def take():
        with world.db.transaction() as conn:
            return attachments.next_to_fetch(conn, most=2_000_000, lasts=timedelta(minutes=10))

    assert take() is not None
    assert take() is None
    world.rows(b"UPDATE mailroom.email_attachments SET not_before = now() RETURNING 1")
    assert take().attempts == 2


def test_a_gmail_that_does_not_answer_postpones_the_file(world, stub):
    forget_raw(world)
    for nth in range(1, 9):
        world.google.control("faults", {"effect": "unavailable", "method": "messages.get", "nth": nth})

    assert fetch_next(limited(world, 2))

    assert file_of(world)[1] is None
    assert world.rows(b"SELECT not_before > now(), failed FROM mailroom.email_attachments") == [(True, False)]
