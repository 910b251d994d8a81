"""The budget never asks Gmail for more than it gives, and waits no longer than a caller should."""

import threading
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from shared.errors import NoUnits, SlowDown, TryLater
from shared.gmail.allowance import Alone
from shared.gmail.failures import TooManyAtOnce
from shared.gmail.quota import LONGEST_SLEEP_SEC, PRICES, Budget, Rules
from tests.quota.allowances import Counting, Slow

GET, HISTORY = "gmail.users.messages.get", "gmail.users.history.list"


def a_budget(clock, rate=100.0, **rules):
    allowance = Alone(clock=clock, luck=lambda: 0.0)
    return Budget(rate, rules=Rules(**rules), allowance=allowance, clock=clock, sleep=clock.sleep)


def named(seconds, **more):
    return SlowDown("Gmail asked for a pause", after=timedelta(seconds=seconds), named=True, **more)


def test_accounts_do_not_share_a_budget(clock):
    budget = a_budget(clock)

    for number in range(100):
        budget.spend(f"account {number}", GET, calls=25)

    assert clock.slept == []


def test_accounts_share_one_budget_where_google_counts_the_credential(clock):
    budget = a_budget(clock, per_account=False)
    for number in range(12):
        budget.spend(f"account {number}", GET, calls=25)

    with pytest.raises(NoUnits):
        budget.spend("another", GET)


def test_a_caller_that_would_outsleep_its_lease_is_told_to_come_back(clock):
    budget = a_budget(clock)
    for _ in range(12):
        budget.spend("a", GET, calls=25)

    with pytest.raises(NoUnits) as refused:
        budget.spend("a", GET)

    assert timedelta(seconds=60) < refused.value.after < timedelta(seconds=65)
    assert not refused.value.bulk
    assert clock.slept == []
    assert budget.spent() == {("a", GET): 6000}


def test_bulk_work_without_units_looks_again_soon_because_live_mail_may_have_some(clock):
    budget = a_budget(clock)
    for _ in range(12):
        budget.spend("a", GET, calls=25)

    with pytest.raises(NoUnits) as refused:
        budget.spend("a", GET, bulk=True)

    assert refused.value.bulk
    assert refused.value.after == timedelta(seconds=LONGEST_SLEEP_SEC)


def test_bulk_work_sleeps_through_short_waits(clock):
    budget, start = a_budget(clock), clock.now
    while clock.now - start < 600:
        budget.spend("a", GET, calls=25, bulk=True)

    assert budget.spent()["a", GET] > 0.85 * 600 * 100
    assert max(clock.slept) < LONGEST_SLEEP_SEC


def test_nothing_is_sent_for_an_account_that_gmail_asked_to_pause(clock):
    budget = a_budget(clock)
    budget.spend("a", HISTORY)  # leaves something in the purse
    budget.refused("a", GET, named(900))
    budget.refused("a", GET, named(5))

    budget.spend("b", HISTORY)
    with pytest.raises(SlowDown) as refused:
        budget.spend("a", HISTORY)

    assert refused.value.after == timedelta(seconds=900)


def test_a_short_pause_is_slept_through_and_a_shared_one_holds_every_account(clock):
    budget = a_budget(clock)
    budget.refused("a", GET, named(5, shared=True))

    budget.spend("b", HISTORY)

    assert clock.slept == [5.0]


def test_a_pause_holds_even_where_nothing_is_metered(clock):
    budget = a_budget(clock, rate=0)
    budget.refused("a", GET, named(60))

    with pytest.raises(SlowDown):
        budget.spend("a", HISTORY)


def test_rate_zero_means_unlimited_and_still_counts(clock):
    budget = a_budget(clock, rate=0)

    units = sum(budget.spend("a", GET, calls=25) for _ in range(1000))

    assert units == 500_000 == budget.spent()["a", GET]
    assert clock.slept == []


def test_stopping_ends_a_sleep():
    stop = threading.Event()
    budget = Budget(100, sleep=stop.wait)
    budget.refused("a", GET, named(8))
    stop.set()

    with pytest.raises(TryLater, match="stopping"):
        budget.spend("a", HISTORY)


def test_prices_are_those_of_2026_and_can_be_replaced(clock):
    names = ("messages.get", "history.list", "watch")
    assert [PRICES[f"gmail.users.{name}"] for name in names] == [20, 2, 100]

    assert a_budget(clock, prices={GET: 5}).spend("a", GET, calls=3) == 15


