"""How refusals are read: bodies of any kind, the pause they name, what the details add."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import (
    CallerBug,
    HistoryGone,
    MailroomError,
    MessageGone,
    NoMailbox,
    OperatorMustAct,
    Reconnect,
    SlowDown,
    Unanswered,
)
from shared.gmail.failures import LONGEST, AccessTooNarrow, StalePage, failure
from tests.gmail.scripted import recorded, refusal

NOW = datetime(2026, 9, 11, 19, 45, 12, tzinfo=UTC)
U = "gmail.users."
GET, LIST, HISTORY, WATCH = U + "messages.get", U + "messages.list", U + "history.list", U + "watch"
QUOTA = (
    "Quota exceeded for quota metric '{}' and limit '{}' of service 'gmail.googleapis.com' for consumer 'N'."
)
UNITS = QUOTA.format("Total Query Cost", "Units per minute per user")


def told(method, status, body, headers=None):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return failure(method, status, content, headers or {}, now=NOW)


def details(reason):
    return {"details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]}


def test_the_usual_quota_refusal_is_known_under_either_envelope_status():
    for envelope in ("PERMISSION_DENIED", "RESOURCE_EXHAUSTED", ""):
        assert type(told(GET, 403, refusal(403, "rateLimitExceeded", UNITS, envelope))) is SlowDown


@pytest.mark.parametrize("status", [502, 504, 503, 500])
@pytest.mark.parametrize(
    "body", [b"<!DOCTYPE html><title>Error</title>", b"", b'{"error": {"co', b"\xff\xfe", b"[]"]
)
def test_a_server_error_may_come_with_any_body(status, body):
    assert type(told(GET, status, body)) is Unanswered


@pytest.mark.parametrize("body", [b"<html>not here</html>", b"", b'{"error":', b"null"])
@pytest.mark.parametrize("method", [GET, HISTORY, LIST, U + "getProfile"])
def test_a_404_that_is_not_gmails_never_makes_mail_count_as_deleted(method, body):
    error = told(method, 404, body)

    assert type(error) is Unanswered
    assert "CRM_GMAIL_API_URL" in str(error)


@pytest.mark.parametrize(
    ("message", "seconds"),
    [
        ("User-rate limit exceeded.  Retry after 2026-09-11T20:00:00.000Z", 888),
        ("User-rate limit exceeded. Retry after 2026-09-11T20:00:00Z", 888),
        ("User-rate limit exceeded.  Retry after 2026-09-11T22:00:00.123456789+02:00", 888.123456),
        ("User-rate limit exceeded.  Retry after 2026-09-11T19:00:00.000Z", 2),
        ("User-rate limit exceeded.  Retry after 2027-09-11T19:00:00.000Z", 3600),
        ("User-rate limit exceeded.  Retry after 2026-13-41T19:00:00.000Z", 5),
        (UNITS, 48),
        (QUOTA.format("Queries", "Previous quota: Units per minute per user"), 48),
        ("Too many concurrent requests for user", 2),
        ("Rate Limit Exceeded", 5),
        ("Bandwidth limit exceeded", 3600),
    ],
)
@pytest.mark.parametrize("status", [403, 429])
def test_the_pause_is_the_one_gmail_names_or_what_the_limit_lasts(message, seconds, status):
    error = told(GET, status, refusal(status, "rateLimitExceeded", message))

    assert error.after == timedelta(seconds=seconds)
    assert not error.shared


def test_at_the_end_of_a_minute_the_pause_is_still_a_few_seconds():
    body = json.dumps(refusal(403, "rateLimitExceeded", UNITS)).encode()

    assert failure(GET, 403, body, {}, now=NOW.replace(second=59)).after == timedelta(seconds=5)


@pytest.mark.parametrize("name", ["Retry-After", "retry-after"])
@pytest.mark.parametrize(
    ("value", "seconds"), [("7", 7), ("99999999999", 3600), ("soon", 5), ("-1", 5), ("²", 5)]
)
def test_a_retry_after_header_is_honoured_when_it_is_a_number(name, value, seconds):
    assert told(GET, 503, b"", {name: value}).after == timedelta(seconds=seconds)
    assert told(GET, 429, refusal(429, "rateLimitExceeded", "x"), {name: value}).after == timedelta(
        seconds=seconds
    )


def test_what_is_counted_for_the_whole_project_pauses_every_account():
    daily = told(GET, 403, refusal(403, "dailyLimitExceeded", "Daily Limit Exceeded"))
    limit = QUOTA.format("Total", "Units per minute per project")
    minute = told(GET, 403, refusal(403, "rateLimitExceeded", limit))

    assert daily.shared
    assert minute.shared
    assert daily.after > LONGEST


@pytest.mark.parametrize(
    ("status", "reason", "meaning"),
    [
        (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", AccessTooNarrow),
        (403, "SERVICE_DISABLED", OperatorMustAct),
        (403, "RATE_LIMIT_EXCEEDED", SlowDown),
        (401, "CREDENTIALS_MISSING", CallerBug),
    ],
)
def test_the_details_decide_when_the_reason_says_little(status, reason, meaning):
    with_errors = told(GET, status, refusal(status, "forbidden", "M", **details(reason)))
    without = told(GET, status, {"error": {"code": status, "message": "M"} | details(reason)})

    assert type(with_errors) is meaning
    assert type(without) is meaning
    assert "Gmail forbids" not in str(with_errors)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_told_as_a_wrong_address(status):
    assert "redirect" in str(told(GET, status, b""))


def test_unforeseen_messages_are_shown_short_printable_and_without_addresses():
    error = told(GET, 400, refusal(400, "x", "bad <lee@investor.example>\x1b[2J\n" + "x" * 900))

    assert "lee@" not in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 250


EXPECTED = {
    "400-failed-precondition.json": OperatorMustAct,
    "400-mail-service-not-enabled.json": NoMailbox,
    "400-mail-service-not-enabled.old-shape.json": NoMailbox,
    "403-quota-per-minute.json": SlowDown,
    "403-user-rate-limit.old-shape.json": SlowDown,
    "429-rate-limit.json": SlowDown,
    "429-user-rate-limit-retry-after.json": SlowDown,
    "backlot-400-invalid-id.json": CallerBug,
    "backlot-400-max-results.json": CallerBug,
    "backlot-400-page-token.json": StalePage,
    "backlot-401-bad-token.json": Reconnect,
    "backlot-401-no-credentials.json": CallerBug,
    "backlot-403-delegation-denied.json": OperatorMustAct,
    "backlot-404-message.json": MessageGone,
    "history-400-start-history-id.json": CallerBug,
    "history-404-expired.json": HistoryGone,
    "watch-403-topic-not-authorized.json": OperatorMustAct,
    "watch-500-backend-error.json": Unanswered,
}


@pytest.mark.parametrize("name", EXPECTED)
def test_refusals_seen_in_the_wild_are_understood(name):
    body = recorded(f"errors/{name}")
    method = HISTORY if name.startswith("history") else GET

    error = failure(method, json.loads(body)["error"]["code"], body, {}, now=NOW)

    assert type(error) is EXPECTED[name]


@given(
    st.sampled_from([GET, HISTORY, WATCH, "gmail.batch"]),
    st.integers(100, 599),
    st.binary(max_size=80) | st.text().map(lambda text: json.dumps(refusal(403, text, text)).encode()),
)
def test_no_answer_is_beyond_understanding(method, status, body):
    error = failure(method, status, body, {}, now=NOW)

    assert isinstance(error, MailroomError)
    assert not isinstance(error, HistoryGone | MessageGone) or status == 404
