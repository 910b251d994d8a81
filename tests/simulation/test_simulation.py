"""Thousands of schedules of everything that may happen; `make simulate` runs many, CI two hundred.

A schedule that fails is printed step by step.  The same again: `make simulate ARGS=--hypothesis-seed=N`.
"""

import os
import time
from itertools import count

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.errors import FlakyFailure
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.defences import DEFENCES, drawn_from

SCHEDULES = int(os.environ.get("MAILROOM_SCHEDULES", "200"))
STEPS = 15
A_FEW = 200
# How far a missing defence is looked for: it must be found in one of these seeds.
SEEDS, SCHEDULES_A_SEED = range(1, 9), 150


def some(number, *phases):
    return settings(
        max_examples=number,
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        database=None,
        phases=phases or tuple(Phase),
    )


def counted(machine):
    """The same, telling now and then how far it is: seen with `pytest -s`."""
    began, played = time.monotonic(), count(1)

    class Counted(machine):
        def teardown(self):
            super().teardown()
            if (number := next(played)) % A_FEW == 0:
                left = (time.monotonic() - began) / number * (SCHEDULES - number) / 60
                told = f"{number:,} of {SCHEDULES:,} schedules, no violation; {left:.0f} minutes left"
                print(f"\n{told}", end="")  # noqa: T201

    return Counted


@pytest.mark.timeout(7200)
def test_whatever_happens_every_matching_message_is_stored_once_and_nothing_else(machine):
    phases = () if os.environ.get("MAILROOM_SHRINK") else (Phase.explicit, Phase.generate)
    run_state_machine_as_test(
        counted(machine) if SCHEDULES > A_FEW else machine, settings=some(SCHEDULES, *phases)
    )


@pytest.mark.skipif(not os.environ.get("MAILROOM_DEFENCES"), reason="takes half an hour: make defences")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name", DEFENCES)
def test_without_any_one_defence_mail_is_lost(machine, monkeypatch, name):
    defence = DEFENCES[name]
    defence.take_out(monkeypatch)

    for number in SEEDS:
        schedules = seed(number)(drawn_from(defence.steps))
        try:
            # Not made smaller: that the loss is found is all that is asked.
            run_state_machine_as_test(schedules, settings=some(SCHEDULES_A_SEED, Phase.generate))
        except (AssertionError, FlakyFailure) as found:
            print(f"\n| {name} | {defence.without} | {number} | {_in_a_line(found)} |")  # noqa: T201 - for docs/simulation.md
            return
    pytest.fail(f"without {name} no schedule failed")


def _in_a_line(found):
    """What was seen; only a broken expectation counts, nothing that merely stumbled over the missing part."""
    while isinstance(found, BaseExceptionGroup):
        found = found.exceptions[0]
    assert isinstance(found, AssertionError), found
    return str(found).splitlines()[0][:110]
