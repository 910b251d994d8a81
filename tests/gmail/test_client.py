"""Ada's Gmail when Google misbehaves: each call on a scripted server."""

import json
from datetime import timedelta

import pytest

from shared.errors import (
    CallerBug,
    HistoryGone,
    MailroomError,
    MessageGone,
    OperatorMustAct,
    Reconnect,
    SlowDown,
    TryLater,
    Unanswered,
)
from shared.gmail.client import GmailFactory
from shared.gmail.failures import StalePage, WatchTaken
from shared.gmail.quota import Budget
from tests.gmail.scripted import (
    ADA,
    BAD_TOKEN,
    GONE,
    IDS,
    Scripted,
    a_message,
    batched,
    refusal,
    reply,
)

TAKEN = refusal(
    400, "invalidArgument", "Only one user push notification client allowed per developer (call …)"
)


def test_a_profile_is_read(gmail, scripted):
    scripted.script = [reply(200, {"emailAddress": ADA, "historyId": "4711"})]

    assert gmail.profile().history_id == 4711
    assert scripted.requests[0].path.startswith("/gmail/v1/users/ada%40fund.example/profile")


def test_an_expired_token_is_replaced_once_and_the_call_repeated(gmail, scripted):
    scripted.script = [reply(401, BAD_TOKEN), reply(200, {"emailAddress": ADA, "historyId": "1"})]

    gmail.profile()

    assert [request.headers["authorization"] for request in scripted.requests] == ["Bearer t1", "Bearer t2"]


def test_a_fresh_token_that_is_refused_too_means_reconnect(gmail, scripted):
    scripted.script = [reply(401, BAD_TOKEN), reply(401, BAD_TOKEN)]

    with pytest.raises(Reconnect):
        gmail.profile()
    assert len(scripted.requests) == 2


@pytest.mark.parametrize(
    ("body", "meaning"),
    [
        (b'{"emailAddress": "ada', Unanswered),
        (b"<html>200 but not Gmail</html>", Unanswered),
        (b"", Unanswered),
        (b'{"emailAddress": 7, "historyId": "1"}', CallerBug),
        (b'{"emailAddress": "a@d.com", "historyId": "x"}', CallerBug),
    ],
)
def test_an_answer_that_makes_no_sense_is_no_answer(gmail, scripted, body, meaning):
    scripted.script = [reply(200, body)]

    with pytest.raises(MailroomError) as refused:
        gmail.profile()

    assert type(refused.value) is meaning


@pytest.mark.parametrize("status", [502, 504])
def test_an_html_page_of_a_gateway_is_tried_again(gmail, scripted, status):
    scripted.script = [reply(status, b"<!DOCTYPE html>", {"Content-Type": "text/html"})]

    with pytest.raises(TryLater):
        gmail.profile()


def test_history_is_read_through_all_pages_even_empty_ones(gmail, scripted):
    scripted.script = [
        reply(200, {"historyId": "90", "nextPageToken": "001"}),
        reply(200, {"historyId": "91", "nextPageToken": "002", "history": [{"id": "80"}]}),
        reply(200, {"historyId": "92"}),
    ]

    pages = list(gmail.history(70))

    assert [page.history_id for page in pages] == [90, 91, 92]
    assert "startHistoryId=70" in scripted.requests[2].path
    assert "pageToken=002" in scripted.requests[2].path


@pytest.mark.parametrize("named", [["a", "a"], ["a", "b", "c", "a"]])
def test_history_that_goes_in_circles_ends_in_an_error(gmail, scripted, named):
    scripted.script = [reply(200, {"historyId": "90", "nextPageToken": token}) for token in named]

    with pytest.raises(CallerBug, match="circles"):
        list(gmail.history(70))
    assert len(scripted.requests) == len(named)


def test_history_without_end_is_not_followed_for_ever(gmail, scripted, monkeypatch):
    monkeypatch.setattr("shared.gmail.client.MOST_PAGES", 3)
    scripted.script = [reply(200, {"historyId": "90", "nextPageToken": f"t{number}"}) for number in range(9)]

    with pytest.raises(CallerBug, match="did not end"):
        list(gmail.history(70))


def test_forgotten_history_is_told_from_a_missing_message(gmail, scripted):
    scripted.script = [reply(404, GONE), reply(404, GONE)]

    with pytest.raises(HistoryGone):
        list(gmail.history(1))
    with pytest.raises(MessageGone):
        gmail.message("18f")


def test_a_page_token_gmail_no_longer_takes_is_told(gmail, scripted):
    scripted.script = [reply(400, refusal(400, "invalidArgument", "Invalid pageToken"))]

    with pytest.raises(StalePage):
        gmail.list_ids(page_token="old")


