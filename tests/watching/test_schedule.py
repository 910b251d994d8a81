"""The schedule of renewals, whatever Gmail answers: never too late, never in a tight loop."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from watcher.schedule import LASTS, LONGEST_PAUSE, SHORTEST_PAUSE, next_renewal, next_try

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)

lives = st.timedeltas(min_value=timedelta(days=-30), max_value=timedelta(days=30))


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
