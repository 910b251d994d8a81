"""The budget never asks Gmail for more than it gives, and live mail never starves."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import TryLater
from shared.gmail.quota import LONGEST_SLEEP_SEC, PRICES, Budget, Meter

GET, HISTORY = "gmail.users.messages.get", "gmail.users.history.list"


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self):
        self.now = 1000.0
        self.slept = []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


def a_budget(clock, rate=100.0, **options):
    return Budget(rate, clock=clock, sleep=clock.sleep, **options)


def most_in_a_minute(taken):
    """[(when, units)]: the most that any minute holds."""
    return max(
        (sum(units for when, units in taken if start <= when < start + 60) for start, _ in taken), default=0
    )


ASKS = st.lists(
    st.tuples(st.floats(0, 30), st.sampled_from([1, 2, 5, 20, 40, 100, 500]), st.booleans()),
    max_size=120,
)


@settings(max_examples=150)
@given(ASKS, st.sampled_from([20.0, 100.0, 250.0]))
def test_no_minute_holds_more_than_sixty_times_the_rate(asks, rate):
    meter, now, taken, bulk_taken = Meter(rate), 0.0, [], []
    for pause, units, bulk in asks:
        now += pause
        while (wait := meter.take(now, units, bulk=bulk)) > 0:
            now += wait
        taken.append((now, units))
        bulk_taken += [(now, units)] * bulk

    assert most_in_a_minute(taken) <= rate * 60
    assert most_in_a_minute(bulk_taken) <= rate * 60 * 0.8


@settings(max_examples=100)
@given(ASKS)
def test_a_wait_is_never_longer_than_a_minute_and_always_ends(asks):
    meter, now = Meter(100.0), 0.0
    for pause, units, bulk in asks:
        now += pause
        waits = 0
        while (wait := meter.take(now, units, bulk=bulk)) > 0:
            assert wait <= 61.0
            now += wait
            waits += 1
            assert waits < 5


def test_a_call_dearer_than_a_whole_minute_still_goes_through_alone():
    meter = Meter(1.0)

    assert meter.take(0.0, 500) == 0.0
    assert meter.take(1.0, 1) == pytest.approx(60.0)


def test_live_mail_finds_its_fifth_whatever_bulk_work_took(clock):
    budget = a_budget(clock)
    while clock.now < 1055:
        budget.spend("a", GET, bulk=True)
    before = clock.now

    for _ in range(60):
        budget.spend("a", GET)

    assert clock.now == before


def test_bulk_work_gets_close_to_its_four_fifths_and_never_makes_live_mail_wait_long(clock):
    budget, start = a_budget(clock), clock.now
    while clock.now - start < 600:
        budget.spend("a", GET, calls=25, bulk=True)

    assert budget.spent()["a", GET] > 0.9 * 600 * 80
    assert max(clock.slept) < LONGEST_SLEEP_SEC


def test_accounts_do_not_share_a_budget(clock):
    budget = a_budget(clock)

    for number in range(100):
        budget.spend(f"account {number}", GET, calls=25)

    assert clock.slept == []


def test_a_caller_that_would_outsleep_its_lease_is_told_to_come_back(clock):
    budget = a_budget(clock)
    for _ in range(300):
        budget.spend("a", GET)

    with pytest.raises(TryLater) as refused:
        budget.spend("a", GET)

    assert refused.value.after == timedelta(seconds=61)
    assert clock.slept == []
    assert budget.spent() == {("a", GET): 6000}


def test_bulk_work_without_units_looks_again_soon_because_live_mail_may_have_some(clock):
    budget = a_budget(clock)
    for _ in range(290):
        budget.spend("a", GET)

    with pytest.raises(TryLater) as refused:
        budget.spend("a", GET, bulk=True)

    assert refused.value.after == timedelta(seconds=LONGEST_SLEEP_SEC)


def test_nothing_is_sent_for_an_account_that_gmail_asked_to_pause(clock):
    budget = a_budget(clock)
    budget.pause("a", timedelta(seconds=900))
    budget.pause("a", timedelta(seconds=5))

    budget.spend("b", HISTORY)
    with pytest.raises(TryLater) as refused:
        budget.spend("a", HISTORY)

    assert refused.value.after == timedelta(seconds=900)


def test_a_short_pause_is_slept_through_and_a_shared_one_holds_every_account(clock):
    budget = a_budget(clock)
    budget.pause("a", timedelta(seconds=5), shared=True)

    budget.spend("b", HISTORY)

    assert clock.slept == [5.0]


def test_a_pause_holds_even_where_nothing_is_metered(clock):
    budget = a_budget(clock, rate=0)
    budget.pause("a", timedelta(seconds=60))

    with pytest.raises(TryLater):
        budget.spend("a", HISTORY)


def test_rate_zero_means_unlimited_and_still_counts(clock):
    budget = a_budget(clock, rate=0)

    units = sum(budget.spend("a", GET, calls=25) for _ in range(1000))

    assert units == 500_000 == budget.spent()["a", GET]
    assert clock.slept == []


def test_stopping_ends_a_sleep():
    stop = threading.Event()
    budget = Budget(100, sleep=stop.wait)
    budget.pause("a", timedelta(seconds=8))
    stop.set()

    with pytest.raises(TryLater, match="stopping"):
        budget.spend("a", HISTORY)


def test_prices_are_those_of_2026_and_can_be_replaced(clock):
    assert [PRICES[f"gmail.users.{name}"] for name in ("messages.get", "history.list", "watch")] == [
        20,
        2,
        100,
    ]

    assert a_budget(clock, prices={GET: 5}).spend("a", GET, calls=3) == 15


def test_threads_together_take_no_more_than_there_is():
    budget = Budget(100)
    refused = []

    def take():
        for _ in range(100):
            try:
                budget.spend("a", GET)
            except TryLater:
                refused.append(1)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert budget.spent()["a", GET] == 6000
    assert len(refused) == 500
