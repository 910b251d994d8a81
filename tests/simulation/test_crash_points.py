"""A consumer dies at every named point of its work, there for the first, second and last time: nothing is lost.

A point is a transaction, named by the function that opens it, and one of three moments: before it,
with everything written and nothing committed, and after its commit.
"""

import sys
from collections import defaultdict
from itertools import count

import pytest

from tests.simulation.sea import ACCOUNTS, Died

ADA = ACCOUNTS[0]
FIRST_OF_NORD, LAST = 8, 0  # among the messages that are there, counted from the newest
IVY, NORD, NEWS = "ivy@lp.example", "nord@nordwind.example", "news@letter.example"


def life(machine, hook):
    """Live through what a mailbox may meet, with a consumer under *hook*, and judge the end."""
    one = machine()
    # More than are read without a search; and a conversation long enough to be read whole.
    one.open(known={0, 1}, old=["eve@angel.example", *[NEWS] * 26, NORD, IVY], checks=True, searches=False)
    for _ in range(3):
        one.arrives(ADA, IVY, to_us=True, labels=("INBOX",), told=False, same_thread=True)
    one.sea.forget_the_past()

    def works():
        one._work(hook)
        one.sea.later(31)  # whoever died is taken over

    def rematches():
        one.db.hook = hook
        try:
            one.rematches()
        except Died:
            pass
        finally:
            one.db.hook = None

    def arrives(person, *labels, same_thread=False):
        one.arrives(ADA, person, to_us=True, labels=labels, told=True, same_thread=same_thread)

    works()
    arrives(IVY, "INBOX", "UNREAD")
    arrives(IVY, "INBOX", same_thread=True)
    arrives(NEWS, "INBOX")
    arrives(NORD, "SPAM")
    works()
    one.is_moved(LAST, "ham", told=True)
    one.is_deleted(FIRST_OF_NORD, told=True)
    one.sea.google.control("settings", {"message_lag_sec": 20.0})
    arrives(NORD, "INBOX")
    works()
    one.is_moved(LAST, "trash", told=False)
    one.is_deleted(FIRST_OF_NORD, told=False)
    one.history_expires(ADA, IVY)
    arrives(IVY, "SENT")
    works()
    one.know(2)
    rematches()
    works()
    one.sea.later(4 * 3600)
    works()
    one.teardown()


def where():
    """The function that opened the transaction: the nearest one of the consumer."""
    frame = sys._getframe(1)
    while not frame.f_globals["__name__"].startswith("consumer."):
        frame = frame.f_back
    return f"{frame.f_globals['__name__'].removeprefix('consumer.')}.{frame.f_code.co_name}"


def points(machine):
    """Live once undisturbed; return {(function, moment): how often it came}."""
    seen = defaultdict(int)

    def note(moment):
        seen[where(), moment] += 1

    life(machine, note)
    return dict(seen)


def dying(at, nth):
    """Return a hook that ends the process when the point *at* comes for the *nth* time."""
    times = count(1)

    def hook(moment):
        if (where(), moment) == at and next(times) == nth:
            raise Died

    return hook


@pytest.mark.timeout(1200)
def test_whoever_dies_at_any_point_for_the_first_second_or_last_time_loses_nothing(machine):
    found = points(machine)

    assert {name for name, _ in found} >= {
        "run.run", "run._outcome", "delta.look", "backfill.make_plan", "backfill.list_page", "backfill.prove",
        "capture.prove", "capture._threads", "capture._postpone", "capture._close", "reading.prepare",
        "storing.store", "reconcile.begin", "reconcile.confirm", "rematch._one_step", "worker.attend",
    }  # fmt: skip
    for at, times in found.items():
        for nth in sorted({1, min(2, times), times}):
            try:
                life(machine, dying(at, nth))
            except AssertionError as lost:
                pytest.fail(f"died at {at[0]}, {at[1]}, time {nth}: {lost}")
