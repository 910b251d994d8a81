"""Deltas and leases: one consumer at a time, no notification lost, an old holder recognised."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import LeaseLost
from shared.store import accounts, deltas, emails, ledger
from shared.store.deltas import LEASE


def enrol(db, *addresses):
    with db.transaction() as conn:
        now = datetime.now(UTC)
        return [
            accounts.enrol(conn, one, cursor=1, watch_expires_at=None, watch_due_at=now) for one in addresses
        ]


def lease(db, owner="w"):
    with db.transaction() as conn:
        return deltas.lease(conn, owner=owner, lasts=LEASE)


def run(db, sql, *values):
    with db.transaction() as conn:
        return conn.execute(sql, values).fetchall()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(1, 10**30), min_size=1, max_size=8))
def test_any_notifications_leave_the_greatest_history_id_and_their_number(db, pushed):
    run(db, b"DELETE FROM mailroom.email_accounts RETURNING 1")
    enrol(db, "ada@fund.test")

    for history_id in pushed:
        with db.transaction() as conn:
            deltas.push(conn, "ada@fund.test", history_id)

    [(wake, greatest)] = run(db, b"SELECT wake, pushed_history_id FROM mailroom.email_deltas")
    assert (wake, int(greatest)) == (len(pushed), max(pushed))


def test_a_notification_for_an_unknown_account_writes_nothing(db):
    enrol(db, "ada@fund.test")
    with db.transaction() as conn:
        assert deltas.push(conn, "nobody@fund.test", 5) is None

    assert run(db, b"SELECT wake FROM mailroom.email_deltas") == [(0,)]


@pytest.mark.parametrize("status", ["paused", "reconnect", "operator", "no_mailbox"])
def test_a_notification_for_an_account_that_waits_for_people_is_noted_and_makes_nothing_due(db, status):
    [account] = enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.release(conn, held, due_in=timedelta(hours=1), seen_wake=None)
        accounts.set_status(conn, account, status, "somebody must act")
        assert deltas.push(conn, "ada@fund.test", 5) == account

    assert run(db, b"SELECT wake, due_at > now() FROM mailroom.email_deltas") == [(1, True)]


def test_many_workers_never_hold_one_account_at_once(db):
    enrol(db, *(f"a{number}@fund.test" for number in range(5)))

    with ThreadPoolExecutor(8) as pool:
        held = [one for one in pool.map(lambda n: lease(db, f"w{n}"), range(24)) if one]

    assert sorted(one.account_id for one in held) == sorted({one.account_id for one in held})
    assert len(held) == 5


def test_an_expired_lease_is_taken_over_and_its_old_holder_is_refused(db):
    enrol(db, "ada@fund.test")
    old = lease(db, "old")
    run(db, b"UPDATE mailroom.email_deltas SET lease_until = now() - interval '1 ms' RETURNING 1")

    new = lease(db, "new")

    assert new.fence > old.fence
    with pytest.raises(LeaseLost), db.transaction() as conn:
        deltas.hold(conn, old, lasts=LEASE)
    with db.transaction() as conn:
        deltas.hold(conn, new, lasts=LEASE)


def test_releasing_with_an_old_fence_changes_nothing(db):
    enrol(db, "ada@fund.test")
    old = lease(db, "old")
    run(db, b"UPDATE mailroom.email_deltas SET lease_until = now() - interval '1 ms' RETURNING 1")
    lease(db, "new")

    with db.transaction() as conn:
        deltas.release(conn, old, due_in=timedelta(hours=1), seen_wake=0)

    assert run(db, b"SELECT lease_owner FROM mailroom.email_deltas") == [("new",)]


@pytest.mark.parametrize(("seen", "due_now"), [(0, True), (1, False), (None, False)])
def test_a_release_is_due_at_once_only_when_something_came_that_was_not_seen(db, seen, due_now):
    enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.push(conn, "ada@fund.test", 5)

    with db.transaction() as conn:
        deltas.release(conn, held, due_in=timedelta(hours=1), seen_wake=seen)

    assert run(db, b"SELECT due_at <= now() FROM mailroom.email_deltas") == [(due_now,)]


def test_serving_old_notifications_keeps_a_newer_one(db):
    enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.push(conn, "ada@fund.test", 5)
        seen = deltas.pushed(conn, held)
    with db.transaction() as conn:
        deltas.push(conn, "ada@fund.test", 9)

    with db.transaction() as conn:
        deltas.served(conn, held, seen, lagging=False)

    assert run(db, b"SELECT pushed_history_id::int, first_pushed_at IS NULL FROM mailroom.email_deltas") == [
        (9, False)
    ]


def test_an_account_with_nothing_waiting_has_no_next_turn(db):
    [account] = enrol(db, "ada@fund.test")

    with db.transaction() as conn:
        assert ledger.next_waiting(conn, account) is None
        ledger.add(conn, account, [ledger.Seen("m1", "t1")])
        assert ledger.next_waiting(conn, account) == timedelta(0)


def test_workers_are_told_once_when_an_account_turns_due_and_not_with_every_notification(db):
    [account] = enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.release(conn, held, due_in=timedelta(hours=1), seen_wake=0)
    heard = db.listen(deltas.CHANNEL, timeout=0.3)
    assert next(heard) == ""

    for history_id in (5, 6, 7):
        with db.transaction() as conn:
            deltas.push(conn, "ada@fund.test", history_id)

    assert [next(heard), next(heard)] == [str(account), ""]
    heard.close()


def test_a_notification_that_has_to_wait_makes_its_account_due_later_and_is_announced_once(db):
    [account] = enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.pace(conn, held, vain=2, pause=timedelta(minutes=5))
        deltas.release(conn, held, due_in=timedelta(hours=1), seen_wake=0)
    heard = db.listen(deltas.CHANNEL, timeout=0.3)
    assert next(heard) == ""

    for _ in range(3):
        with db.transaction() as conn:
            deltas.push(conn, "ada@fund.test", 5)

    assert [next(heard), next(heard)] == [str(account), ""]
    heard.close()
    assert run(db, b"SELECT due_at = paced_until, wake FROM mailroom.email_deltas") == [(True, 3)]


def test_a_release_after_an_unseen_notification_waits_for_the_pace(db):
    enrol(db, "ada@fund.test")
    held = lease(db)
    with db.transaction() as conn:
        deltas.push(conn, "ada@fund.test", 5)
        deltas.pace(conn, held, vain=1, pause=timedelta(minutes=5))
        assert deltas.hold(conn, held, lasts=LEASE) == deltas.Held(wake=1, paced=True)

    with db.transaction() as conn:
        deltas.release(conn, held, due_in=timedelta(hours=1), seen_wake=0)

    assert run(db, b"SELECT due_at = paced_until FROM mailroom.email_deltas") == [(True,)]


@pytest.mark.parametrize("status", ["paused", "reconnect"])
def test_an_account_that_is_stopped_is_never_leased_and_never_the_next_due(db, status):
    [account] = enrol(db, "ada@fund.test")
    with db.transaction() as conn:
        accounts.set_status(conn, account, status, "told so")

        assert deltas.next_due(conn) is None
        assert deltas.wake(conn, [account]) == 0
    assert lease(db) is None


def test_waking_makes_active_accounts_due_and_says_how_many(db):
    ids = enrol(db, "ada@fund.test", "ben@fund.test")
    run(db, b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 hour' RETURNING 1")

    with db.transaction() as conn:
        assert deltas.wake(conn, [*ids, 4711]) == 2

    assert run(db, b"SELECT DISTINCT due_at <= now(), wake FROM mailroom.email_deltas") == [(True, 1)]


def test_the_most_overdue_account_is_leased_first(db):
    ids = enrol(db, "ada@fund.test", "ben@fund.test", "cleo@fund.test")
    run(db, b"UPDATE mailroom.email_deltas SET due_at = now() - account_id * interval '1 hour' RETURNING 1")

    assert [lease(db).account_id for _ in ids] == sorted(ids, reverse=True)
    assert lease(db) is None


def test_ids_of_the_change_feed_appear_in_order_whoever_writes(db):
    def write(number):
        with db.transaction() as conn:
            emails.announce(conn, [(number, "stored", False)])
            [(mine,)] = conn.execute(b"SELECT max(id) FROM mailroom.email_changes").fetchall()
            return mine

    seen = []
    with ThreadPoolExecutor(4) as pool:
        writing = [pool.submit(write, number) for number in range(60)]
        while not all(one.done() for one in writing):
            seen.append([row[0] for row in run(db, b"SELECT id FROM crm.email_changes ORDER BY id")])

    for earlier, later in pairwise(seen):
        assert later[: len(earlier)] == earlier
