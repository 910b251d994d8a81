"""Old mail takes hours; nobody waits for it: neither a neighbour's new mail nor the account's own next look."""

from dataclasses import replace

import pytest

from consumer.worker import attend
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from tests.consumer.test_backfill import STORED, UNFINISHED, noise


@pytest.fixture
def backfilled(world):
    """Ben is served already; Ada has more old mail than one step takes."""
    world.enrol(BEN)
    world.work()
    noise(world, 60)
    world.enrol(ADA)
    return world


def takes_a_turn(world, address):
    lease = world.lease()
    assert lease.account_id == world.ids[address]
    attend(world.deps, lease)


def unfinished(world):
    return world.rows(UNFINISHED)[0][0]


def test_old_mail_makes_room_after_a_step_when_a_neighbour_is_due(backfilled):
    delivered = backfilled.google.deliver(BEN, mail(to=BEN), notify=False)
    lease = backfilled.lease()
    backfilled.push(BEN, int(delivered["historyId"]))

    attend(backfilled.deps, lease)

    assert lease.account_id == backfilled.ids[ADA]
    assert unfinished(backfilled)
    takes_a_turn(backfilled, BEN)
    assert backfilled.rows(STORED) == [(1,)]
    takes_a_turn(backfilled, ADA)
    assert not unfinished(backfilled)


def test_with_nobody_waiting_old_mail_is_done_in_one_go(backfilled):
    takes_a_turn(backfilled, ADA)

    assert not unfinished(backfilled)


def test_a_neighbour_that_is_merely_due_waits_a_little(backfilled):
    overdue = b"UPDATE mailroom.email_deltas SET due_at = now() - make_interval(secs => %s) WHERE account_id = %s RETURNING 1"
    lease = backfilled.lease()
    backfilled.rows(overdue, 5, backfilled.ids[BEN])
    attend(backfilled.deps, lease)
    assert not unfinished(backfilled)

    noise(backfilled, 60, BEN)
    backfilled.rows(b"DELETE FROM mailroom.email_accounts WHERE id = %s RETURNING 1", backfilled.ids[BEN])
    backfilled.enrol(BEN)
    lease = backfilled.lease()
    backfilled.rows(overdue, 15, backfilled.ids[ADA])
    attend(backfilled.deps, lease)
    assert unfinished(backfilled)


def test_a_step_is_done_each_time_however_many_wait(backfilled):
    backfilled.rows(b"UPDATE mailroom.email_deltas SET due_at = now() - interval '1 day' RETURNING 1")
    turns = 0
    while unfinished(backfilled):
        backfilled.rows(
            b"UPDATE mailroom.email_deltas SET due_at = now() WHERE lease_owner IS NULL RETURNING 1"
        )
        lease = backfilled.lease()
        attend(backfilled.deps, lease)
        turns += 1
        assert turns < 40


def test_old_mail_is_given_back_when_the_accounts_own_next_look_is_due(backfilled):
    at_once = backfilled.deps.settings.model_copy(update={"quiet_poll_sec": 0})
    backfilled.deps = replace(backfilled.deps, settings=at_once)

    takes_a_turn(backfilled, ADA)

    assert unfinished(backfilled)
    assert backfilled.rows(
        b"SELECT due_at <= now() FROM mailroom.email_deltas WHERE account_id = %s", backfilled.ids[ADA]
    ) == [(True,)]
