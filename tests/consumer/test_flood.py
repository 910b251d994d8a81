"""A flood of notifications costs a handful of listings, and mail that arrives in it is captured in seconds.

Real intake, real consumer, the local Google; the minute is one of a clock that is moved in the database.
"""

from datetime import timedelta

import pytest

from consumer.pace import LONGEST, PAUSES
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from watcher.intake import take
from watcher.notification import Notification

PUSHES, MINUTE = 2000, 60.0
MOST_LISTINGS = 12
EVERY_WHEN_FAILING = 5  # seconds, with or without notifications
LATER = (
    b"UPDATE mailroom.email_deltas SET due_at = due_at - %(by)s, paced_until = paced_until - %(by)s",
    b"UPDATE mailroom.email_accounts SET last_success_at = last_success_at - %(by)s",
)


class Tide:
    """Pushes, works, and moves the clock in between."""

    def __init__(self, world):
        self.world, self.now = world, 0.0

    def later(self, seconds):
        self.now += seconds
        with self.world.db.transaction() as conn:
            for statement in LATER:
                conn.execute(statement, {"by": timedelta(seconds=seconds)})
        self.world.work()

    def push(self, history_id, address=ADA):
        take(self.world.db, [Notification(address, history_id, "1", None)])

    def flood(self, history_ids, *, seconds):
        for history_id in history_ids:
            self.push(history_id)
            self.world.work()
            self.later(seconds / len(history_ids))

    def until_stored(self, gmail_id, address=ADA):
        begun = self.now
        while self.world.states(address).get(gmail_id) != "stored":
            assert self.now - begun < 30
            self.later(0.1)
        return self.now - begun

    def listings(self, address=ADA):
        counted = self.world.google.control("counters", method="GET")["mailboxes"]
        return counted.get(address, {"calls": {}})["calls"].get("history.list", 0)


@pytest.fixture
def tide(world):
    """Two mailboxes at rest; everything is counted from now on."""
    world.enrol(ADA, BEN)
    world.work()
    world.arrive(ADA, mail(subject="before"))
    tide = Tide(world)
    tide.later(3)
    tide.later(300)
    world.google.control("counters/reset")
    return tide


FLOODS = {
    "the same again and again": [1] * PUSHES,
    "made up, each higher than the last": [10**15 + n for n in range(PUSHES)],
    "made up, of any size": [(n * 7919) % 10**18 + 1 for n in range(PUSHES)],
}


@pytest.mark.parametrize("kind", FLOODS)
def test_two_thousand_notifications_in_a_minute_cost_twelve_listings_at_most(tide, kind):
    tide.flood(FLOODS[kind], seconds=MINUTE)
    for _ in range(60):  # and whatever follows from it
        tide.later(1)

    assert 1 < tide.listings() <= MOST_LISTINGS
    assert tide.listings(BEN) == 0


def test_five_hundred_repeats_at_once_cost_two_listings(tide):
    tide.flood([1] * 500, seconds=0)
    for _ in range(60):
        tide.later(1)

    assert tide.listings() == 2


def test_mail_that_arrives_in_a_flood_is_captured_after_the_longest_pause_at_most(tide):
    tide.flood([10**15 + n for n in range(600)], seconds=40)
    told = tide.world.google.deliver(ADA, mail(subject="in the flood"))
    tide.push(int(told["historyId"]))

    assert tide.until_stored(told["id"]) <= LONGEST.total_seconds() + 0.2


def test_mail_that_arrives_in_a_flood_is_captured_though_the_flood_ends_with_it(tide):
    """The last notification came in a pause: it gets its look all the same."""
    tide.flood([1] * 300, seconds=20)
    told = tide.world.google.deliver(ADA, mail(subject="the last"))
    tide.push(1)

    assert tide.until_stored(told["id"]) <= LONGEST.total_seconds() + 0.2


def test_mail_every_second_told_twice_is_captured_within_two_seconds_and_cheaply(tide):
    due = {}
    for number in range(100):
        if number % 10 == 0:
            told = tide.world.google.deliver(ADA, mail(subject=f"number {number}"))
            due[told["id"]] = tide.now + PAUSES[0].total_seconds() + 0.2
        if number % 10 in (0, 3):
            tide.push(int(told["historyId"]))
        tide.later(0.1)
        stored = {one for one, state in tide.world.states(ADA).items() if state == "stored"}
        assert {one for one, until in due.items() if until <= tide.now} <= stored

    assert tide.listings() <= len(due) + 2


def test_new_mail_after_a_repeat_an_hour_ago_is_captured_at_once(tide):
    tide.flood([1] * 100, seconds=30)
    tide.later(60)
    tide.later(3600)
    before = tide.listings()

    told = tide.world.google.deliver(ADA, mail(subject="at once"))
    tide.push(int(told["historyId"]))
    tide.world.work()

    assert tide.world.states(ADA)[told["id"]] == "stored"
    assert tide.listings() == before + 1


def test_the_neighbours_mail_is_captured_at_once_during_a_flood(tide):
    tide.flood([1] * 100, seconds=10)
    told = tide.world.google.deliver(BEN, mail(to=BEN))
    tide.push(1)
    tide.push(int(told["historyId"]), BEN)
    tide.world.work()

    assert tide.world.states(BEN)[told["id"]] == "stored"


def test_another_consumer_keeps_the_same_pace(tide):
    tide.push(1)
    tide.world.work()
    tide.push(1)

    assert tide.world.lease() is None  # whoever asks
    tide.now += 2
    tide.world.rows(
        b"UPDATE mailroom.email_deltas SET due_at = due_at - interval '2 s',"
        b" paced_until = paced_until - interval '2 s' RETURNING 1"
    )
    assert tide.world.lease() is not None


def test_while_gmail_fails_a_flood_asks_no_more_often(tide):
    tide.world.google.control("faults", {"effect": "backendError", "method": "history.list"})
    tide.flood([1] * 600, seconds=MINUTE)

    assert 1 < tide.listings() <= MINUTE / EVERY_WHEN_FAILING + 1
