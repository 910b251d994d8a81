"""What an allowance promises, wherever it is kept: in one process, or in the database for all."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.gmail.allowance import ALL, Spent
from shared.gmail.meter import KEPT_SEC, LIVE_SHARE, LOWERED_BY, WINDOW_SEC, Pause, Unused, Want

RATE = 100.0
MINUTE = 6000


def granted(allowance, key, least, wish=0, **more):
    return allowance.ask(key, RATE, Want(least, wish, **more)).units


def test_a_minute_is_granted_and_no_more(allowance):
    assert granted(allowance, "ada", 1, 5000) == 5000
    assert granted(allowance, "ada", 20, 5000) == 1000
    refused = allowance.ask("ada", RATE, Want(20))

    assert (refused.units, refused.paused) == (0, False)
    assert WINDOW_SEC - 1 < refused.wait <= WINDOW_SEC + KEPT_SEC


def test_accounts_do_not_share(allowance):
    assert granted(allowance, "ada", MINUTE) == MINUTE
    assert granted(allowance, "ben", MINUTE) == MINUTE


def test_a_minute_later_there_is_another(allowance, later):
    granted(allowance, "ada", MINUTE)
    later(WINDOW_SEC - 5)
    assert granted(allowance, "ada", 1) == 0

    later(5 + KEPT_SEC)
    assert granted(allowance, "ada", MINUTE) == MINUTE


def test_bulk_work_leaves_something_for_live_mail(allowance):
    most = round(MINUTE * (1 - LIVE_SHARE))
    assert granted(allowance, "ada", most, bulk=True) == most
    assert granted(allowance, "ada", 1, bulk=True) == 0
    assert granted(allowance, "ada", 20, MINUTE) == MINUTE - most


def test_bulk_work_flows_evenly(allowance, later):
    total = 0
    for _ in range(10):
        while units := granted(allowance, "ada", 20, bulk=True):
            total += units
        later(1)

    assert 10 * RATE * 0.85 < total < 13 * RATE


def test_what_is_given_back_can_be_granted_again(allowance):
    grant = allowance.ask("ada", RATE, Want(2, MINUTE))
    back = Unused(grant.at, 4000, bulk=False)
    assert granted(allowance, "ada", 20) == 0

    assert granted(allowance, "ada", 20, MINUTE, unused=(back,)) == 4000


def test_giving_back_asks_for_nothing(allowance):
    grant = allowance.ask("ada", RATE, Want(2, MINUTE))
    assert granted(allowance, "ada", 0, unused=(Unused(grant.at, 4000, bulk=False),)) == 0
    assert granted(allowance, "ada", 1, MINUTE) == 4000


def test_a_pause_holds_its_account_and_no_other(allowance, later):
    assert allowance.pause("ada", Pause(900, named=True)) is None
    allowance.pause("ada", Pause(5, named=True))

    grant = allowance.ask("ada", RATE, Want(1))
    assert grant.paused
    assert grant.wait == pytest.approx(900, abs=10)
    assert granted(allowance, "ben", 1) == 1

    later(901)
    assert granted(allowance, "ada", 1) == 1


def test_a_pause_of_all_holds_every_account_for_the_longer_of_the_two(allowance):
    allowance.pause(ALL, Pause(100, named=True))
    allowance.pause("ada", Pause(900, named=True))

    assert allowance.ask("ada", RATE, Want(1)).wait == pytest.approx(900, abs=10)
    assert allowance.ask("ben", RATE, Want(1)).wait == pytest.approx(100, abs=10)
    assert allowance.ask(ALL, RATE, Want(1)).paused


def test_a_pause_holds_even_where_nothing_is_metered(allowance):
    assert allowance.ask("ada", 0, Want(1, 1_000_000)).units == 1_000_000
    allowance.pause("ada", Pause(60))

    assert allowance.ask("ada", 0, Want(1)).paused


def test_refused_units_lower_the_rate_for_everybody_who_asks(allowance, later):
    assert allowance.pause("ada", Pause(5, lowers=True)) == pytest.approx(LOWERED_BY)
    assert allowance.pause("ada", Pause(5, lowers=True)) is None
    later(6)

    assert granted(allowance, "ada", 1, MINUTE) == pytest.approx(MINUTE * LOWERED_BY, abs=2)
    assert granted(allowance, "ben", 1, MINUTE) == MINUTE


def test_pauses_that_gmail_does_not_name_grow(allowance, later):
    waits = []
    for _ in range(3):
        allowance.pause("ada", Pause(40))
        waits.append(allowance.ask("ada", RATE, Want(1)).wait)
        later(waits[-1] + 1)

    assert waits == pytest.approx([40, 80, 160], abs=10)


def test_many_at_once_are_granted_one_minute(allowance):
    with ThreadPoolExecutor(8) as pool:
        units = sum(pool.map(lambda _: granted(allowance, "ada", 20), range(400)))

    assert units == MINUTE


def test_the_day_adds_up_over_accounts_and_methods(allowance):
    get = "gmail.users.messages.get"
    assert allowance.record([]) == 0
    assert allowance.record([Spent("ada", get, 40, 2), Spent("ben", get, 20, 1, 1)]) == 60
    assert allowance.record([Spent("ada", get, 20, 1)]) == 80
