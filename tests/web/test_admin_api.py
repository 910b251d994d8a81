"""The admin API: enrolling, looking now, seeing how things stand."""

from datetime import timedelta

import pytest

from shared.errors import OperatorMustAct, TryLater


def enroll(web, body, **headers):
    return web.client.post("/api/email/accounts/enroll", json=body, headers=web.admin | headers)


def test_enrolling_takes_the_history_id_from_before_the_watch_as_the_cursor(web):
    answer = enroll(web, {"email": " Ada@Fund.test "})

    assert answer.status_code == 201
    assert web.rows(b"SELECT address, cursor::int FROM mailroom.email_accounts") == [("ada@fund.test", 4711)]
    assert web.rows(b"SELECT kind, state FROM mailroom.email_searches") == [("backfill", "listing")]
    assert web.rows(b"SELECT action, subject FROM mailroom.audit_log") == [("account.enrol", "ada@fund.test")]


def test_enrolling_twice_is_one_account_and_one_watch(web):
    enroll(web, {"email": "ada@fund.test"})

    answer = enroll(web, {"email": "ADA@fund.test"})

    assert answer.status_code == 201
    assert web.gmail.asked == ["ada@fund.test"]


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@fund.test",
        "ada@evil.example",
        "ada@sub.fund.test",
        "ada@fund.test.evil.example",
        "a b@fund.test",
        "ada@fund.test\r\nX: y",
    ],
)
def test_a_foreign_or_malformed_address_is_refused_with_the_reason_and_gmail_is_not_asked(web, email):
    answer = enroll(web, {"email": email})

    assert answer.status_code == 422
    assert answer.json["detail"]
    assert web.gmail.asked == []
    assert web.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]


@pytest.mark.parametrize(
    ("refusal", "status"),
    [(OperatorMustAct("grant the role"), 502), (TryLater("busy", after=timedelta(seconds=7)), 503)],
)
def test_when_gmail_refuses_nothing_is_stored_and_the_reason_is_told(web, refusal, status):
    web.gmail.refusal = refusal

    answer = enroll(web, {"email": "ada@fund.test"})

    assert answer.status_code == status
    assert web.rows(b"SELECT count(*) FROM mailroom.email_accounts") == [(0,)]


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"{}", "text/plain", 415),
        (b"not json", "application/json", 400),
        (b"[]", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b'{"email": 3}', "application/json", 422),
        (b'{"email": "a@fund.test", "admin": "yes"}', "application/json", 422),
        (b"{}", "application/json", 422),
    ],
)
def test_a_body_of_the_wrong_kind_is_named(web, data, content_type, status):
    answer = web.client.post(
        "/api/email/accounts/enroll", data=data, headers=web.admin | {"Content-Type": content_type}
    )

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_run_now_makes_accounts_due(web):
    web.enrol()
    web.rows(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 hour' RETURNING 1")

    answer = web.client.post("/api/email/sync/run-now", json={"email": "ada@fund.test"}, headers=web.admin)

    assert (answer.status_code, answer.json) == (202, {"due": 1})
    assert web.rows(b"SELECT due_at <= now() FROM mailroom.email_deltas") == [(True,)]


def test_run_now_for_an_unknown_account_says_where_to_look(web):
    answer = web.client.post("/api/email/sync/run-now", json={"email": "no@fund.test"}, headers=web.admin)

    assert answer.status_code == 422


def test_status_and_accounts_show_how_things_stand(web):
    web.enrol()

    status = web.client.get("/api/email/status", headers=web.admin).json
    [account] = web.client.get("/api/email/accounts", headers=web.admin).json["accounts"]

    assert status["accounts"] == {"active": 1}
    assert (account["email"], account["status"], account["waiting"]) == ("ada@fund.test", "active", 0)
