"""Several processes on one account's budget: the sum stays within it, and what was spent is on record."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from infra.cli import main, metering
from shared.config import from_env
from shared.errors import NoUnits, SlowDown
from shared.gmail.allowance import Spent
from shared.gmail.meter import Pause, Want
from shared.gmail.quota import Budget
from shared.gmail.recording import recording
from shared.store.units import Units, since

ROOT = Path(__file__).parents[2]
GET = "gmail.users.messages.get"


@pytest.fixture
def spenders(database_url):
    started = []

    def start(number, rate, seconds):
        argv = [sys.executable, "-m", "tests.quota.spender", database_url, str(rate), str(seconds)]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        started.extend(subprocess.Popen(argv, cwd=ROOT, **pipes) for _ in range(number))
        for one in started:
            assert one.stdout.readline() == "ready\n"
        for one in started:
            one.stdin.write("go\n")
            one.stdin.flush()
        return started

    yield start
    for one in started:
        one.kill()
        one.communicate()


def recorded(db):
    with db.transaction() as conn:
        return sum(row.spent.units for row in since(conn, 2))


def test_two_greedy_processes_together_take_one_minute(db, spenders):
    taken = [int(one.communicate(timeout=60)[0]) for one in spenders(2, rate=20, seconds=3)]

    # Either alone would have taken all 1,200.
    assert all(units > 0 for units in taken)
    assert 1200 - 60 <= sum(taken) <= 1200
    assert recorded(db) == sum(taken)


def test_what_a_killed_process_took_stays_taken(db, spenders):
    (killed,) = spenders(1, rate=20, seconds=60)
    while recorded(db) < 600:
        assert killed.poll() is None
    killed.kill()
    killed.wait()

    budget, left = Units(db), 0
    while units := budget.ask("ada", 20, Want(20)).units:
        left += units
    assert recorded(db) + left <= 1200


def test_a_pause_of_one_process_holds_the_others(db):
    one, other = (Budget(100, allowance=Units(db)) for _ in range(2))
    one.spend("ada", GET)
    one.refused("ada", GET, SlowDown("Gmail asked for a pause", after=timedelta(seconds=900), named=True))

    with pytest.raises(SlowDown):
        other.spend("ada", GET)


def test_the_end_of_a_process_gives_back_what_it_kept(db):
    with recording(Budget(1, allowance=Units(db))) as budget:
        budget.spend("ada", "gmail.users.history.list")
    assert Units(db).ask("ada", 1, Want(58)).units == 58


def test_units_are_shown_by_account_and_method(db, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    Units(db).record([Spent("ada@fund.example", GET, 60, 3, 1), Spent("ben@fund.example", GET, 20, 1)])
    Units(db, luck=lambda: 0.0).pause("ada@fund.example", Pause(600, lowers=True))

    told = CliRunner().invoke(main, ["units", "--json"])
    shown = CliRunner().invoke(main, ["units"])

    ada, ben, held = map(json.loads, told.output.splitlines())
    assert {**ada, "day": ""} == {
        "day": "", "account": "ada@fund.example", "method": "messages.get", "units": 60, "calls": 3, "refusals": 1,
    }  # fmt: skip
    assert (ben["units"], held["budget"], held["share"]) == (20, "ada@fund.example", 0.8)
    assert held["paused_until"]
    assert "lowered its rate to 80%" in shown.output
    assert "80 units, 0.00% of the project's day" in shown.output


def test_before_anything_was_spent_there_is_an_empty_table(db, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)

    assert CliRunner().invoke(main, ["units"]).exit_code == 0


def test_the_settings_make_the_budget(db):
    told = {
        "CRM_GMAIL_RATE_UNITS_SEC": "10",
        "CRM_GMAIL_RATE_SCOPE": "credential",
        "CRM_GMAIL_PRICES": "messages.get=5",
        "CRM_GMAIL_DAY_UNITS": "300",
    }
    budget = metering.budget(from_env(told), db)

    assert budget.spend("ada", GET, calls=100) == 500
    with pytest.raises(NoUnits, match="day"):
        budget.spend("ada", GET, bulk=True)
    assert budget.spend("ben", GET, calls=20) == 100
    with pytest.raises(NoUnits, match="used up"):
        budget.spend("ben", GET)
