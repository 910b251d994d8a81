"""Pushes that have stopped although the watch looks live: noticed, told, mended once a day, forgotten."""

from datetime import UTC, datetime, timedelta

import pytest
import structlog

from shared.store import accounts, deltas
from tests.watching.conftest import MAILBOXES, TOPIC
from watcher.alarms import alarms, stalled
from watcher.intake import take
from watcher.notification import Notification
from watcher.schedule import SILENT
from watcher.silence import tend

ADA, BEN, _ = MAILBOXES
SECOND = timedelta(seconds=1)
SOON = timedelta(seconds=30)


def tended(world, *, in_=timedelta(0)):
    return tend(world.db, world.gmail, TOPIC, now=datetime.now(UTC) + in_)


def found_by_polling(world, address):
    """What the consumer does after a look that found something nobody had notified it of."""
    with world.db.transaction() as conn:
        sql = b"UPDATE mailroom.email_deltas SET due_at = CASE WHEN account_id = %s THEN now() ELSE now() + interval '1 day' END"
        conn.execute(sql, [accounts.by_address(conn, address).id])
        lease = deltas.lease(conn, owner="c", lasts=SOON)
        deltas.found_unpushed(conn, lease)
        deltas.release(conn, lease, due_in=timedelta(days=1), seen_wake=None)


def broken(world):
    with world.db.transaction() as conn:
        sql = b"SELECT address FROM crm.mailboxes WHERE push_broken_at IS NOT NULL ORDER BY 1"
        return [address for (address,) in conn.execute(sql)]


def silent(world, address=ADA):
    """Two polls that found mail, ten minutes apart, and nothing was pushed."""
    found_by_polling(world, address)
    world.shift(SILENT)
    found_by_polling(world, address)


def pushed(world, address=ADA):
    take(world.db, [Notification(address, 5, "1", None)])


def test_mail_found_twice_far_apart_without_a_notification_is_marked_and_told_once(world):
    world.enrol(ADA, BEN)
    silent(world)

    with structlog.testing.capture_logs() as lines:
        assert tended(world) == 1
        assert tended(world) == 1

    assert broken(world) == [ADA]
    [warning] = [line for line in lines if line["event"] == "push.broken"]
    assert "gmail-api-push@system.gserviceaccount.com" in warning["why"]
    assert ADA not in str(lines)


def test_one_find_or_two_close_together_are_no_reason_for_an_alarm(world):
    world.enrol(ADA)
    found_by_polling(world, ADA)
    world.shift(SILENT - SECOND - SOON)
    found_by_polling(world, ADA)

    assert tended(world) == 0
    assert broken(world) == []


@pytest.mark.parametrize("when", ["before the second find", "after the mark"])
def test_the_next_notification_ends_it(world, when):
    world.enrol(ADA)
    if when == "after the mark":
        silent(world)
        tended(world)
        pushed(world)
    else:
        found_by_polling(world, ADA)
        pushed(world)
        world.shift(SILENT)
        found_by_polling(world, ADA)

    assert tended(world) == 0
    assert broken(world) == []


def test_the_rest_of_a_burst_whose_notification_came_is_not_silence(world):
    world.enrol(ADA)
    pushed(world)
    found_by_polling(world, ADA)

    assert world.rows(b"SELECT unpushed_since FROM mailroom.email_deltas") == [(None,)]


def test_a_silent_watch_is_stopped_and_made_anew_once_a_day_and_the_cursor_stays(world):
    world.enrol(ADA, cursor=7)
    silent(world)

    made = [calls(world, in_=timedelta(hours=hour)) for hour in (0, 1, 23, 25, 26)]

    assert made == [(1, 1), (0, 0), (0, 0), (1, 1), (0, 0)]
    assert world.watched() == {ADA}
    assert world.account(ADA).cursor == 7
    assert world.account(ADA).watch_expires_at > datetime.now(UTC) + timedelta(days=6)


