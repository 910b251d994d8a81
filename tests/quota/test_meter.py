"""The pure meter: no minute above the limit, bulk work close to it, live mail never kept waiting long."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.gmail.meter import (
    CALM_SEC,
    LOWERED_BY,
    LOWEST_SHARE,
    SAME_TROUBLE_SEC,
    WINDOW_SEC,
    Meter,
    Pause,
    Unused,
    Want,
)


def most_in_a_minute(used, minute=60.0):
    """[(when, units)] in any order: the most that any minute holds."""
    used, worst, total, oldest = sorted(used), 0, 0, 0
    for when, units in used:
        total += units
        while used[oldest][0] <= when - minute:
            total -= used[oldest][1]
            oldest += 1
        worst = max(worst, total)
    return worst


ASKS = st.lists(
    st.tuples(
        st.floats(0, 20),  # seconds since the ask before
        st.sampled_from([1, 2, 5, 20, 40, 100, 500]),
        st.sampled_from([0, 60, 200]),  # wish
        st.booleans(),  # bulk
        st.floats(0, 1),  # how late in its life a grant is used
        st.floats(0, 1),  # how much of what was granted beyond the least is given back
    ),
    max_size=120,
)


@settings(max_examples=200)
@given(ASKS, st.sampled_from([20.0, 100.0, 250.0]))
def test_no_minute_holds_more_than_sixty_times_the_rate_however_late_grants_are_used(asks, rate):
    meter, now, used, unused = Meter(rate), 1e9, [], []
    for pause, least, wish, bulk, late, share in asks:
        now += pause
        while not (grant := meter.ask(now, Want(least, wish, bulk, tuple(unused)))).units:
            unused = []
            assert 0 < grant.wait <= WINDOW_SEC + 2
            now += grant.wait
        surplus = int((grant.units - least) * share)
        unused = [Unused(grant.at, surplus, bulk)] if surplus else []
        used.append((now + late * grant.life, grant.units - surplus))

    assert most_in_a_minute(used) <= rate * 60


def test_a_call_dearer_than_a_whole_minute_still_goes_through_alone():
    meter = Meter(1.0)

    assert meter.ask(0.0, Want(500)).units == 500
    assert meter.ask(1.0, Want(1)).wait == pytest.approx(WINDOW_SEC)


@dataclass
class Simulated:
    """Bulk work that takes all it gets, and live mail that comes when it comes."""

    rate: float
    batch: int
    arrivals: list  # when live calls are wanted
    price: int = 20
    now: float = 0.0
    used: list = field(default_factory=list)
    bulk: int = 0
    waits: list = field(default_factory=list)

    def run(self, until):
        meter, live, bulk_at = Meter(self.rate), sorted(self.arrivals), 0.0
        asks = [(when, when) for when in live]  # (next try, wanted since)
        while self.now < until:
            asks.sort()
            live_at = asks[0][0] if asks else float("inf")
            self.now = max(min(live_at, bulk_at), self.now)
            if live_at <= bulk_at:
                _, since = asks.pop(0)
                grant = meter.ask(self.now, Want(self.price))
                if grant.units:
                    self.used.append((self.now, self.price))
                    self.waits.append(self.now - since)
                else:
                    asks.append((self.now + grant.wait, since))
            else:
                grant = meter.ask(self.now, Want(self.batch, bulk=True))
                if grant.units:
                    self.used.append((self.now, self.batch))
                    self.bulk += self.batch
                bulk_at = self.now + max(grant.wait, 0.01)
        return self


@pytest.mark.parametrize("batch", [20, 200, 500])
def test_greedy_bulk_work_uses_more_than_85_percent_of_the_minute(batch):
    done = Simulated(100.0, batch, []).run(600)

    assert done.bulk > 0.86 * 600 * 100
    assert most_in_a_minute(done.used) <= 6000


LIVE = st.lists(st.tuples(st.floats(70, 500), st.integers(1, 16)), max_size=25)


@settings(max_examples=40)
@given(LIVE, st.sampled_from([20, 200, 500]))
def test_live_mail_hardly_waits_while_bulk_work_takes_all_it_gets(bursts, batch):
    arrivals = [when for when, number in bursts for _ in range(number)]
    done = Simulated(100.0, batch, arrivals).run(600)

    assert most_in_a_minute(done.used) <= 6000
    assert len(done.waits) == len(arrivals)
    assert sum(units for _, units in done.used) > 0.85 * 600 * 100
    # What turns free goes to live mail first: a call waits for those before it and a batch, no longer.
    for since, wait in zip(sorted(arrivals), done.waits, strict=True):
        before = sum(20 for when in arrivals if since - 30 < when <= since)
        assert wait <= (before + batch) / 80 + 1


def test_a_few_live_calls_at_once_never_wait_behind_bulk_work():
    arrivals = [100.0 + 30 * n for n in range(12) for _ in range(10)]
    done = Simulated(100.0, 200, arrivals).run(600)

    assert max(done.waits) == 0.0


def test_units_nobody_used_are_free_again():
    meter = Meter(1.0)
    grant = meter.ask(0.0, Want(10, 60))
    assert (grant.units, meter.ask(0.0, Want(1)).units) == (60, 0)

    assert meter.ask(1.0, Want(50, unused=(Unused(grant.at, 50, bulk=False),))).units == 50
    assert not meter.ask(1.0, Want(1)).units


def test_units_given_back_after_their_minute_free_nothing():
    meter = Meter(1.0)
    old = meter.ask(0.0, Want(10, 60))
    assert meter.ask(70.0, Want(60)).units == 60

    assert not meter.ask(70.0, Want(1, unused=(Unused(old.at, 50, bulk=False),))).units


def test_what_gmail_names_is_kept_to_and_what_it_does_not_name_grows():
    meter, now, lengths = Meter(100.0), 0.0, []
    assert not meter.pause(now, Pause(900, named=True), luck=1.0)
    assert meter.ask(1.0, Want(1)).wait == 899
    assert meter.ask(1.0, Want(1)).paused

    now = 900.0 + SAME_TROUBLE_SEC
    for _ in range(4):
        meter.pause(now, Pause(5), luck=0.0)
        lengths.append(meter.paused_until - now)
        now = meter.paused_until + 1
    assert lengths == [5, 10, 20, 40]

    now += SAME_TROUBLE_SEC
    meter.pause(now, Pause(5), luck=1.0)
    assert meter.paused_until - now == 5 * 1.25


def test_a_pause_of_many_hours_is_not_cut_short():
    meter = Meter(100.0)
    meter.pause(0.0, Pause(6 * 3600), luck=0.0)

    assert meter.paused_until == 6 * 3600


def test_refusals_of_one_moment_are_one():
    meter = Meter(100.0)
    for _ in range(25):
        meter.pause(0.0, Pause(5, lowers=True), luck=0.0)

    assert meter.paused_until == 5
    assert meter.share_at(0.0) == LOWERED_BY


def test_a_refusal_lowers_the_rate_and_calm_brings_it_back_slowly():
    meter = Meter(100.0)
    assert meter.pause(0.0, Pause(5, lowers=True), luck=0.0)

    assert meter.share_at(CALM_SEC) == LOWERED_BY
    assert LOWERED_BY < meter.share_at(CALM_SEC + 60) < LOWERED_BY + 0.05
    assert meter.share_at(CALM_SEC + 3600) == 1.0

    for n in range(30):
        meter.pause(100.0 * n, Pause(5, lowers=True), luck=0.0)
    assert meter.share_at(3000) == LOWEST_SHARE


@settings(max_examples=60)
@given(st.floats(0.3, 0.9))
def test_where_gmail_gives_less_than_we_think_refusals_end(real):
    """Bulk work against a server whose minute is a part of ours: refused a few times, then hardly ever."""
    meter, now, sent, refusals = Meter(100.0), 0.0, [], []
    while now < 1800:
        grant = meter.ask(now, Want(200, bulk=True))
        if not grant.units:
            now += grant.wait
            continue
        sent = [(when, units) for when, units in sent if when > now - 60]
        if sum(units for _, units in sent) + 200 > 6000 * real:
            refusals.append(now)
            meter.pause(now, Pause(60, lowers=True), luck=0.0)
        else:
            sent.append((now, 200))
        now += 0.1

    assert len(refusals) <= 12
    assert len([when for when in refusals if when > 900]) <= 4
