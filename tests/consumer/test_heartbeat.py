"""A step may take longer than a lease; a worker that hangs may not keep its account."""

import time
from datetime import timedelta

import pytest

from consumer.heartbeat import Heartbeat
from shared.errors import LeaseLost
from shared.store import deltas
from tests.consumer.names import ADA

SHORT = timedelta(milliseconds=300)


@pytest.fixture
def leased(world):
    world.enrol(ADA)
    world.push(ADA)
    with world.db.transaction() as conn:
        return world, deltas.lease(conn, owner="slow", lasts=SHORT)


def lasts_until(world):
    return world.rows(b"SELECT lease_until FROM mailroom.email_deltas")[0][0]


def wait_for(condition):
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_step_longer_than_the_lease_keeps_its_account(leased):
    world, lease = leased
    before = lasts_until(world)

    with Heartbeat(world.db, lease, every=0.05):
        wait_for(lambda: lasts_until(world) > before)
        time.sleep(SHORT.total_seconds())
        assert world.lease() is None


def test_a_worker_that_makes_no_progress_stops_beating(leased):
    world, lease = leased

    with Heartbeat(world.db, lease, every=0.05, longest_step=0.0) as heart:
        wait_for(lambda: not heart.beating)
        wait_for(lambda: world.lease() is not None)


def test_progress_begins_the_time_of_a_step_anew(leased):
    world, lease = leased

    with Heartbeat(world.db, lease, every=0.05, longest_step=0.5) as heart:
        for _ in range(20):
            heart.progress()
            time.sleep(0.05)
        assert heart.beating


def test_a_heartbeat_does_not_bring_back_a_lease_that_was_taken_over(leased):
    world, lease = leased
    wait_for(lambda: world.lease() is not None)

    with Heartbeat(world.db, lease, every=0.01) as heart:
        wait_for(lambda: not heart.beating)

    with world.db.transaction() as conn, pytest.raises(LeaseLost):
        deltas.hold(conn, lease, lasts=SHORT)


def test_nothing_beats_after_the_block(leased):
    world, lease = leased
    with Heartbeat(world.db, lease, every=0.01) as heart:
        pass

    assert not heart.beating