def test_threads_together_take_no_more_than_there_is():
    budget, refused = Budget(100), []

    def take():
        for _ in range(100):
            try:
                budget.spend("a", GET)
            except NoUnits:
                refused.append(1)

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert budget.spent()["a", GET] == 6000
    assert len(refused) == 500


def test_a_look_and_the_message_it_found_ask_once(clock):
    allowance = Counting(clock)
    budget = Budget(100, allowance=allowance, clock=clock, sleep=clock.sleep)

    budget.spend("a", HISTORY)
    budget.spend("a", GET)
    budget.spend("a", GET)

    assert allowance.asked == 1


def test_busy_bulk_work_asks_about_once_a_second(clock):
    allowance = Counting(clock)
    budget, start = Budget(100, allowance=allowance, clock=clock, sleep=clock.sleep), clock.now
    while clock.now - start < 300:
        budget.spend("a", GET, bulk=True)
        clock.now += 0.05

    assert allowance.asked <= 300 * 1.1
    assert budget.spent()["a", GET] > 0.85 * 300 * 100


def test_without_the_database_nothing_is_spent_and_pauses_still_hold(clock):
    allowance = Counting(clock)
    budget = Budget(100, allowance=allowance, clock=clock, sleep=clock.sleep)
    allowance.away = True

    with pytest.raises(TryLater, match="database"):
        budget.spend("a", GET)
    budget.refused("a", GET, named(60))
    allowance.away = False

    with pytest.raises(SlowDown):
        budget.spend("a", GET)
    assert budget.spent() == {}


def test_what_could_not_be_recorded_is_recorded_later(clock):
    allowance = Counting(clock)
    budget = Budget(100, allowance=allowance, clock=clock, sleep=clock.sleep)
    budget.spend("a", GET)
    allowance.away = True
    with pytest.raises(TryLater):
        budget.flush()
    budget.spend("a", HISTORY)
    allowance.away = False

    budget.flush()

    assert allowance.record([]) == 22


def test_when_the_day_is_spent_only_live_mail_goes_on(clock):
    budget = a_budget(clock, day_units=100)
    budget.spend("a", GET, calls=5, bulk=True)

    with pytest.raises(NoUnits, match="day") as refused:
        budget.spend("b", GET, bulk=True)
    assert refused.value.bulk
    assert budget.spend("b", GET) == 20


def test_too_many_calls_at_once_narrow_the_batches_and_widen_again(clock):
    budget = a_budget(clock)
    budget.refused("a", GET, TooManyAtOnce("too many at once", after=timedelta(seconds=2)))

    assert (budget.together("a", 25), budget.together("b", 25)) == (12, 25)
    clock.now += 200
    assert budget.together("a", 25) == 25


def test_too_many_calls_at_once_say_nothing_about_the_rate(clock):
    budget = a_budget(clock)
    budget.refused("a", GET, TooManyAtOnce("too many at once", after=timedelta(seconds=2)))
    clock.now += 3

    for _ in range(12):
        budget.spend("a", GET, calls=25)


def test_old_mail_that_waits_for_units_gives_way_to_new_mail(clock):
    budget, news = a_budget(clock), []
    budget.spend("a", GET, calls=25, bulk=True)
    waiting = budget.calling("a", GET, calls=25, bulk=True, gives_way=lambda: len(news.append(1) or news) > 2)
    with pytest.raises(NoUnits, match="gives way") as refused, waiting:
        pass

    assert refused.value.bulk
    assert refused.value.after == timedelta(0)
    assert clock.slept == [0.1] * 3
    assert budget.spend("a", GET, calls=10) == 200


def test_a_wait_that_nothing_ends_early_is_as_long_as_it_has_to_be(clock):
    budget, start = a_budget(clock), clock.now
    for _ in range(2):
        with budget.calling("a", GET, calls=25, bulk=True, gives_way=lambda: False):
            pass

    assert 4 < clock.now - start < 6


def test_units_that_came_too_late_are_not_used_and_given_back(clock):
    allowance = Slow(clock, 5)
    budget = Budget(1, allowance=allowance, clock=clock, sleep=clock.sleep)
    with pytest.raises(TryLater, match="slowly"):
        budget.spend("a", GET)

    allowance.seconds = 0
    assert sum(budget.spend("a", GET) for _ in range(3)) == 60


def test_a_day_nearly_spent_is_told_once_and_once_more_when_it_is(clock):
    budget, told = a_budget(clock, day_units=100), []
    for _ in range(7):
        budget.spend("a", GET)
        with capture_logs() as said:
            budget.flush()
        told += [line["percent"] for line in said if line["event"] == "quota.day"]

    assert told == [80, 100]
