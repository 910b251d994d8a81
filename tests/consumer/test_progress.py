"""What is left of a backfill and when it ends, from plain numbers."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.plan import Wanted, fetch_units, fetching, thread_units
from consumer.progress import Facts, Left, ends_at, is_alone, left, speed, stage, waits_until
from shared.gmail.quota import PRICES

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
QUIET = Facts(
    account="ada@fund.test", status="active", reason="", kinds=[], plans=0, searches=0, listings=0, scans=0,
    proofs=0, confirming=0, listed=0, expected=0, cancelled=0, weigh=0, unproved=0, doubtful=[], doubtful_number=[], known=0, stored=0, dead=0,
    held=0, plain=[], files=[], number=[], due_at=NOW + timedelta(minutes=5), leased=False, share=1.0,
    paused_until=None, spent=0, now=NOW,
)  # fmt: skip
BUSY = replace(QUIET, leased=True, due_at=NOW)


def units(facts):
    return left(facts, page=500, prices=PRICES)


@pytest.mark.parametrize(
    ("numbers", "is_"),
    [
        ({}, "done"),
        ({"plans": 1}, "planning"),
        ({"searches": 3, "listings": 1, "proofs": 1}, "searching"),
        ({"searches": 3, "weigh": 9}, "searching"),
        ({"weigh": 9, "listings": 1}, "fetching"),
        ({"plain": [1], "files": [0], "number": [4], "proofs": 1}, "fetching"),
        ({"listings": 1, "proofs": 1}, "listing"),
        ({"confirming": 1}, "confirming"),
        ({"proofs": 1, "unproved": 9}, "proving"),
        ({"cancelled": 2}, "cancelled"),
        ({"held": 2}, "cancelled"),
        ({"held": 2, "searches": 1}, "searching"),
        ({"proofs": 1, "status": "reconnect"}, "stopped"),
        ({"status": "reconnect"}, "done"),
    ],
)
def test_what_is_being_done_follows_from_the_numbers(numbers, is_):
    assert stage(replace(QUIET, **numbers)) == is_


def test_before_everything_is_listed_the_proof_is_expected_from_what_gmail_said():
    facts = replace(BUSY, searches=2, listings=1, proofs=1, expected=10_000, known=800)

    assert units(facts) == Left(finding=(2 + 20) * 5, fetching=0, proving=9_200 * 20, exact=False)


def test_of_a_scan_the_headers_that_are_not_listed_yet_count_as_well():
    facts = replace(BUSY, listings=1, scans=1, expected=100, known=60, weigh=7, listed=60)

    assert units(facts) == Left(finding=5, fetching=47 * 20, proving=0, exact=False)


def test_when_everything_is_listed_the_units_are_exact():
    facts = replace(
        BUSY, proofs=1, unproved=30, doubtful=[2, 5], doubtful_number=[5, 4], expected=99, known=50,
        plain=[5, 2], files=[1, 0], number=[2, 3],
    )  # fmt: skip

    assert units(facts) == Left(
        finding=0, fetching=2 * (40 + 20) + 3 * 40, proving=10 * 20 + 4 * 40, exact=True
    )


@given(st.lists(st.tuples(st.sampled_from(["", "t1", "t2"]), st.booleans()), max_size=30))
def test_sorts_of_threads_cost_what_the_planner_would_spend_on_them(messages):
    wanted = [Wanted(f"m{n}", thread, files) for n, (thread, files) in enumerate(messages)]
    threads = {}
    for one in wanted:
        threads.setdefault(one.thread_id or one.gmail_id, []).append(one.files)

    spent = sum(
        thread_units(files.count(False), files.count(True), prices=PRICES) for files in threads.values()
    )

    assert spent == fetch_units(fetching(wanted, prices=PRICES), prices=PRICES)


def test_the_speed_is_the_budgets_until_it_was_observed_for_a_while():
    later = replace(BUSY, now=NOW + timedelta(seconds=30), spent=600)
    soon = replace(BUSY, now=NOW + timedelta(seconds=5), spent=600)

    assert speed(BUSY, soon, rate=100) == pytest.approx(93)
    assert speed(BUSY, replace(soon, share=0.5), rate=100, sharing=3) == pytest.approx(15.5)
    assert speed(BUSY, later, rate=100) == 20
    assert speed(BUSY, soon, rate=0) is None
    assert speed(BUSY, later, rate=0) == 20


def test_an_end_is_told_only_where_somebody_works_towards_it():
    assert ends_at(BUSY, 930, 93.0) == NOW + timedelta(seconds=10)
    assert ends_at(BUSY, 930, None) is None
    assert ends_at(replace(BUSY, status="paused"), 930, 93.0) is None
    assert ends_at(replace(QUIET, due_at=NOW - timedelta(seconds=11)), 930, 93.0) is None
    paused = replace(BUSY, paused_until=NOW + timedelta(seconds=60))
    assert ends_at(paused, 930, 93.0) == NOW + timedelta(seconds=70)


def test_who_waits_and_who_is_left_alone():
    assert waits_until(BUSY) is None
    assert waits_until(QUIET) == QUIET.due_at
    assert waits_until(replace(BUSY, paused_until=NOW + timedelta(seconds=9))) == NOW + timedelta(seconds=9)
    assert waits_until(replace(BUSY, paused_until=NOW - timedelta(seconds=9))) is None
    assert not is_alone(BUSY)
    assert not is_alone(replace(QUIET, due_at=NOW - timedelta(seconds=3)))
    assert is_alone(replace(QUIET, due_at=NOW - timedelta(seconds=30)))


@given(st.integers(0, 10**12), st.floats(0.01, 1e6))
def test_every_end_can_be_written_down(units_, per_second):
    assert ends_at(BUSY, units_, per_second).isoformat()
