"""Old mail that waits for units gives way: new mail of the same mailbox never waits for a minute to pass."""

import threading
import time
from dataclasses import replace

import pytest

from consumer.worker import attend
from shared.gmail.quota import Budget
from shared.store.units import Units
from tests.consumer.names import ADA

OLD = 40  # messages, far more than a few seconds' units allow


def mail(subject):
    return (
        f"From: Ivy <ivy@lp.example>\nTo: {ADA}\nSubject: {subject}\nMessage-ID: <{subject}@lp.example>\n"
        "Date: Mon, 16 Nov 2026 10:00:00 +0000\n\nHello\n"
    )


@pytest.fixture
def working(world):
    """Start a worker whose budget gives ten raw messages every 20 seconds; it ends with the test."""
    stop = threading.Event()
    budget = Budget(10, allowance=Units(world.db), sleep=stop.wait)
    factory = world.deps.gmail
    factory._means = replace(factory._means, budget=budget)
    deps = replace(world.deps, stopping=stop.is_set)

    def work():
        while not stop.is_set():
            lease = world.lease()
            if lease is not None:
                attend(deps, lease)
            stop.wait(0.01)

    thread = threading.Thread(target=work)
    yield thread.start
    stop.set()
    thread.join(30)
    assert not thread.is_alive()


def stored(world):
    return [subject for (subject,) in world.rows(b"SELECT subject FROM mailroom.emails ORDER BY id")]


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_notification_ends_the_wait_of_old_mail_for_units(world, working):
    for number in range(OLD):
        world.google.deliver(ADA, mail(f"old-{number}"))
    world.enrol(ADA)
    working()
    wait_for(lambda: len(stored(world)) == 10)

    delivered = world.google.deliver(ADA, mail("new"))
    world.push(ADA, int(delivered["historyId"]))
    wait_for(lambda: "new" in stored(world))

    assert len(stored(world)) == 11
