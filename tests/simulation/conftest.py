"""The world every schedule is played in."""

import logging

import pytest
import structlog

from consumer import plan
from infra.local.google import serve
from shared.store.database import Database
from tests.simulation.machine import Schedule
from tests.simulation.sea import WITNESS, Google, Hooked


@pytest.fixture
def machine(database_url, tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "ONE_BATCH", plan.ONE_BATCH)  # schedules set it
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with serve() as server, Hooked(database_url) as db:
        Schedule.db, Schedule.google, Schedule.folder = db, Google(server.url), tmp_path
        with Database.transaction(db) as conn:
            conn.execute(WITNESS)
        yield Schedule
    structlog.reset_defaults()
