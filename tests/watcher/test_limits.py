"""Who tries too often is slowed down, and nobody else."""

from datetime import timedelta

import pytest

from tests.watcher.conftest import Clock
from watcher.web.console.pages import MOST_WRONG_A_MINUTE
from watcher.web.limits import MOST_KEYS, Limiter
from watcher.web.sync import MOST_A_MINUTE


@pytest.fixture
def clock():
    return Clock()


def test_a_minute_has_so_many_tries_for_each_key(clock):
    limiter = Limiter(clock)

    for _ in range(3):
        limiter.count("ada")

    assert limiter.spent("ada", most=3)
    assert not limiter.spent("ada", most=4)
    assert not limiter.spent("ben", most=3)


@pytest.mark.parametrize("step", [timedelta(minutes=1), -timedelta(hours=1)])
def test_the_next_minute_begins_afresh_also_when_the_clock_is_set_back(clock, step):
    limiter = Limiter(clock)
    limiter.count("ada")

    clock.now += step

    assert not limiter.spent("ada", most=1)


def test_a_flood_of_callers_does_not_fill_the_memory(clock):
    limiter = Limiter(clock)

    for number in range(MOST_KEYS + 10):
        limiter.count(str(number))

    assert len(limiter._since) <= MOST_KEYS


def test_after_many_wrong_tokens_others_wait_a_minute_and_a_right_one_does_not(world):
    client, token, wrong = world.client(), world.token(), {"token": "mr_wrong"}

    for _ in range(MOST_WRONG_A_MINUTE):
        assert client.post("/signin", data=wrong).status_code == 401
    braked = client.post("/signin", data=wrong)
    right = client.post("/signin", data={"token": token})
    after_it = client.post("/signin", data=wrong)
    world.clock.now += timedelta(minutes=1)

    assert (braked.status_code, braked.headers["Retry-After"]) == (429, "60")
    assert (right.status_code, right.location) == (303, "/threads")
    assert after_it.status_code == 429
    assert client.post("/signin", data=wrong).status_code == 401


def test_right_tokens_do_not_count(world):
    client, token = world.client(), world.token()

    answers = {
        client.post("/signin", data={"token": token}).status_code for _ in range(MOST_WRONG_A_MINUTE + 1)
    }

    assert answers == {303}


def test_one_token_may_ask_for_so_many_looks_a_minute_and_another_still_may(world):
    client = world.client()
    ops, other = ({"Authorization": f"Bearer {world.token('admin', name)}"} for name in ("ops", "other"))

    for _ in range(MOST_A_MINUTE):
        assert client.post("/api/email/sync/run-now", json={}, headers=ops).status_code == 202

    assert client.post("/api/email/sync/run-now", json={}, headers=ops).status_code == 429
    assert client.post("/api/email/sync/run-now", json={}, headers=other).status_code == 202
