"""Gmail's JSON as it really comes: numbers in strings, whatever is empty left out."""

import base64
import json
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gmail import resources
from shared.gmail.resources import (
    HistoryPage,
    Labels,
    ListPage,
    Message,
    Profile,
    SendAsList,
    Thread,
    Watch,
    decode_base64url,
    moment,
    read,
)
from tests.gmail.scripted import CORPUS

MESSAGES = sorted((CORPUS / "flowcrypt").glob("*.json")) + sorted((CORPUS / "messages").glob("*.json"))


def given_json(kind, **fields):
    return read(json.dumps(fields).encode(), kind)


def test_history_is_read_with_its_labels_and_repeats():
    page = given_json(
        HistoryPage,
        history=[
            {"id": "4711", "messages": [{"id": "18f0b", "threadId": "18f00"}]},
            {
                "id": "4719",
                "messages": [{"id": "18f0b", "threadId": "18f00"}],
                "messagesAdded": [{"message": {"id": "18f0b", "threadId": "18f00", "labelIds": ["INBOX"]}}],
                "labelsRemoved": [{"message": {"id": "18f0c"}, "labelIds": ["UNREAD"]}],
            },
        ],
        nextPageToken="08354791619698930432",
        historyId="18446744073709551615",
    )

    assert page.history_id == 2**64 - 1
    assert page.next_page_token == "08354791619698930432"
    assert page.records[0].messages_added == ()
    assert page.records[1].messages_added[0].message.label_ids == ("INBOX",)
    assert page.records[1].labels_removed[0].message.thread_id == ""


def test_what_is_empty_is_left_out_by_gmail_and_empty_here():
    assert given_json(HistoryPage, historyId="12") == HistoryPage(history_id=12)
    assert given_json(ListPage, resultSizeEstimate=0) == ListPage()
    assert given_json(Message, id="18f").label_ids == ()
    assert given_json(Labels).labels == ()
    assert given_json(SendAsList).send_as == ()
    assert given_json(Thread, id="1").messages == ()


@pytest.mark.parametrize("history_id", ["7", 7])
def test_a_history_id_may_be_a_string_or_a_number(history_id):
    assert given_json(Profile, emailAddress="a@d.com", historyId=history_id).history_id == 7


@pytest.mark.parametrize("history_id", ["", "-1", "1_0", " 1", "\uff11", "0x1", "abc", True, None, [1]])
def test_what_is_no_history_id_is_refused(history_id):
    with pytest.raises(msgspec.ValidationError):
        given_json(Profile, emailAddress="a@d.com", historyId=history_id)


def test_a_watch_ends_at_milliseconds():
    watch = given_json(Watch, historyId="1", expiration="1763856000000")

    assert watch.expiration == datetime(2025, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("ms", [-1, 10**30, 253_402_300_800_000])
def test_an_impossible_time_counts_as_1970(ms):
    assert moment(ms) == datetime(1970, 1, 1, tzinfo=UTC)


def test_a_message_shows_its_headers_and_its_text_as_written():
    message = given_json(
        Message,
        id="18f",
        internalDate="1763856000000",
        sizeEstimate=48123,
        snippet="Tom &amp; Ann&#39;s &lt;deal&gt;",
        payload={
            "mimeType": "text/plain",
            "headers": [{"name": "From", "value": "a@b.example"}, {"name": "Cc"}],
        },
    )

    assert message.headers == [("From", "a@b.example"), ("Cc", "")]
    assert message.snippet == "Tom & Ann's <deal>"
    assert message.size_estimate == 48123


@given(st.binary(max_size=400), st.booleans())
def test_raw_comes_back_with_and_without_padding(raw, padded):
    text = base64.urlsafe_b64encode(raw).decode()

    assert Message(id="1", raw=text if padded else text.rstrip("=")).raw_bytes() == raw


@pytest.mark.parametrize("text", ["a", "ab!c", "ab cd", "äöü"])
def test_what_is_no_base64url_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - each decoder has its own words
        decode_base64url(text)


def test_half_a_surrogate_pair_costs_one_character_and_not_the_message():
    headers = b'{"headers": [{"name": "To", "value": "x"}]}'
    body = rb'{"id": "18f", "snippet": "deal \ud83d closed", "payload": ' + headers + b"}"

    message = read(body, Message)

    assert message.snippet == "deal ? closed"
    assert message.headers == [("To", "x")]


@pytest.mark.parametrize("body", [b"", b'{"id": "1', b"<html>", b"\xff", b"{" * 5000])
def test_what_is_no_json_is_told_from_json_of_another_shape(body):
    with pytest.raises(msgspec.DecodeError) as refused:
        read(body, Message)

    assert not isinstance(refused.value, msgspec.ValidationError)
    with pytest.raises(msgspec.ValidationError):
        read(b'{"id": 7}', Message)


@given(st.binary(max_size=100))
def test_reading_raises_one_kind_of_error_only(body):
    for kind in (Message, HistoryPage, ListPage, Watch):
        with suppress(msgspec.DecodeError):
            read(body, kind)


@pytest.mark.skipif(not MESSAGES, reason="the corpus of recorded answers is not beside this checkout")
@pytest.mark.parametrize("file", MESSAGES, ids=lambda file: file.stem[-16:])
def test_recorded_messages_are_read(file):
    whole = json.loads(file.read_bytes())
    for shown in [whole.get("full", whole), whole.get("raw")]:
        if not shown:
            continue
        message = read(json.dumps(shown).encode(), Message)

        assert message.id == shown["id"]
        assert message.label_ids == tuple(shown.get("labelIds", ()))
        assert message.internal_ms == int(shown.get("internalDate", 0))
        expected = [(one["name"], one["value"]) for one in shown.get("payload", {}).get("headers", [])]
        assert message.headers == expected
        if "raw" in shown:
            assert b"\n" in message.raw_bytes()


def test_every_answer_is_frozen():
    with pytest.raises(AttributeError):
        resources.MessageRef(id="1").id = "2"
