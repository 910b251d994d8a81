"""When a watch is renewed, when a failed renewal is tried again, and when somebody should look."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watcher.schedule import (
    LASTS,
    LONGEST_PAUSE,
    PAUSE_AFTER_THE_END,
    SHORTEST_PAUSE,
    alarm,
    next_renewal,
    next_try,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

lives = st.timedeltas(min_value=timedelta(days=-30), max_value=timedelta(days=30))


@pytest.mark.parametrize(
    ("ends_in", "renewed_in"),
    [
        (7 * DAY, DAY),
        (2 * DAY, DAY),
        (DAY, 12 * HOUR),
        (HOUR, HOUR / 2),
        (timedelta(seconds=10), SHORTEST_PAUSE),
        (timedelta(0), SHORTEST_PAUSE),
        (-DAY, SHORTEST_PAUSE),
    ],
)
def test_a_watch_is_renewed_daily_or_halfway_to_an_earlier_end(ends_in, renewed_in):
    assert next_renewal(NOW, NOW + ends_in) == NOW + renewed_in


@given(lives)
def test_a_renewal_is_never_sooner_than_a_minute_nor_later_than_a_day(ends_in):
    assert NOW + SHORTEST_PAUSE <= next_renewal(NOW, NOW + ends_in) <= NOW + DAY


@given(st.timedeltas(min_value=2 * SHORTEST_PAUSE, max_value=timedelta(days=30)))
def test_a_watch_that_lasts_long_enough_is_renewed_before_it_ends(ends_in):
    assert next_renewal(NOW, NOW + ends_in) < NOW + ends_in


@given(st.none() | lives)
def test_a_failed_renewal_is_tried_again_within_the_hour_and_never_in_a_tight_loop(ends_in):
    again = next_try(NOW, None if ends_in is None else NOW + ends_in)

    assert NOW + SHORTEST_PAUSE <= again <= NOW + LONGEST_PAUSE


def test_pauses_grow_while_renewing_fails_and_stay_inside_the_life_of_the_watch():
    made, pauses = NOW, []
    now = made + DAY
    while now < made + LASTS:
        again = next_try(now, made + LASTS)
        pauses.append(again - now)
        now = again

    assert pauses[0] == SHORTEST_PAUSE
    assert max(pauses) == LONGEST_PAUSE
    assert pauses[:5] == sorted(pauses[:5])
    assert 100 < len(pauses) < 2_000  # neither giving up nor hammering


@pytest.mark.parametrize("expires_at", [None, NOW, NOW - 3 * DAY])
def test_without_a_live_watch_it_is_tried_every_ten_minutes(expires_at):
    assert next_try(NOW, expires_at) == NOW + PAUSE_AFTER_THE_END


@pytest.mark.parametrize(
    ("ends_in", "loudness"),
    [(7 * DAY, "none"), (48 * HOUR, "none"), (47 * HOUR, "warn"), (24 * HOUR, "warn"), (23 * HOUR, "page"), (-DAY, "page"), (None, "page")],
)  # fmt: skip
def test_the_less_time_is_left_the_louder_it_is_said(ends_in, loudness):
    assert alarm(None if ends_in is None else NOW + ends_in, NOW) == loudness
