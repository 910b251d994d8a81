"""The suite is worth something only if it fails where a server is wrong: each lie breaks its promise."""

import pytest

from shared.errors import MailroomError
from tests.contract import promises
from tests.contract.liar import instead, lying, of_json, of_text
from tests.contract.server import Server

GET = r"/messages/[0-9a-f]+\?"
LIST = r"/messages\?"


def reversed_page(told):
    told["messages"] = told["messages"][::-1]


def last_left_out(told):
    told["messages"] = told["messages"][:-1]


def circling(told):
    told["nextPageToken"] = "again"


def without_sender(told):
    headers = told["payload"]["headers"]
    told["payload"]["headers"] = [one for one in headers if one["name"] != "From"]


def with_subject(told):
    told["payload"]["headers"].append({"name": "Subject", "value": "another"})


def older(told):
    told["history"] = [{"id": "1", "messages": []}]


def first_only(told):
    told["messages"] = told["messages"][1:]


def headless(told):
    for message in told["messages"]:
        message["payload"]["headers"] = []


def other_bytes(told):
    told["data"] = "A" * len(told["data"])


def once_different(what, key):
    """Another value of *key* at every answer."""
    count = iter(range(1, 10_000))

    def change(told):
        for one in told.get(what, [told]):
            one[key] = f"{next(count):016x}"

    return change


NOT_FOUND = b'{"error": {"code": 404, "message": "x", "errors": [{"reason": "notFound"}]}}'
LIES = {
    "exchanges ids in batches": ("a_batch_says", of_text("^/batch", rb"response-item-\d", b"response-item-0")),
    "drops Content-IDs": ("a_batch_says", of_text("^/batch", rb"Content-ID: .*\r\n", b"")),
    "has no batches": ("a_batch_says", instead("^/batch", 200, 404)),
    "answers a batch with other mail": ("a_batch_says", of_text("^/batch", b'"raw": "....', b'"raw": "AAAA')),
    "names nobody": ("a_profile", of_json("/profile", lambda _: {"emailAddress": "x@y.example", "historyId": "1"})),
    "lists a message twice": ("a_listing_ends", of_json(LIST, lambda told: told["messages"].extend(told["messages"]))),
    "goes in circles": ("a_listing_ends", of_json(LIST, circling)),
    "leaves the last of each page out": ("small_pages", of_json(LIST, last_left_out)),
    "names other ids each time": ("ids_stay", of_json(LIST, once_different("messages", "id"))),
    "lists the oldest first": ("the_newest", of_json(LIST, reversed_page)),
    "says another thread each time": ("each_format", of_json(GET, once_different("-", "threadId"))),
    "hides a header": ("metadata_has", of_json(GET + ".*format=metadata", without_sender)),
    "sends bare line feeds": ("raw_is", of_json(GET + ".*format=raw", lambda told: told.update(raw="QTogYgpDOiBk"))),
    "changes subjects": ("full_and_raw", of_json(GET + ".*format=full", with_subject)),
    "finds what is not there": ("an_unknown", instead(GET, 404, 500)),
    "calls everything missing": ("what_is_no_id", instead("no-id-at-all", 400, 404, NOT_FOUND)),
    "repeats history": ("history_from_now", of_json("/history", older)),
    "never forgets": ("history_from_the_beginning", instead("/history", 404, 200, b'{"historyId": "9"}')),
    "knows no labels": ("labels_are", of_json("/labels", lambda _: {"labels": [{"id": "INBOX"}]})),
    "names no alias": ("the_accounts_own", of_json("/sendAs", lambda _: {"sendAs": [{"sendAsEmail": "x@y.example"}]})),
    "takes any token": ("a_token", instead("/profile", 401, 200, b'{"emailAddress": "x@y.example", "historyId": "1"}')),
    "loses a thread's first message": ("a_thread_holds", of_json("/threads/", first_only)),
    "hides the headers of a thread": ("a_thread_brings", of_json("/threads/.*metadata", headless)),
    "mixes attachments up": ("attachments", of_json("/attachments/", other_bytes)),
    "searches nothing": ("a_search", of_text("q=after", rb'"id": "\w+', b'"id": "1')),
}  # fmt: skip


def promise_of(start):
    return next(one for one in promises.PROMISES if one.__name__.startswith(start))


@pytest.mark.parametrize("name", LIES)
def test_a_server_that(name, local):
    start, lie = LIES[name]
    with lying(local.url, lie) as url:
        server = Server(url, local.address, local.token, metered=False)

        with pytest.raises((AssertionError, MailroomError, pytest.fail.Exception)):
            promise_of(start)(server)
        server.close()


def test_no_promise_goes_unproven():
    proven = {promise_of(start).__name__ for start, _ in LIES.values()}

    assert {promise.__name__ for promise in promises.PROMISES} == proven


def test_a_server_behind_a_proxy_that_changes_nothing_keeps_them_all(local):
    with lying(local.url, lambda path, status, body: (status, body)) as url:
        server = Server(url, local.address, local.token, metered=False)

        for promise in promises.PROMISES:
            promise(server)
        server.close()
