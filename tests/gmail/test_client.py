"""Ada's Gmail when Google misbehaves: each call on a scripted server."""

import base64
import json
import re
from datetime import timedelta

import pytest

from shared.errors import (
    CallerBug,
    HistoryGone,
    MailroomError,
    MessageGone,
    NoMailbox,
    OperatorMustAct,
    Reconnect,
    TryLater,
)
from shared.gmail.client import GmailFactory
from shared.gmail.failures import SlowDown, StalePage, WatchTaken
from shared.gmail.quota import Budget
from tests.gmail.scripted import ADA, batched, refusal, reply

QUOTA = refusal(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Total Query Cost' and limit 'x'")
BAD_TOKEN = refusal(401, "authError", "Invalid Credentials")
GONE = refusal(404, "notFound", "Requested entity was not found.")
TAKEN = refusal(
    400, "invalidArgument", "Only one user push notification client allowed per developer (call …)"
)
IDS = [f"18f{number:02}" for number in range(60)]


def a_message(id_, **more):
    return {"id": id_, "threadId": id_, "labelIds": ["INBOX"]} | more


def whole(id_, text=b"Subject: x\r\n\r\nhello"):
    return a_message(id_, raw=base64.urlsafe_b64encode(text).decode().rstrip("="))


def asked_ids(request):
    """The message ids of a batch, in its order."""
    return re.findall(rb"/messages/(\w+)\?", request.body)


def answers_all(server, *, most=99):
    """Let the server answer every batch or single get with the messages asked for."""

    def answer(connection):
        request = server.requests[-1]
        if request.path.startswith("/batch"):
            ids = [id_.decode() for id_ in asked_ids(request)]
            connection.sendall(batched([(n, 200, whole(id_)) for n, id_ in reversed(list(enumerate(ids)))]))
        else:
            connection.sendall(reply(200, whole(re.search(r"/messages/(\w+)\?", request.path)[1])))
        return True

    server.script = [answer] * most


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
        (b'{"emailAddress": "ada', TryLater),
        (b"<html>200 but not Gmail</html>", TryLater),
        (b"", TryLater),
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


def test_many_messages_travel_in_batches_of_25_and_come_back_by_id(gmail, scripted):
    answers_all(scripted)

    found = gmail.metadata(IDS)

    assert list(found) == IDS
    assert all(found[id_].id == id_ for id_ in IDS)
    assert [len(asked_ids(request)) for request in scripted.requests] == [25, 25, 10]
    assert all(request.headers["accept-encoding"] == "gzip" for request in scripted.requests)


def test_whole_messages_travel_in_smaller_batches_and_unpacked(gmail, scripted):
    answers_all(scripted)

    found = gmail.raw(IDS[:21])

    assert {message.raw_bytes() for message in found.values()} == {b"Subject: x\r\n\r\nhello"}
    assert [request.path.partition("?")[0][-5:] for request in scripted.requests] == ["gmail/v1"[-5:]] * 2 + [
        "18f20"
    ]
    assert {request.headers["accept-encoding"] for request in scripted.requests} == {"identity"}


def test_one_message_is_asked_for_without_a_batch(gmail, scripted):
    answers_all(scripted)

    gmail.raw(["18f"])

    assert scripted.requests[0].method == "GET"


def test_an_id_named_twice_is_asked_for_once_and_none_costs_nothing(gmail, scripted):
    answers_all(scripted)

    assert list(gmail.raw(["18f", "18f"])) == ["18f"]
    assert gmail.raw([]) == {}
    assert len(scripted.requests) == 1


def test_what_fails_inside_a_batch_stands_in_its_place(gmail, scripted):
    scripted.script = [
        batched(
            [
                (5, 500, refusal(500, "backendError", "Backend Error")),
                (0, 200, a_message(IDS[0])),
                (1, 404, GONE),
                (2, 429, refusal(429, "rateLimitExceeded", "Too many concurrent requests for user")),
                (3, 200, b'{"id": "18f'),
                (6, 404, b"<html>"),
                (7, 200, a_message("another")),
                (8, 200, {"id": 3}),
            ]
        )
    ]

    found = gmail.metadata(IDS[:9])

    kinds = " ".join(type(found[id_]).__name__ for id_ in IDS[:9])
    assert kinds == "Message MessageGone SlowDown TryLater TryLater TryLater TryLater TryLater CallerBug"


def test_a_token_that_ends_inside_a_batch_costs_only_those_parts_a_repeat(gmail, scripted):
    scripted.script = [
        batched([(0, 200, a_message(IDS[0])), (1, 401, BAD_TOKEN), (2, 401, BAD_TOKEN)]),
        batched([(0, 200, a_message(IDS[1])), (1, 401, BAD_TOKEN)]),
    ]

    found = gmail.metadata(IDS[:3])

    assert found[IDS[1]].id == IDS[1]
    assert isinstance(found[IDS[2]], Reconnect)
    assert asked_ids(scripted.requests[1]) == [IDS[1].encode(), IDS[2].encode()]
    assert scripted.requests[1].headers["authorization"] == "Bearer t2"


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (reply(403, QUOTA), SlowDown),
        (reply(403, refusal(403, "accessNotConfigured", "off")), OperatorMustAct),
        (reply(502, b"<html>"), TryLater),
        (reply(400, refusal(400, "failedPrecondition", "Mail service not enabled")), NoMailbox),
    ],
)
def test_a_batch_refused_as_a_whole_is_raised(gmail, scripted, answer, meaning):
    scripted.script = [answer]

    with pytest.raises(MailroomError) as refused:
        gmail.metadata(IDS[:3])

    assert type(refused.value) is meaning


