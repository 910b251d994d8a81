"""POST /push/gmail: what is taken in, what is refused, and that nothing is acknowledged before it is durable."""

import base64
import json

import pytest

from shared.store.database import Database
from tests.web.conftest import SUBSCRIPTION, build

GENUINE = {"Authorization": "Bearer genuine", "Content-Type": "application/json"}


def envelope(address="ada@fund.test", history_id=100, **message):
    data = base64.b64encode(json.dumps({"emailAddress": address, "historyId": history_id}).encode()).decode()
    return json.dumps({"message": {"data": data, "messageId": "1"} | message, "subscription": SUBSCRIPTION})


def delta(web):
    return web.rows(b"SELECT pushed_history_id::int, wake FROM mailroom.email_deltas")


def test_an_authentic_notification_makes_its_account_due_and_is_acknowledged(web):
    web.enrol()

    answer = web.client.post("/push/gmail", data=envelope(), headers=GENUINE)

    assert (answer.status_code, answer.data) == (204, b"")
    assert delta(web) == [(100, 1)]


def test_five_hundred_repeats_leave_one_delta(web):
    web.enrol()

    for number in range(500):
        web.client.post("/push/gmail", data=envelope(history_id=number % 7 + 1), headers=GENUINE)

    assert delta(web) == [(7, 500)]


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"Authorization": "Bearer forged"}])
def test_who_does_not_prove_to_be_pubsub_gets_401_and_nothing_is_stored(web, headers):
    web.enrol()

    answer = web.client.post("/push/gmail", data=envelope(), headers=headers)

    assert answer.status_code == 401
    assert answer.mimetype == "application/problem+json"
    assert delta(web) == [(None, 0)]
    assert web.rows(b"SELECT count(*) FROM mailroom.rejected_notifications") == [(0,)]


GARBAGE = [
    b"", b"\xff\xfe", b"null", b"[]", b"{}", b'{"message": 3}', b"[" * 30_000, b'{"message":{"data":"!!!"}}',
    json.dumps({"message": {"data": base64.b64encode(b"not json").decode()}, "subscription": SUBSCRIPTION}).encode(),
    envelope(history_id=True).encode(), envelope(history_id="\uff11\uff12").encode(), envelope(address=7).encode(),
    envelope().replace("subscriptions/s", "subscriptions/other").encode(),
]  # fmt: skip


@pytest.mark.parametrize("body", GARBAGE, ids=range(len(GARBAGE)))
def test_authentic_garbage_is_recorded_counted_and_acknowledged(web, body):
    web.enrol()

    answers = [web.client.post("/push/gmail", data=body, headers=GENUINE) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert web.rows(b"SELECT times, body_size FROM mailroom.rejected_notifications") == [(2, len(body))]
    assert delta(web) == [(None, 0)]


def test_an_unknown_address_is_acknowledged_and_counted_and_not_written_down(web):
    answer = web.client.post("/push/gmail", data=envelope("stranger@fund.test"), headers=GENUINE)

    assert answer.status_code == 204
    [row] = web.rows(b"SELECT rejected_notifications::text FROM mailroom.rejected_notifications")
    assert "unknown-account" in row[0]
    assert "stranger" not in row[0]


def test_a_watch_left_behind_stays_one_row_however_much_mail_comes(web):
    for history_id in range(1, 6):
        body = envelope("stranger@fund.test", history_id, messageId=str(history_id))
        assert web.client.post("/push/gmail", data=body, headers=GENUINE).status_code == 204

    assert web.rows(b"SELECT reason, times FROM mailroom.rejected_notifications") == [("unknown-account", 5)]


@pytest.mark.parametrize("length", [64 * 1024 + 1, 900_000])
def test_a_body_above_64_kib_is_refused(web, length):
    answer = web.client.post("/push/gmail", data=b"x" * length, headers=GENUINE)

    assert answer.status_code == 413


def test_a_packed_body_is_refused(web):
    answer = web.client.post("/push/gmail", data=envelope(), headers=GENUINE | {"Content-Encoding": "gzip"})

    assert answer.status_code == 415


def test_without_a_database_nothing_is_acknowledged():
    gone = Database("postgresql://127.0.0.1:9/nowhere?connect_timeout=1")
    app, _ = build(gone)

    answer = app.test_client().post("/push/gmail", data=envelope(), headers=GENUINE)

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
