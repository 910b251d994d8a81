"""The two places budgets are kept, each with a way to let time pass."""

from dataclasses import dataclass
from typing import Any

import pytest

from shared.gmail.allowance import Alone
from shared.store.units import Units
from tests.quota.clocks import Clock

EARLIER = b"""UPDATE mailroom.unit_meters
   SET granted_at = ARRAY(SELECT at - %(s)s FROM unnest(granted_at) WITH ORDINALITY AS one (at, n) ORDER BY n),
       bulk_paid_at = bulk_paid_at - %(s)s, paused_until = paused_until - make_interval(secs => %(s)s),
       lowered_at = lowered_at - make_interval(secs => %(s)s)"""


@dataclass
class Place:
    """Where budgets are kept, and time that passes at a test's word."""

    allowance: Any
    later: Any  # (seconds)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def alone(clock):
    return Place(Alone(clock=clock, luck=lambda: 0.0), clock.sleep)


@pytest.fixture
def in_database(db):
    def later(seconds):
        with db.transaction() as conn:
            conn.execute(EARLIER, {"s": float(seconds)})

    return Place(Units(db, luck=lambda: 0.0), later)


@pytest.fixture(params=["alone", "in_database"])
def place(request):
    """Each place in turn: what follows is promised by both."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def allowance(place):
    return place.allowance


@pytest.fixture
def later(place):
    return place.later
