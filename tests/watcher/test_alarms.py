"""An admin is told of watches that end and pushes that stopped, on the front page and by the API."""

from datetime import timedelta

import pytest

from tests.watcher.conftest import NOW


def front_page(world, role):
    client = world.client()
    client.post("/signin", data={"token": world.token(role)})
    return client.get("/threads", base_url="https://localhost").text


@pytest.mark.parametrize(
    ("left", "says"),
    [(timedelta(hours=-1), "its watch ended on 23 November, 11:00 UTC"), (timedelta(hours=40), "is not renewed"), (None, "has no watch yet")],
)  # fmt: skip
def test_the_front_page_tells_an_admin_of_a_watch_that_ends(world, left, says):
    world.enrol(expires=NOW + left if left else None)

    assert says in front_page(world, "admin")
    assert "ada@fund.test" not in front_page(world, "member")


def test_when_many_are_concerned_the_page_shows_a_few_and_counts_the_others(world):
    for number in range(8):
        world.enrol(f"a{number}@fund.test", expires=None)

    told = front_page(world, "admin")

    assert told.count("has no watch yet") == 5
    assert "And 3 more" in told


def test_nothing_is_said_while_all_is_well(world):
    world.enrol(expires=NOW + timedelta(days=6))

    assert "class=alarms" not in front_page(world, "admin").replace('"', "")


def test_the_front_page_tells_an_admin_of_a_mailbox_that_is_not_read(world):
    account_id = world.enrol(expires=NOW + timedelta(days=6))
    world.clock.now += timedelta(minutes=31)

    said = front_page(world, "admin")

    assert "it was never read to its end since it was enrolled on 23 November, 12:00 UTC" in said
    assert f"of account {account_id}" in said
    assert "ada@fund.test" not in front_page(world, "member")


def test_the_api_says_the_same_at_each_account(world):
    account_id = world.enrol(expires=NOW + timedelta(days=6))
    silent = b"UPDATE mailroom.email_deltas SET unpushed_since = %s, unpushed_at = %s, push_broken_at = %s RETURNING account_id"
    assert world.rows(silent, NOW, NOW, NOW) == [(account_id,)]
    headers = {"Authorization": f"Bearer {world.token('admin')}"}

    [account] = world.client().get("/api/email/accounts", headers=headers).json["accounts"]

    [alarm] = account["alarms"]
    assert alarm.startswith("since 23 November, 12:00 UTC mail is found by polling but no notification comes")
    assert account["push_broken_at"] == NOW.isoformat()
