"""Thousands of schedules of everything that may happen; `make simulate` runs many, CI two hundred.

A schedule that fails is printed step by step.  The same again: `make simulate ARGS=--hypothesis-seed=N`.
"""

import os

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.defences import DEFENCES

SCHEDULES = int(os.environ.get("MAILROOM_SCHEDULES", "200"))
STEPS = 15
# How far a missing defence is looked for: it must be found in one of these seeds.
SEEDS, SCHEDULES_A_SEED = (1, 2, 3), 150


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


@pytest.mark.timeout(7200)
def test_whatever_happens_every_matching_message_is_stored_once_and_nothing_else(machine):
    phases = () if os.environ.get("MAILROOM_SHRINK") else (Phase.explicit, Phase.generate)
    run_state_machine_as_test(machine, settings=some(SCHEDULES, *phases))


@pytest.mark.skipif(not os.environ.get("MAILROOM_DEFENCES"), reason="takes half an hour: make defences")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("defence", DEFENCES)
def test_without_any_one_defence_mail_is_lost(machine, monkeypatch, defence):
    monkeypatch.setattr(machine, "may_check", False)
    DEFENCES[defence](monkeypatch)

    for number in SEEDS:
        drawn = seed(number)(type("Seeded", (machine,), {}))
        try:
            # Not made smaller: that the loss is found is all that is asked.
            run_state_machine_as_test(drawn, settings=some(SCHEDULES_A_SEED, Phase.generate))
        except Exception as found:  # noqa: BLE001 - whatever shows it
            print(f"\n| {defence} | {number} | {_in_a_line(found)} |")  # noqa: T201 - the table of docs/simulation.md
            return
    pytest.fail(f"without {defence} no schedule failed")


def _in_a_line(found):
    return f"{type(found).__name__}: {str(found).splitlines()[0][:110]}"