def test_an_answer_cut_within_its_head_is_tried_again(gmail, scripted):
    scripted.script = [lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Le")]

    with pytest.raises(TryLater):
        gmail.profile()


def test_what_was_read_before_a_refusal_is_handed_over(gmail, scripted):
    answers_all(scripted, most=1)
    scripted.script.append(reply(503, b""))

    found = gmail.metadata(IDS)

    assert [isinstance(found[id_], TryLater) for id_ in IDS] == [False] * 25 + [True] * 35
    assert len(scripted.requests) == 2


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_batches_is_asked_one_by_one(gmail, scripted, status):
    singles = [reply(200, a_message(id_)) for id_ in IDS[:3]]
    scripted.script = [reply(status, b"<html>no batches here</html>"), *singles]

    found = gmail.metadata(IDS[:3])

    assert [found[id_].id for id_ in IDS[:3]] == IDS[:3]


def test_a_repeat_that_fails_takes_no_answer_from_the_other_parts(gmail, scripted):
    scripted.script = [batched([(0, 200, a_message(IDS[0])), (1, 401, BAD_TOKEN)]), reply(503)]

    found = gmail.metadata(IDS[:2])

    assert found[IDS[0]].id == IDS[0]
    assert isinstance(found[IDS[1]], TryLater)


@pytest.mark.parametrize("body", [b"", b"no parts", b"--batch_x\r\n\r\n\r\n--batch_x--"])
def test_a_batch_without_parts_leaves_every_message_for_later(gmail, scripted, body):
    scripted.script = [reply(200, body, {"Content-Type": "multipart/mixed; boundary=batch_x"})]

    assert all(isinstance(one, TryLater) for one in gmail.metadata(IDS[:3]).values())


def test_a_batch_too_large_to_hold_is_asked_for_in_halves(gmail, scripted):
    sizes = dict.fromkeys(IDS[:4], 10_000) | {IDS[3]: 60_000}

    def answer(connection):
        request = scripted.requests[-1]
        ids = [id_.decode() for id_ in asked_ids(request)]
        if ids:
            parts = [(n, 200, whole(id_, b"x" * sizes[id_])) for n, id_ in enumerate(ids)]
            connection.sendall(batched(parts))
        else:
            id_ = re.search(r"/messages/(\w+)\?", request.path)[1]
            connection.sendall(reply(200, whole(id_, b"x" * sizes[id_])))
        return True

    scripted.script = [answer] * 9

    found = gmail.raw(IDS[:4])

    assert [len(found[id_].raw_bytes()) for id_ in IDS[:4]] == [10_000, 10_000, 10_000, 60_000]


def test_a_message_too_large_to_hold_costs_only_itself(gmail, scripted):
    scripted.script = [reply(200, whole("18f", b"x" * 200_000))]

    assert isinstance(gmail.raw(["18f"])["18f"], CallerBug)


@pytest.mark.parametrize("raw", ["", None, "no base64!", "a"])
def test_a_whole_message_without_its_bytes_is_never_taken_for_an_empty_one(gmail, scripted, raw):
    message = a_message("18f") if raw is None else a_message("18f", raw=raw)
    scripted.script = [reply(200, message)]

    assert isinstance(gmail.raw(["18f"])["18f"], CallerBug)


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
