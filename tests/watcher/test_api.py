"""The admin API beyond who may call it: states of accounts, figures, odd input, errors."""

from datetime import timedelta

import pytest

from shared.errors import NoMailbox
from shared.store import accounts
from shared.store.database import Database
from tests.watcher.conftest import NOW, World
from watcher.web.app import create_app
from watcher.web.deps import Deps


@pytest.fixture
def admin(world):
    return {"Authorization": f"Bearer {world.token('admin')}"}


def test_status_tells_what_is_behind_failing_and_ending(world, admin):
    ada = world.enrol(expires=NOW + timedelta(days=3))
    world.enrol("ben@fund.test", expires=NOW - timedelta(days=1))
    gone = world.enrol("cleo@fund.test", expires=NOW + timedelta(hours=1))
    with world.db.transaction() as conn:
        accounts.watch_failed(conn, ada, error="grant it", due_at=NOW)
        accounts.set_status(conn, gone, "no_mailbox", "suspended")
        conn.execute(
            b"UPDATE mailroom.email_accounts SET last_success_at = %s WHERE id = %s",
            [NOW - timedelta(minutes=31), ada],
        )
        conn.execute(
            b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 h' WHERE account_id <> %s", [ada]
        )
        conn.execute(
            b"UPDATE mailroom.email_deltas SET due_at = now() - interval '90 s' WHERE account_id = %s", [ada]
        )
        conn.execute(
            b"UPDATE mailroom.email_deltas SET unpushed_since = now(), unpushed_at = now(), push_broken_at = now() "
            b"WHERE account_id = %s",
            [ada],
        )
    client = world.client()
    client.post("/push/gmail", data=b"junk", headers={"Authorization": "Bearer genuine"})

    status = client.get("/api/email/status", headers=admin).json

    assert 90 <= status["deltas"].pop("oldest_due_seconds") < 100
    assert status == {
        "enabled": True,
        "accounts": {"active": 2, "no_mailbox": 1},
        "messages": {"waiting": 0, "dead": 0},
        "deltas": {"due": 1, "stalled": 1},
        "watches": {
            "live": 1,
            "ending": 0,
            "ended": 1,
            "push_broken": 1,
            "failing": 1,
            "soonest_expiry": (NOW - timedelta(days=1)).isoformat(),
        },
        "rejected_notifications": {"body_not_json": 1},
    }


def test_run_now_without_an_address_wakes_every_active_account_once(world, admin):
    world.enrol()
    paused = world.enrol("ben@fund.test")
    with world.db.transaction() as conn:
        accounts.set_status(conn, paused, "paused", "on leave")

    answer = world.client().post("/api/email/sync/run-now", json={}, headers=admin)

    assert answer.json == {"due": 1}
    assert world.audit() == [("admin", "sync.run-now", "all")]


def test_run_now_for_a_stopped_account_says_how_it_stands_and_how_to_start_it(world, admin):
    account_id = world.enrol()
    with world.db.transaction() as conn:
        accounts.set_status(conn, account_id, "reconnect", "the grant is dead")

    answer = world.client().post("/api/email/sync/run-now", json={"email": "ada@fund.test"}, headers=admin)

    assert answer.status_code == 422
    assert all(word in answer.json["detail"] for word in ("reconnect", "the grant is dead", "enroll"))


@pytest.mark.parametrize(
    "email", ["a\x00b@fund.test", "\ud800@fund.test", "x\ny@fund.test", 7, None, ["a"], {"a": 1}]
)
@pytest.mark.parametrize("path", ["/api/email/sync/run-now", "/api/email/accounts/enroll"])
def test_text_that_fits_no_column_is_refused_by_the_name_of_its_field(world, admin, path, email):
    answer = world.client().post(path, json={"email": email}, headers=admin)

    assert answer.status_code == 422
    assert "email" in answer.json["detail"]


def test_a_long_unknown_field_is_not_repeated_whole(world, admin):
    answer = world.client().post("/api/email/sync/run-now", json={"x" * 10_000: 1}, headers=admin)

    assert answer.status_code == 422
    assert len(answer.data) < 500


def test_an_address_without_a_mailbox_is_the_callers_mistake(world, admin):
    world.gmail.refusals = {"ada@fund.test": NoMailbox("this user has no Gmail")}

    answer = world.client().post("/api/email/accounts/enroll", json={"email": "ada@fund.test"}, headers=admin)

    assert (answer.status_code, answer.json["detail"]) == (422, "this user has no Gmail")


def test_a_process_without_gmail_says_where_to_enrol(world, admin):
    app = create_app(Deps(world.db, world.settings, None, None))

    answer = app.test_client().post(
        "/api/email/accounts/enroll", json={"email": "ada@fund.test"}, headers=admin
    )

    assert answer.status_code == 422


def test_the_method_that_is_allowed_is_named(world):
    answer = world.client().get("/push/gmail")

    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]


def test_a_process_that_serves_one_part_knows_no_route_of_another(world):
    app = create_app(Deps(world.db, world.settings, world.door, None, serve=("push",)))

    rules = {rule.rule for rule in app.url_map.iter_rules()}

    assert rules == {"/healthz", "/readyz", "/push/gmail"}


@pytest.mark.parametrize("path", ["/api/email/status", "/threads", "/readyz"])
def test_without_a_database_everything_says_try_later(path):
    client = World(Database("postgresql://127.0.0.1:9/nowhere")).client()
    client.set_cookie("mailroom", "mr_some-token")

    answer = client.get(path, headers={"Authorization": "Bearer mr_some-token"})

    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"


def test_alive_is_alive_without_a_database():
    client = World(Database("postgresql://127.0.0.1:9/nowhere")).client()

    assert client.get("/healthz").data == b"ok\n"
