"""When a watch is renewed."""

from datetime import UTC, datetime, timedelta

import pytest

from watcher.schedule import LASTS, RENEW_EVERY, alarm, next_renewal, next_try

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def failing_for(time):
    """The end of a watch whose renewal has been due, and failing, for *time*."""
    return NOW - time + LASTS - RENEW_EVERY


def test_a_watch_is_renewed_after_a_day_as_google_advises():
    assert next_renewal(NOW, NOW + 7 * DAY) == NOW + DAY


@pytest.mark.parametrize("lasts", [HOUR, 12 * HOUR, DAY])
def test_a_watch_with_an_earlier_end_is_renewed_halfway(lasts):
    assert next_renewal(NOW, NOW + lasts) == NOW + lasts / 2


@pytest.mark.parametrize("end", [NOW, NOW - DAY, datetime(1970, 1, 1, tzinfo=UTC)])
def test_an_end_in_the_past_never_becomes_a_call_without_a_pause(end):
    assert next_renewal(NOW, end) == NOW + MINUTE


@pytest.mark.parametrize(
    ("failed", "pause"),
    [(0 * MINUTE, MINUTE), (MINUTE, MINUTE), (4 * MINUTE, 4 * MINUTE), (HOUR, HOUR), (3 * DAY, HOUR)],
)
def test_the_pause_after_a_failure_grows_from_a_minute_to_an_hour(failed, pause):
    assert next_try(NOW, failing_for(failed)) == NOW + pause


@pytest.mark.parametrize(
    ("left", "pause"), [(48 * HOUR, HOUR), (24 * HOUR, 30 * MINUTE), (4 * HOUR, 5 * MINUTE), (MINUTE, MINUTE)]
)
def test_below_48_hours_it_shrinks_again(left, pause):
    assert next_try(NOW, NOW + left) == NOW + pause


@pytest.mark.parametrize("end", [None, NOW, NOW - DAY])
def test_without_a_watch_it_is_tried_every_ten_minutes(end):
    assert next_try(NOW, end) == NOW + 10 * MINUTE


def test_a_watch_that_cannot_be_renewed_is_tried_often_but_not_endlessly_until_it_ends():
    end, now, tries = NOW + LASTS, NOW + RENEW_EVERY, 0

    while now < end:
        now, tries = next_try(now, end), tries + 1

    assert 200 < tries < 600


@pytest.mark.parametrize(
    ("left", "expected"),
    [
        (7 * DAY, "none"),
        (48 * HOUR, "none"),
        (47 * HOUR, "warn"),
        (24 * HOUR, "warn"),
        (23 * HOUR, "page"),
        (-DAY, "page"),
    ],
)
def test_the_alarm_grows_louder_towards_the_end(left, expected):
    assert alarm(NOW + left, NOW) == expected


def test_no_watch_at_all_is_the_loudest_alarm():
    assert alarm(None, NOW) == "page"