def calls(world, *, in_):
    """(stops, watches) of one pass."""
    world.control("counters/reset")
    tended(world, in_=in_)
    counted = world.control("counters", method="GET")["total"]["calls"]
    return counted.get("stop", 0), counted.get("watch", 0)


def test_when_the_new_watch_is_refused_it_is_tried_again_within_minutes(world):
    world.enrol(ADA)
    silent(world)
    world.control(f"mailboxes/{ADA}/flags", {"noMailbox": True})

    tended(world)

    account = world.account(ADA)
    assert account.status == "no_mailbox" or account.watch_due_at < datetime.now(UTC) + timedelta(minutes=11)
    assert account.watch_error


def test_a_stopped_account_is_not_called_silent(world):
    world.enrol(ADA)
    silent(world)
    with world.db.transaction() as conn:
        accounts.set_status(conn, world.account(ADA).id, "paused", "on leave")

    assert tended(world) == 0


class Line:
    def __init__(self, **known):
        self.id, self.status, self.status_reason, self.watch_error = 7, "active", "", ""
        self.created_at, self.last_success_at = NOW - timedelta(days=30), NOW
        self.watch_expires_at, self.push_broken_at = NOW + timedelta(days=6), None
        vars(self).update(known)


NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
POLL = timedelta(minutes=5)
HALF, LONG = timedelta(minutes=30), timedelta(hours=8)  # until it is an alarm


@pytest.mark.parametrize(
    ("known", "says"),
    [
        ({}, []),
        ({"watch_expires_at": None}, ["no watch yet"]),
        ({"watch_expires_at": NOW - SECOND}, ["ended on 1 March, 11:59 UTC"]),
        ({"watch_expires_at": NOW + timedelta(hours=47), "watch_error": "grant it"}, ["not renewed: grant it"]),
        ({"watch_expires_at": NOW + timedelta(hours=49)}, []),
        ({"push_broken_at": NOW - SECOND}, ["no notification comes"]),
        ({"push_broken_at": NOW, "watch_expires_at": None}, ["no watch yet", "no notification comes"]),
        ({"status": "reconnect", "status_reason": "revoked", "watch_expires_at": None}, ["stopped (reconnect): revoked"]),
        ({"last_success_at": NOW - HALF}, []),
        ({"last_success_at": NOW - HALF - SECOND}, ["not been read to its end since 1 March, 11:29 UTC"]),
        ({"last_success_at": NOW - timedelta(days=2), "watch_expires_at": None}, ["since 27 February, 12:00", "no watch yet"]),
        ({"last_success_at": None, "created_at": NOW - HALF}, []),
        ({"last_success_at": None}, ["never read to its end since it was enrolled on 30 January, 12:00 UTC"]),
        ({"last_success_at": None, "status": "paused"}, ["stopped (paused)"]),
        ({"last_success_at": NOW + LONG}, []),
    ],
)  # fmt: skip
def test_an_admin_is_told_what_is_wrong_with_a_mailbox_and_nothing_else(known, says):
    told = alarms(Line(**known), NOW, quiet_poll=POLL)

    assert len(told) == len(says)
    assert all(part in sentence for part, sentence in zip(says, told, strict=True))


@pytest.mark.parametrize(
    ("ago", "is_stalled"), [(HALF + SECOND, False), (LONG, False), (LONG + SECOND, True)]
)
def test_where_the_quiet_poll_is_seldom_three_of_it_may_pass(ago, is_stalled):
    line = Line(last_success_at=NOW - ago)

    assert stalled(line, NOW, quiet_poll=LONG / 3) is is_stalled


def test_an_alarm_for_what_is_not_read_says_whose_lines_of_which_log_to_read():
    [told] = alarms(Line(last_success_at=None), NOW, quiet_poll=POLL)

    assert all(part in told for part in ("is mailroom consume running?", "run.failed", "account 7"))
