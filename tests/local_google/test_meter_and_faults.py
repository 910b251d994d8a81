"""Quota as Gmail counts it, and faults on order."""

import threading

import pytest
import urllib3

ADA = "ada@fund.example"
BEN = "ben@fund.example"
GET, LIST = 20, 5


@pytest.fixture
def ask(google):
    """Ask for the profile or another path; return (status, reason, message)."""

    def ask(path="me/profile", token=None):
        status, told = google.get(path, token=token)
        error = told.get("error", {})
        reason = error.get("errors", [{}])[0].get("reason", "")
        return status, reason, error.get("message", "")

    return ask


def fault(google, effect, **more):
    return google.control("faults", {"effect": effect} | more)


def test_a_minute_has_as_many_units_as_the_switch_says(google, ask):
    google.control("settings", {"units_per_minute": 12})
    assert [ask("me/messages")[0] for _ in range(3)] == [200, 200, 403]

    status, reason, message = ask("me/messages")
    assert (status, reason) == (403, "rateLimitExceeded")
    assert "Total Query Cost" in message
    assert google.see("counters")["refusals"][ADA] == {"quota": 2}

    google.control("clock", {"advanceSeconds": 61})
    assert ask("me/messages")[0] == 200


def test_a_refused_call_is_charged_unless_switched_off(google, ask):
    google.control("settings", {"units_per_minute": 6})
    ask("me/messages")
    ask("me/messages")
    assert ask()[0] == 403  # 5 + 5 refused: the one unit of a profile is not left

    google.control("clock", {"advanceSeconds": 61})
    google.control("settings", {"units_per_minute": 6, "refused_calls_cost": False})
    ask("me/messages")
    ask("me/messages")
    assert ask()[0] == 200


def test_asking_before_the_time_that_was_named_moves_it_out(google, ask):
    google.control("settings", {"units_per_minute": 1, "quota_style": "retry_after", "retry_after_sec": 90})
    ask()
    first = ask()
    google.control("clock", {"advanceSeconds": 60})
    second = ask()

    assert first[:2] == (403, "userRateLimitExceeded")
    assert first[2].startswith("User-rate limit exceeded.  Retry after 20")
    assert second[2] > first[2]
    google.control("clock", {"advanceSeconds": 91})
    assert ask()[0] == 200


@pytest.mark.parametrize(("shared", "status"), [(False, 200), (True, 403)])
def test_a_service_account_may_count_as_one_user(google, ask, shared, status):
    google.control("mailboxes", {"email": BEN})
    google.control("settings", {"units_per_minute": 1, "service_account_is_one_user": shared})

    ask()

    assert ask(token=google.token(BEN))[0] == status


def test_too_many_calls_at_once_draw_a_429(google, ask):
    google.control("settings", {"concurrent_calls": 1})
    fault(google, "timeout", method="getProfile", nth=1, seconds=0.5)
    token = google.token()

    def never():
        with pytest.raises(urllib3.exceptions.HTTPError):
            google.get("me/profile", token)

    slow = threading.Thread(target=never)
    slow.start()
    seen = set()
    while slow.is_alive():
        seen.add(ask("me/labels", token)[:2])
    slow.join()

    assert ask(token=token)[0] == 200
    assert seen <= {(200, ""), (429, "rateLimitExceeded")}


@pytest.mark.parametrize(
    ("effect", "status", "reason"),
    [
        ("mailServiceNotEnabled", 400, "failedPrecondition"),
        ("authError", 401, "authError"),
        ("insufficientPermissions", 403, "insufficientPermissions"),
        ("domainPolicy", 403, "domainPolicy"),
        ("dailyLimitExceeded", 403, "dailyLimitExceeded"),
        ("accessNotConfigured", 403, "accessNotConfigured"),
        ("notFound", 404, "notFound"),
        ("concurrent", 429, "rateLimitExceeded"),
        ("backendError", 500, "backendError"),
        ("unavailable", 503, "backendError"),
    ],
)
def test_any_refusal_can_be_ordered_for_one_call(google, ask, effect, status, reason):
    fault(google, effect, method="getProfile", nth=2)

    assert [ask()[:2] for _ in range(3)] == [(200, ""), (status, reason), (200, "")]


