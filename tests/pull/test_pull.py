"""`mailroom pull` as a process, on Google's emulator: published means due, whatever happens in between."""

import time

import psycopg
import pytest

from infra.local.pubsub import emulator
from tests.pull.conftest import Bus, changed, said, until

ADA, BEN, CLEO = "ada@fund.test", "ben@fund.test", "cleo@fund.test"


def connected(process):
    process.ready("pull.connected")
    return process


def test_what_is_published_makes_its_account_due_and_is_acknowledged(world, bus):
    world.enrol(ADA, BEN)
    process = connected(world.pull(bus))

    bus.publish(changed(ADA, 7), changed(" ADA@Fund.Test", "9"), changed(ADA, 8))
    until(lambda: world.deltas() == {ADA: (True, 9)})

    process.stop()
    assert bus.left() == []
    assert world.rows(b"SELECT last_pushed_at > now() - interval '1 minute' FROM mailroom.email_deltas ORDER BY 1") == [(True,), (None,)]  # fmt: skip


def test_garbage_and_strangers_are_recorded_and_never_come_again(world, bus):
    world.enrol(ADA)
    process = connected(world.pull(bus))

    bus.publish(
        b"\xff garbage", b'{"emailAddress": "ada@fund.test"}', changed("x@else.test", 5), changed(ADA, 3)
    )
    until(lambda: ADA in world.deltas())

    counted = dict(until(lambda: len(found := world.rows(REJECTS)) == 3 and found))
    process.stop()
    assert counted == {"data_not_json": 1, "no_history_id": 1, "unknown-account": 1}
    assert bus.left() == []
    assert "else.test" not in process.output()


REJECTS = b"SELECT reason, times FROM mailroom.rejected_notifications"


def test_a_flood_ends_as_one_due_row_for_each_account_with_the_greatest_id(world, bus):
    world.enrol(ADA, BEN, CLEO)
    names = (ADA, BEN, CLEO)
    bus.publish(*(changed(names[number % 3], number) for number in range(2000, 0, -1)))

    process = world.pull(bus)
    greatest = {names[number % 3]: (True, number) for number in (1998, 1999, 2000)}
    until(lambda: world.deltas() == greatest)
    until(lambda: process.stop() or bus.left() == [])

    wakes = [wake for (wake,) in world.rows(b"SELECT wake FROM mailroom.email_deltas")]
    assert sum(wakes) < 600  # several notifications share one upsert


@pytest.mark.slow  # the emulator hands a message to the dead process too, and each time waits ten seconds for it
def test_a_process_killed_before_the_commit_loses_nothing(world, bus):
    world.enrol(ADA)
    first = connected(world.pull(bus))
    with world.db.transaction() as conn:
        conn.execute(b"LOCK TABLE mailroom.email_deltas IN EXCLUSIVE MODE")
        bus.publish(changed(ADA, 7))
        until(lambda: _waits_for_the_lock(conn))
        first._child.kill()
        first._child.wait()
    assert world.deltas() == {}

    world.pull(bus)

    until(lambda: world.deltas() == {ADA: (True, 7)}, within=120)


def _waits_for_the_lock(conn):
    sql = b"SELECT 1 FROM pg_stat_activity WHERE application_name = 'mailroom-pull' AND wait_event_type = 'Lock'"
    return conn.execute(sql).fetchone()


def test_a_stop_in_the_middle_of_a_transaction_lets_it_end_and_acknowledges_it(world, bus):
    world.enrol(ADA)
    process = connected(world.pull(bus))
    with world.db.transaction() as conn:
        conn.execute(b"LOCK TABLE mailroom.email_deltas IN EXCLUSIVE MODE")
        bus.publish(changed(ADA, 7))
        until(lambda: _waits_for_the_lock(conn))
        process._child.terminate()
        time.sleep(0.5)

    began = time.monotonic()
    assert process._child.wait(10) == 0
    assert time.monotonic() - began < 10
    assert world.deltas() == {ADA: (True, 7)}
    assert said(process, "pull.stopped")
    assert bus.left() == []


THROW_OUT = b"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'mailroom-pull'"


def test_while_the_database_is_away_messages_go_back_and_are_taken_once_it_answers(world, bus, postgres_url):
    world.enrol(ADA)
    process = connected(world.pull(bus))
    # Nobody may connect, and who was connected is thrown out: what a database that is away looks like.
    name = world.url.partition("dbname=")[2].split()[0].encode()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS false")
        admin.execute(THROW_OUT)
        bus.publish(changed(ADA, 7))
        until(lambda: said(process, "pull.returned"))
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS true")

    until(lambda: world.deltas() == {ADA: (True, 7)})
    process.stop()
    assert bus.left() == []
    assert len(said(process, "pull.returned")) < 8  # with pauses between them, no storm


def test_a_stop_is_obeyed_in_time_also_while_the_database_is_away(world, bus, postgres_url):
    world.enrol(ADA)
    process = connected(world.pull(bus))
    name = world.url.partition("dbname=")[2].split()[0].encode()
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS false")
        admin.execute(THROW_OUT)
        bus.publish(*(changed(ADA, number) for number in range(1, 1000)))
        until(lambda: said(process, "pull.returned"))

        began = time.monotonic()
        process._child.terminate()
        assert process._child.wait(30) == 0
        took = time.monotonic() - began
        admin.execute(b"ALTER DATABASE " + name + b" ALLOW_CONNECTIONS true")

    assert took < 10
    assert world.deltas() == {}
    assert until(bus.left, within=90)  # what the stopped process still held comes back when its time is over


@pytest.mark.slow  # the client library's own pauses between two tries
def test_an_emulator_that_was_away_at_the_start_and_goes_away_again_is_reconnected_to(
    world, running_emulator, monkeypatch
):
    world.enrol(ADA)
    port = emulator.free_port()
    bus = Bus(f"127.0.0.1:{port}")
    process = world.pull(bus)
    until(lambda: said(process, "pull.interrupted"))
    monkeypatch.setattr(emulator, "free_port", lambda: port)

    for history_id in (7, 8):
        running = emulator.start()
        try:
            bus.create()
            bus.publish(changed(ADA, history_id))
            until(lambda wanted=history_id: world.deltas() == {ADA: (True, wanted)})
        finally:
            running.stop()

    assert process.running


def test_a_subscription_that_is_not_there_is_told_in_one_sentence(world, running_emulator):
    process = world.pull(Bus(running_emulator.host))

    assert process._child.wait(20) == 2
    assert "no subscription projects/crm-test/subscriptions/pull-" in process.output()
    assert "Traceback" not in process.output()
