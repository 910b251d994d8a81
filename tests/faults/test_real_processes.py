"""Real processes, ended in the middle of their work: nothing is lost, nothing comes twice, and how long it takes.

`make faults`.  Each test prints its line of the table in docs/faults.md.
"""

import os
import signal
import subprocess
import sys
import time

from tests.faults.playing import MARKS, PAST, all_is_well, flood, settled, tell, until

pytestmark = MARKS

LEASE_SEC = 30
GRACE_SEC = 10


def capturing(play):
    """Start, enrol, and return the consumer in the middle of the first capture."""
    for name in ("web", "watch"):
        play.stack.start(name)
    play.enrol()
    consumer = play.stack.start("consume")
    until(lambda: settled(play) > 0)
    assert settled(play) < PAST, "it was over before it could be disturbed"
    return consumer


def test_a_consumer_is_killed_and_another_one_takes_over_within_its_lease(play):
    consumer = capturing(play)
    play.stack.kill(consumer)
    begun = time.monotonic()
    play.stack.start("consume", "consume-2")
    before = settled(play)
    until(lambda: settled(play) > before)
    tell(
        "a consumer is killed in a first capture: seconds until another goes on with it",
        time.monotonic() - begun,
    )
    assert time.monotonic() - begun < LEASE_SEC + 5

    all_is_well(play)


def test_a_consumer_that_is_asked_to_stop_gives_its_accounts_back_in_time(play):
    consumer = capturing(play)
    begun = time.monotonic()
    os.kill(consumer.pid, signal.SIGTERM)
    until(lambda: not consumer.running)
    tell("a consumer is asked to stop in a first capture: seconds until it has", time.monotonic() - begun)
    assert time.monotonic() - begun < GRACE_SEC
    with play.db.transaction() as conn:
        held = conn.execute(
            b"SELECT count(*) FROM mailroom.email_deltas WHERE lease_owner IS NOT NULL"
        ).fetchone()
    assert held == (0,)

    play.stack.kill(consumer)
    begun, before = time.monotonic(), settled(play)
    play.stack.start("consume", "consume-2")
    until(lambda: settled(play) > before)
    tell("... and until another goes on, its start included", time.monotonic() - begun)
    all_is_well(play)


def test_the_endpoint_is_killed_in_a_flood(play):
    play.stack.start("consume")
    play.stack.start("watch")
    web = play.stack.start("web")
    play.enrol()
    flood(play, 40)
    play.stack.kill(web)
    flood(play, 40)
    begun = time.monotonic()
    play.stack.start("web", "web-2")
    until(lambda: settled(play) >= play.told)
    tell(
        "the push endpoint is killed in a flood: seconds from its restart until all is stored",
        time.monotonic() - begun,
    )

    all_is_well(play)


def test_the_watcher_is_killed_while_it_renews(play):
    play.stack.start("consume")
    play.stack.start("web")
    play.enrol()
    with play.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_accounts SET watch_due_at = now(), watch_expires_at = now()")
    watcher = play.stack.start("watch")
    time.sleep(0.7)  # somewhere in its start or its first round
    play.stack.kill(watcher)
    begun = time.monotonic()
    play.stack.start("watch", "watch-2")

    def watched():
        with play.db.transaction() as conn:
            return conn.execute(
                b"SELECT bool_and(watch_expires_at > now() + interval '6 days') FROM mailroom.email_accounts"
            ).fetchone() == (True,)

    until(watched)
    tell(
        "the watcher is killed while it renews: seconds from its restart until all is watched",
        time.monotonic() - begun,
    )
    flood(play, 12)
    all_is_well(play)


def test_postgres_is_stopped_and_started_in_a_flood(play, tmp_path):
    play.stack.start_mailroom()
    play.enrol()
    flood(play, 20)
    cluster = tmp_path / "stack" / "postgres"
    os.kill(int((cluster / "cluster" / "postmaster.pid").read_text().split()[0]), signal.SIGINT)
    flood(play, 20)
    time.sleep(2)
    begun = time.monotonic()
    revive = (
        "import sys, pathlib; from infra.local import postgres; postgres.start(pathlib.Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", revive, str(cluster)], check=True)
    until(lambda: settled(play) >= play.told)
    tell(
        "PostgreSQL is stopped in a flood: seconds from its start until all is stored",
        time.monotonic() - begun,
    )

    all_is_well(play)


def test_migrating_in_a_flood_disturbs_nobody(play):
    play.stack.start_mailroom()
    play.enrol()
    begun, command = time.monotonic(), [sys.executable, "-m", "infra.cli", "migrate"]
    for _ in range(4):
        flood(play, 10)
        done = subprocess.run(
            command, env=os.environ | play.stack.env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    until(lambda: settled(play) >= play.told)
    tell(
        "the views are made anew four times in a flood: seconds until all is stored", time.monotonic() - begun
    )

    all_is_well(play)
