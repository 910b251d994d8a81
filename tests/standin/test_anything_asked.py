"""Whatever is asked, and whoever wrote the mail: an answer in Google's words, never a fault of ours."""

import os
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.local.google import query, search, tree
from infra.local.google.mailbox import Stored

OPERATORS = [
    "from:", "to:", "subject:", "after:", "before:", "newer_than:", "older_than:", "in:", "is:", "label:", "has:",
    "rfc822msgid:", "larger:", "size:", "deliveredto:", "-", "OR", "|", "{", "}", "(", ")", '"', " ", "AND", "foo:",
]  # fmt: skip
VALUES = ["a", "ivy@lp.example", "2024/13/99", "0000/00/00", "99999999999999", "7d", "-1", "inbox", "5m", "\u0130", "\ud800"]  # fmt: skip
ODD = st.text(max_size=12) | st.sampled_from(VALUES)
SEARCH = st.lists(st.sampled_from(OPERATORS) | ODD, max_size=12).map("".join)
NAMES = st.sampled_from(
    "startHistoryId maxResults pageToken labelIds historyTypes format metadataHeaders q fields".split()
)
ANSWERING = st.sampled_from(
    "messages threads history labels profile settings/sendAs messages/18a threads/18a".split()
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3)
)
BODY = st.dictionaries(
    st.sampled_from(["topicName", "labelIds", "labelFilterBehavior", "labelFilterAction", "more"]), JSON
)
# One mailbox will do for all examples: none of them changes it.
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)


@given(SEARCH)
def test_any_text_is_a_search(text):
    message = Stored(
        id="1", thread_id="1", labels={"INBOX"}, internal_ms=1, rfc_id="", size=9, packed=b"From: a\n\nb"
    )
    test = search.compiled(query.parse(text), search.Setting(1.7e9, {"Label_1": "Deals"}))

    assert test(message) in {True, False}


@pytest.fixture
def ask(box):
    box.deliver()
    token = box.token()
    return lambda path, **more: box.ask(path, token=token, **more)


@SHARED
@given(
    ANSWERING, st.lists(st.tuples(NAMES, ODD.map(lambda text: text.encode("utf-8", "replace"))), max_size=4)
)
def test_any_parameter_is_answered_or_refused(ask, path, parameters):
    assert ask(f"me/{path}", fields=parameters).status in {200, 400, 404}


@SHARED
@given(st.text(max_size=10), st.sampled_from("messages threads labels messages/18a/attachments".split()))
def test_any_id_is_looked_for_or_refused(ask, text, path):
    assert ask(f"me/{path}/{quote(text, safe='')}").status in {200, 400, 404}


@SHARED
@given(BODY)
def test_any_watch_is_refused_unless_it_names_a_topic_of_the_project(ask, body):
    assert ask("me/watch", verb="POST", json=body).status == 400


@pytest.mark.parametrize(
    "body",
    [b"[", b"[]", b"[" * 100_000, b"\xff", b'"x"', b'{"a":' * 100_000],
    ids=lambda body: repr(body[:5]),
)
def test_a_body_that_is_no_json_object_is_refused(ask, body):
    assert ask("me/watch", verb="POST", body=body).status == 400


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("messages/18a?format=huge", "Invalid value at 'format'"),
        ("messages?pageToken=08354791619698930432", "pageToken"),
        ("history?startHistoryId=abc", "Invalid value at 'start_history_id' (TYPE_UINT64), \"abc\""),
        ("history?startHistoryId=18446744073709551616", "start_history_id"),
        ("history?startHistoryId=1&historyTypes=labelsAdded", "Invalid value at 'history_types'"),
    ],
)
def test_a_bad_value_is_refused_in_googles_words(ask, path, words):
    error = ask(f"me/{path}").json()["error"]

    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]


def test_an_error_is_json_with_the_same_words_twice(ask):
    error = ask("me/messages/ffffffffffffffff").json()["error"]

    assert error["errors"] == [{"message": error["message"], "domain": "global", "reason": "notFound"}]
    assert (error["code"], error["status"]) == (404, "NOT_FOUND")


def test_a_scan_of_heads_takes_no_large_message_apart(box, mocker):
    file = b"--b\nContent-Disposition: attachment; filename=x.bin\n\n" + os.urandom(3_000_000).hex().encode()
    head = b"From: ivy@lp.example\nSubject: large\nContent-Type: multipart/mixed; boundary=b\n\n"
    sent = box.deliver(head + b"--b\n\nThe numbers are attached.\n" + file + b"\n--b--\n")
    parsed = mocker.spy(tree, "parse")

    message = box.gmail.messages().get(userId="me", id=sent["id"], format="metadata").execute()
    listed = box.gmail.messages().list(userId="me", q="from:ivy").execute()

    assert {one["name"]: one["value"] for one in message["payload"]["headers"]}["Subject"] == "large"
    assert (message["snippet"], message["payload"]["mimeType"]) == (
        "The numbers are attached.",
        "multipart/mixed",
    )
    assert message["sizeEstimate"] > 6_000_000
    assert [one["id"] for one in listed["messages"]] == [sent["id"]]
    assert max(len(call.args[0]) for call in parsed.call_args_list) <= 256_000


def test_a_head_longer_than_any_is_read_to_its_end(box):
    long = "".join(f"X-{number}: {'x' * 100}\r\n" for number in range(2_000))
    sent = box.deliver(f"{long}Subject: last\r\n\r\nHello\r\n")

    get = box.gmail.messages().get(userId="me", id=sent["id"], format="metadata", metadataHeaders=["Subject"])

    assert get.execute()["payload"]["headers"] == [{"name": "Subject", "value": "last"}]
