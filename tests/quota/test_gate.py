"""Calls at once: a cap per account, one place kept for live mail, and fewer after Gmail said "too many"."""

import threading
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gmail.gate import Gate, Width
from tests.quota.clocks import Clock


@pytest.fixture
def enters():
    """Whether one more call may go now; it stays under way until the test ends."""
    with ExitStack() as under_way:
        yield lambda gate, account="ada", *, bulk=False: under_way.enter_context(
            gate.through(account, bulk=bulk, patience=0)
        )


def test_no_more_than_the_cap_travel_at_once_and_accounts_do_not_count_together(clock, enters):
    gate = Gate(2, clock=clock)

    assert [enters(gate) for _ in range(3)] == [True, True, False]
    assert enters(gate, "ben")


def test_bulk_work_leaves_the_last_place_to_live_mail(clock, enters):
    gate = Gate(3, clock=clock)

    assert [enters(gate, bulk=True) for _ in range(3)] == [True, True, False]
    assert enters(gate)


def test_where_there_is_one_place_bulk_work_may_have_it(clock, enters):
    gate = Gate(1, clock=clock)

    assert enters(gate, bulk=True)
    assert not enters(gate)


def test_a_call_that_ends_makes_room_for_one_that_waits():
    gate, got = Gate(1), []
    waiting = threading.Thread(target=lambda: got.append(enters_within(gate, 30)))

    with gate.through("ada", bulk=False, patience=0):
        waiting.start()
    waiting.join(30)

    assert got == [True]


def enters_within(gate, patience):
    with gate.through("ada", bulk=False, patience=patience) as free:
        return free


def test_a_call_that_raises_makes_room_too(clock, enters):
    gate = Gate(1, clock=clock)
    with pytest.raises(RuntimeError), gate.through("ada", bulk=False, patience=0):
        raise RuntimeError

    assert enters(gate)


def test_too_many_halves_the_cap_for_a_while(clock, enters):
    gate = Gate(4, clock=clock)
    for _ in range(5):  # one moment
        gate.lower("ada")

    assert [enters(gate) for _ in range(3)] == [True, True, False]
    clock.now += 200
    assert [enters(gate) for _ in range(3)] == [True, True, False]
    assert enters(gate, "ben")


@given(st.lists(st.tuples(st.floats(0, 100), st.booleans()), max_size=60), st.integers(1, 50))
def test_there_is_always_room_for_one_and_never_for_more_than_usual(moments, most):
    width, clock = Width(), Clock(0.0)
    for pause, refused in moments:
        clock.now += pause
        before = width.of(most, clock.now)
        if refused:
            width.lower(clock.now)
            assert width.of(most, clock.now) <= before
        assert 1 <= width.of(most, clock.now) <= most

    assert width.of(most, clock.now + 300) == most