@pytest.mark.parametrize(
    ("turns", "struck"),
    [
        ({"every": 2}, [2, 4]),
        ({"from": 3}, [3, 4, 5]),
        ({"first": 2}, [1, 2]),
        ({"account": BEN}, []),
        ({}, [1, 2, 3, 4, 5]),
    ],
)
def test_which_calls_a_fault_strikes(google, ask, turns, struck):
    fault(google, "backendError", method="getProfile", **turns)

    assert [number for number in range(1, 6) if ask()[0] == 500] == struck
    assert google.see("faults")["faults"][0]["hits"] == len(struck)


def test_faults_by_chance_are_the_same_again_after_a_reset(google, ask):
    def struck():
        google.control("faults/clear")
        fault(google, "backendError", method="getProfile", probability=0.5)
        return [ask()[0] for _ in range(12)]

    first = struck()
    assert len(set(first)) == 2
    assert struck() == first


@pytest.mark.parametrize("effect", ["cutBefore", "cutAfter", "timeout"])
def test_a_line_that_is_cut_is_no_answer(google, effect):
    token = google.token()
    fault(google, effect, nth=1, seconds=0.01)

    with pytest.raises(urllib3.exceptions.HTTPError):
        google.get("me/profile", token=token)

    assert google.get("me/profile", token=token)[0] == 200


@pytest.mark.parametrize(("effect", "watches"), [("cutBefore", 0), ("cutAfter", 1)])
def test_a_call_has_its_effect_or_not_before_its_line_is_cut(google, topic, effect, watches):
    del topic
    fault(google, effect, method="watch", nth=1)
    with pytest.raises(urllib3.exceptions.HTTPError):
        google.send(
            "POST",
            "/gmail/v1/users/me/watch",
            headers={"authorization": f"Bearer {google.token()}"},
            json={"topicName": "projects/crm-test/topics/gmail"},
        )

    assert len(google.see("watches")["watches"]) == watches


@pytest.mark.parametrize(
    "effect", ["truncated", "malformed", "empty", "html", "badGateway", "gatewayTimeout"]
)
def test_an_answer_that_is_no_json_is_whole(google, effect):
    token = google.token()
    fault(google, effect, method="getProfile", nth=1)

    answer = google.send("GET", "/gmail/v1/users/me/profile", headers={"authorization": f"Bearer {token}"})

    with pytest.raises(ValueError, match=r"."):
        answer.json()


def test_a_slow_answer_is_right_in_the_end(google):
    token = google.token()
    fault(google, "slow", method="getProfile", nth=1, seconds=0.1)

    assert google.get("me/profile", token=token)[1]["emailAddress"] == ADA


def test_tokens_and_batches_fail_on_order_too(google):
    token = google.token()
    fault(google, "unavailable", method="token", nth=1)
    fault(google, "badGateway", method="batch", nth=1)

    asked = google.send("POST", "/token", fields={"grant_type": "x"}, encode_multipart=False)
    batch = google.send("POST", "/batch/gmail/v1", headers={"authorization": f"Bearer {token}"}, body=b"")

    assert (asked.status, batch.status) == (503, 502)


def test_a_part_of_a_batch_fails_alone(google, users):
    ids = [google.deliver() for _ in range(3)]
    fault(google, "backendError", method="messages.get", nth=2)

    found = google.batch([users.messages().get(userId="me", id=one, format="minimal") for one in ids])

    assert [getattr(one, "status_code", 200) for _, one in sorted(found.items())] == [200, 500, 200]


def test_a_query_that_is_too_long_is_refused_on_demand(google, ask):
    google.control("settings", {"longest_query": 20})

    assert ask("me/messages?q=from:a@b.example")[0] == 200
    assert ask("me/messages?q=from:a@b.example+from:c@d.example")[:2] == (400, "invalidArgument")


@pytest.mark.parametrize("body", [{}, {"effect": "fire"}, {"effect": "notFound", "nth": "x"}])
def test_an_order_nobody_understands_is_a_sentence(google, body):
    answer = google.send("POST", "/control/faults", json=body)

    assert answer.status == 400
    assert answer.json()["error"]
