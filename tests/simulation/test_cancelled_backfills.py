"""The same schedules with an admin who cancels backfills and orders them again, at any moment."""

from datetime import timedelta
from functools import partial

import pytest
from hypothesis import Phase
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from consumer import run
from shared.store import accounts, deltas, searches
from shared.store.database import Database
from tests.simulation.machine import Schedule, accounts_, moments
from tests.simulation.sea import ACCOUNTS
from tests.simulation.test_simulation import SCHEDULES, some


class Admin(Schedule):
    """In the end every backfill has been ordered again: then nothing may be missing."""

    @rule(account=accounts_)
    def a_backfill_is_cancelled(self, account: str) -> None:
        self._acts(searches.cancel, account)

    @rule(account=accounts_)
    def a_backfill_is_ordered(self, account: str) -> None:
        self._acts(searches.order, account)

    @rule(at=moments, what=st.sampled_from(["begin", "done"]), account=accounts_, again=st.booleans())
    def an_admin_acts_during_work(self, at: int, what: str, account: str, again: bool) -> None:
        act = searches.order if again else searches.cancel
        self._work(self._once(at, what, partial(self._acts, act, account)))

    def _acts(self, act, account: str) -> None:
        with Database.transaction(self.db) as conn:
            account_id = accounts.by_address(conn, account).id
            act(conn, account_id)
            deltas.wake(conn, [account_id])

    def _quieten(self) -> None:
        for account in ACCOUNTS:
            self._acts(searches.order, account)
        super()._quieten()


@pytest.mark.timeout(7200)
def test_whatever_is_cancelled_and_ordered_again_is_captured_in_the_end(machine):
    Admin.db, Admin.google, Admin.folder = machine.db, machine.google, machine.folder

    run_state_machine_as_test(Admin, settings=some(max(SCHEDULES // 10, 1), Phase.explicit, Phase.generate))


def test_an_admin_cancels_at_any_moment_of_a_first_capture(machine, monkeypatch):
    monkeypatch.setattr(run, "STEP", 2)  # so that some wait while others are read
    Admin.db, Admin.google, Admin.folder = machine.db, machine.google, machine.folder
    for at in range(0, 40, 3):
        one = Admin()
        one.open(known={0, 1}, old=["news@letter.example", "ivy@lp.example"] * 3, checks=True, searches=True)
        one.rematches()  # else the search for new investors would find everything a second time
        one.an_admin_acts_during_work(at, "begin", ACCOUNTS[0], again=False)
        one.sea.later(timedelta(hours=25).total_seconds())
        one._work(None)
        one.teardown()
