"""Whatever body an authentic push has, it is acknowledged or refused in order, never a surprise."""

import base64
import io
import json

import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import KeysUnavailable, NotStorable
from tests.watcher.conftest import GENUINE, SUBSCRIPTION

LIMIT = 64 * 1024


def envelope(said, **outer):
    data = base64.b64encode(said if isinstance(said, bytes) else json.dumps(said).encode()).decode()
    whole = {"message": {"data": data, "messageId": "77"}, "subscription": SUBSCRIPTION} | outer
    return json.dumps(whole).encode()


def push(client, body, **headers):
    return client.post("/push/gmail", data=body, headers=GENUINE | headers)


def rejects(world):
    return world.rows(b"SELECT reason, times FROM mailroom.rejected_notifications ORDER BY reason")


def test_the_greatest_history_id_and_the_number_of_notifications_are_kept_whatever_their_order(world):
    world.enrol()
    client = world.client()

    for history_id in (30, 10, 20):
        push(client, envelope({"emailAddress": "ADA@fund.test", "historyId": str(history_id)}))

    assert world.rows(b"SELECT wake, pushed_history_id::int FROM mailroom.email_deltas") == [(3, 30)]


@pytest.mark.parametrize("length", [LIMIT, LIMIT + 1, 100 * LIMIT])
@pytest.mark.parametrize("declared", [True, False])
def test_a_body_is_counted_as_it_comes_whether_or_not_it_says_its_length(world, length, declared):
    body = b" " * length
    environ = {"wsgi.input": io.BytesIO(body), "wsgi.input_terminated": True}
    if declared:
        environ["CONTENT_LENGTH"] = str(length)
    world.enrol()

    answer = world.client().post("/push/gmail", headers=GENUINE, environ_overrides=environ)

    assert answer.status_code == (204 if length == LIMIT else 413)
    assert len(rejects(world)) == (length == LIMIT)


@pytest.mark.parametrize("packing", ["gzip", "identity", "br, gzip"])
def test_any_content_encoding_is_refused_before_the_sender_is_checked(world, packing):
    assert push(world.client(), b"x", **{"Content-Encoding": packing, "Authorization": ""}).status_code == 415


def test_when_googles_keys_cannot_be_had_the_push_is_asked_for_again(world):
    world.door.refusal = KeysUnavailable("Google's keys cannot be fetched right now")

    answer = push(world.client(), envelope({"emailAddress": "ada@fund.test", "historyId": 1}))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert rejects(world) == []


def test_a_notification_for_a_paused_account_is_noted_and_makes_nothing_due(world):
    account_id = world.enrol()
    world.stop(account_id, "paused")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 day' RETURNING 1")

    answer = push(world.client(), envelope({"emailAddress": "ada@fund.test", "historyId": 1}))

    assert answer.status_code == 204
    assert rejects(world) == []
    assert world.rows(b"SELECT wake, due_at > now() FROM mailroom.email_deltas") == [(1, True)]


def test_values_the_database_refuses_are_recorded_and_acknowledged(world, mocker):
    world.enrol()
    mocker.patch("shared.store.deltas.push", side_effect=NotStorable("the database refused a value"))

    answer = push(world.client(), envelope({"emailAddress": "ada@fund.test", "historyId": 1}))

    assert answer.status_code == 204
    assert rejects(world) == [("not-storable", 1)]


def test_a_reject_is_one_log_line_without_any_address(world):
    with structlog.testing.capture_logs() as lines:
        push(world.client(), envelope({"emailAddress": "canary@fund.test", "historyId": 1}))

    [line] = lines
    assert (line["event"], line["reason"], line["pubsub_id"]) == ("push.rejected", "unknown-account", "77")
    assert "canary" not in str(line)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)
said = st.fixed_dictionaries(
    {},
    optional={
        "emailAddress": anything | st.just("ada@fund.test"),
        "historyId": anything | st.integers(0, 10**22),
    },
)
bodies = st.one_of(
    st.binary(max_size=200),
    anything.map(lambda value: json.dumps(value).encode()),
    st.builds(envelope, st.binary(max_size=100) | said | anything),
    st.builds(
        lambda outer: envelope({"emailAddress": "ada@fund.test", "historyId": 1}, message=outer), anything
    ),
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=bodies)
def test_no_body_is_a_surprise(world, body):
    client = world.client()

    answer = push(client, body)

    assert answer.status_code == 204