def test_an_answer_cut_within_its_head_is_tried_again(gmail, scripted):
    scripted.script = [lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")]

    with pytest.raises(TryLater):
        gmail.profile()


def test_a_watch_on_another_topic_is_stopped_once_and_started_again(gmail, scripted):
    scripted.script = [
        reply(400, TAKEN),
        b"HTTP/1.1 204 No Content\r\n\r\n",
        reply(200, {"historyId": "9", "expiration": "1763856000000"}),
    ]

    assert gmail.watch("projects/p/topics/t").history_id == 9
    assert [request.path.partition("?")[0].rpartition("/")[2] for request in scripted.requests] == [
        "watch",
        "stop",
        "watch",
    ]
    assert json.loads(scripted.requests[2].body) == {"topicName": "projects/p/topics/t"}


def test_a_watch_that_stays_taken_is_told(gmail, scripted):
    scripted.script = [reply(400, TAKEN), reply(200, {}), reply(400, TAKEN)]

    with pytest.raises(WatchTaken):
        gmail.watch("projects/p/topics/t")


def test_any_other_refusal_of_a_watch_stops_nothing(gmail, scripted):
    scripted.script = [reply(400, refusal(400, "invalidArgument", "Invalid topicName does not match …"))]

    with pytest.raises(OperatorMustAct):
        gmail.watch("projects/other/topics/t")
    assert len(scripted.requests) == 1


def test_own_addresses_and_labels_are_read(gmail, scripted):
    scripted.script = [
        reply(200, {"sendAs": [{"sendAsEmail": ADA, "isPrimary": True}, {"sendAsEmail": "a@fund.example"}]}),
        reply(200, {"labels": [{"id": "Label_1", "name": "Deals", "type": "user"}, {"id": "INBOX"}]}),
    ]

    assert [(one.send_as_email, one.is_primary) for one in gmail.send_as()] == [
        (ADA, True),
        ("a@fund.example", False),
    ]
    assert [label.id for label in gmail.labels()] == ["Label_1", "INBOX"]


def test_a_listing_whose_page_names_itself_as_the_next_is_not_followed(gmail, scripted):
    scripted.script = [reply(200, {"nextPageToken": "001"}), reply(200, {"nextPageToken": "001"})]

    assert gmail.list_ids().next_page_token == "001"
    with pytest.raises(CallerBug, match="circles"):
        gmail.list_ids(page_token="001")


def test_a_redirect_is_never_followed_and_the_token_goes_nowhere_else(gmail, scripted):
    elsewhere = Scripted()
    scripted.script = [reply(302, b"", {"Location": f"{elsewhere.url}/steal"})]

    with pytest.raises(Unanswered, match="redirect"):
        gmail.profile()
    elsewhere.close()
    assert elsewhere.requests == []


def test_after_a_quota_refusal_nothing_more_is_sent_until_its_time(scripted, quick, tokens):
    factory = GmailFactory(scripted.url, transport=quick, tokens=tokens, budget=Budget(100))
    named = refusal(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2199-01-01T00:00:00Z")
    scripted.script = [reply(429, named)]
    with pytest.raises(SlowDown):
        factory.account(ADA, live=True).profile()

    with pytest.raises(TryLater) as refused:
        factory.account(ADA, live=True).profile()

    assert refused.value.after > timedelta(minutes=59)
    assert len(scripted.requests) == 1


def test_a_refusal_inside_a_batch_pauses_the_account_and_no_other(scripted, quick, tokens):
    factory = GmailFactory(scripted.url, transport=quick, tokens=tokens, budget=Budget(100))
    named = refusal(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2199-01-01T00:00:00Z")
    scripted.script = [
        batched([(0, 200, a_message(IDS[0])), (1, 429, named)]),
        reply(200, {"emailAddress": "b@fund.example", "historyId": "1"}),
    ]
    factory.account(ADA, live=True).metadata(IDS[:2])

    factory.account("b@fund.example", live=True).profile()
    with pytest.raises(TryLater):
        factory.account(ADA, live=True).profile()


def test_every_call_that_is_sent_is_counted_also_when_it_is_refused(scripted, quick, tokens, budget):
    factory = GmailFactory(scripted.url + "/", transport=quick, tokens=tokens, budget=budget)
    ada = factory.account(ADA)
    counted = []
    scripted.script = [
        reply(500),
        batched([(0, 404, GONE), (1, 401, BAD_TOKEN)]),
        batched([(0, 404, GONE)]),
        reply(200, {"emailAddress": ADA, "historyId": "1"}),
    ]

    with factory.counting(counted.append):
        with pytest.raises(TryLater):
            list(ada.history(1))
        ada.metadata(IDS[:2])
    ada.profile()

    assert counted == [2, 40, 20]
    assert budget.spent() == {
        (ADA, "gmail.users.history.list"): 2,
        (ADA, "gmail.users.messages.get"): 60,
        (ADA, "gmail.users.getProfile"): 1,
    }
