"""A mailbox whose runs fail again and again stays active and due within a minute: an admin is told all the same."""

from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shared.store import serve
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from watcher.alarms import alarms

MINUTE, POLL = timedelta(minutes=1), timedelta(minutes=5)
# Every moment goes back, which is the same as the clock going forward.
LATER = (
    b"UPDATE mailroom.email_deltas SET due_at = due_at - %(by)s, paced_until = paced_until - %(by)s",
    b"UPDATE mailroom.email_accounts SET last_success_at = last_success_at - %(by)s",
    b"UPDATE mailroom.email_accounts SET created_at = created_at - %(by)s",
)
WATCHED = b"UPDATE mailroom.email_accounts SET watch_expires_at = now() + interval '6 days' RETURNING 1"


def a_minute_later(world):
    with world.db.transaction() as conn:
        for statement in LATER:
            conn.execute(statement, {"by": MINUTE})
    return world.work()


def told(world):
    """What an admin is told of each mailbox, with how they stand."""
    with world.db.transaction() as conn:
        lines = serve.watches(conn)
    now = datetime.now(UTC)
    return {one.address: (one.status, alarms(one, now, quiet_poll=POLL)) for one in lines}


class Refusing:
    """Gmail fails for Ada's mailbox alone: its server, or with answers nobody can read."""

    def __init__(self, world, effect):
        self.world = world
        told = {"method": "history.list", "account": ADA, "effect": effect}
        self.fault = world.google.control("faults", told)["id"]

    def mend(self):
        self.world.google.control("faults/remove", {"id": self.fault})


class Buggy:
    """Something of ours fails with an error nobody foresaw."""

    def __init__(self, world, statement):
        self.world = world
        with world.db.transaction() as conn:
            conn.execute(
                b"CREATE FUNCTION mailroom.bug() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'a bug'; END $$"
            )
            conn.execute(statement)

    def mend(self):
        with self.world.db.transaction() as conn:
            conn.execute(b"DROP FUNCTION mailroom.bug CASCADE")


BUG = (
    b"CREATE TRIGGER bug BEFORE UPDATE OF cursor ON mailroom.email_accounts FOR EACH ROW"
    b" WHEN (OLD.address = 'ada@fund.test') EXECUTE FUNCTION mailroom.bug()"
)


@pytest.mark.parametrize(
    ("trouble", "event"),
    [((Refusing, "malformed"), "run.waits"), ((Refusing, "backendError"), "run.waits"), ((Buggy, BUG), "run.surprise")],
)  # fmt: skip
def test_after_half_an_hour_of_failures_it_is_told_until_one_run_succeeds(world, trouble, event):
    world.enrol(ADA, BEN)
    world.rows(WATCHED)
    world.work()
    kind, how = trouble
    trouble = kind(world, how)

    for _ in range(29):
        a_minute_later(world)
    assert told(world) == {ADA: ("active", []), BEN: ("active", [])}
    world.google.deliver(ADA, mail())
    with capture_logs() as lines:
        for _ in range(2):
            a_minute_later(world)

    standing = told(world)
    status, [said] = standing[ADA]
    assert status == "active"
    assert all(part in said for part in (event, f"account {world.ids[ADA]}"))
    assert event in {line["event"] for line in lines}
    assert standing[BEN] == ("active", [])
    trouble.mend()
    a_minute_later(world)
    assert told(world)[ADA] == ("active", [])
    assert list(world.states(ADA).values()) == ["stored"]
