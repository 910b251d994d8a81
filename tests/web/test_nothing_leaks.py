"""What no answer, no log line and no row may hold; and that a 204 is never said too early."""

import base64
import io
import json

import pytest
import structlog

from shared import log
from tests.web.conftest import SUBSCRIPTION, build
from watcher.web.app import POLICY

GENUINE = {"Authorization": "Bearer genuine", "Content-Type": "application/json"}
CANARY = "canary7f3a"


def envelope(address="ada@fund.test", history_id=100):
    data = base64.b64encode(json.dumps({"emailAddress": address, "historyId": history_id}).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": SUBSCRIPTION})


FAILS_AT_COMMIT = b"""
CREATE FUNCTION mailroom.fails() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE deadlock_detected; END';
CREATE CONSTRAINT TRIGGER late AFTER INSERT OR UPDATE ON mailroom.{} DEFERRABLE INITIALLY DEFERRED
   FOR EACH ROW EXECUTE FUNCTION mailroom.fails();
SELECT 1"""


@pytest.mark.parametrize(
    ("table", "body"),
    [(b"email_deltas", envelope()), (b"rejected_notifications", b"garbage"), (b"rejected_notifications", envelope("x@y.test"))],
    ids=["notification", "garbage", "unknown account"],
)  # fmt: skip
def test_nothing_is_acknowledged_when_the_commit_itself_fails(web, table, body):
    web.enrol()
    with web.db.transaction() as conn:
        conn.execute(FAILS_AT_COMMIT.replace(b"{}", table))

    answer = web.client.post("/push/gmail", data=body, headers=GENUINE)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert web.rows(b"SELECT wake FROM mailroom.email_deltas") == [(0,)]


def everything_stored(web):
    tables = web.rows(b"SELECT tablename FROM pg_tables WHERE schemaname = 'mailroom'")
    rows = [web.rows(f"SELECT t::text FROM mailroom.{name} t".encode()) for (name,) in tables]
    return str(rows)


def hostile_requests(web, mocker):
    """Send the canary wherever a request can carry it."""
    client, bearer = web.client, {"Authorization": f"Bearer mr_{CANARY}"}
    yield client.post("/push/gmail", data=envelope(), headers=bearer)
    for body in (CANARY, f'{{"message": {{"data": "{CANARY}"}}}}', envelope(f"{CANARY}@fund.test")):
        yield client.post("/push/gmail", data=body, headers=GENUINE)
    yield client.post("/push/gmail", data=envelope(), headers=GENUINE | {"Content-Encoding": CANARY})
    yield client.get("/api/email/status", headers=bearer)
    yield client.get(f"/{CANARY}?token={CANARY}")
    yield client.post("/signin", data={"token": f"mr_{CANARY}"})
    yield client.get("/threads", headers={"Cookie": f"mailroom=mr_{CANARY}"})
    for path in ("/api/email/accounts/enroll", "/api/email/sync/run-now"):
        yield client.post(path, json={"email": f"{CANARY}@evil.example"}, headers=web.admin)
        yield client.post(path, data=f'{{"{CANARY}', headers=web.admin | {"Content-Type": "application/json"})
    mocker.patch("shared.store.serve.mailboxes", side_effect=RuntimeError(CANARY))
    yield client.get("/api/email/accounts", headers=web.admin)


def test_no_log_line_answer_or_row_repeats_what_a_stranger_sent(web, mocker, caplog):
    written = io.StringIO()
    mocker.patch("sys.stderr", written)
    log.setup(debug=True)
    caplog.set_level("DEBUG")
    try:
        answers = list(hostile_requests(web, mocker))
    finally:
        structlog.reset_defaults()

    assert [answer.status_code for answer in answers] == [
        401,
        204,
        204,
        204,
        415,
        401,
        404,
        401,
        303,
        422,
        400,
        422,
        400,
        500,
    ]
    assert "push.rejected" in written.getvalue()
    assert "web.surprise" in written.getvalue()
    assert CANARY not in written.getvalue() + caplog.text
    assert CANARY not in everything_stored(web)
    assert all(CANARY.encode() not in answer.data for answer in answers)


def test_no_method_on_any_route_is_a_surprise(web):
    routes = web.client.application.url_map
    paths = {rule.rule.replace("<path:filename>", "../../etc/passwd") for rule in routes.iter_rules()}
    allowed = {path: set(routes.bind("mailroom").allowed_methods(path)) for path in paths}

    for path, methods in allowed.items():
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"):
            answer = web.client.open(path, method=method)

            assert answer.status_code < 500, (method, path)
            assert answer.headers["Content-Security-Policy"] == POLICY
            if method not in methods:
                assert answer.status_code in {404, 405}
                assert answer.mimetype == "application/problem+json"


def test_a_header_cannot_turn_one_method_into_another(web):
    headers = web.admin | {"X-HTTP-Method-Override": "POST", "X-Method-Override": "POST"}

    assert web.client.get("/api/email/sync/run-now", headers=headers).status_code == 405


def test_a_browsers_cookie_opens_no_part_of_the_api(web):
    token = web.admin["Authorization"].removeprefix("Bearer ")
    web.client.set_cookie("mailroom", token)

    assert web.client.get("/api/email/status").status_code == 401
    assert web.client.post("/api/email/sync/run-now", json={}).status_code == 401


def test_every_role_reads_the_pages(web):
    for bearer in (web.admin, web.member):
        web.client.set_cookie("mailroom", bearer["Authorization"].removeprefix("Bearer "))

        assert web.client.get("/threads").status_code == 200


@pytest.mark.parametrize(
    "authorization", ["Bearer", "Bearer ", "Bearer \xff\xfe", "bearer mr_", "Bearer mr_" + "x" * 9_000]
)
def test_an_odd_authorization_header_is_an_unknown_caller(web, authorization):
    answer = web.client.get("/api/email/status", headers={"Authorization": authorization})

    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_switched_off_notifications_are_still_taken_in(web, db):
    web.enrol()
    app, _ = build(db, CRM_GMAIL_INTEGRATION_ENABLED="false")

    assert app.test_client().post("/push/gmail", data=envelope(), headers=GENUINE).status_code == 204
    assert web.rows(b"SELECT wake FROM mailroom.email_deltas") == [(1,)]
