"""Every shape a push body was seen in, and every shape it must not crash on."""

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Unusable
from watcher.notification import Notification, Reason, decode, from_message

ROOT = Path(__file__).parents[2]
CORPUS = next(
    (
        folder
        for folder in (
            ROOT / "tests/corpus/pubsub-push",
            ROOT.parent / "corpus/pubsub-push",
            ROOT.parent / "shared/corpus/pubsub-push",
        )
        if folder.is_dir()
    ),
    None,
)
OURS = "projects/P/subscriptions/S"

# Who and which history id each recorded body names; a text is the reason it is of no use.
RECORDED = {
    "doc-gmailpush-historyId-string": ("user1@gmail.com", 9876543210),
    "doc-minimal-envelope": ("ops@acme.example", 123456),
    "emu-redelivery-1": ("testuser@example.com", 9876543210),
    "emu-redelivery-2": ("testuser@example.com", 9876543210),
    "emu-redelivery-3": ("testuser@example.com", 9876543210),
    "emu-same-historyId-new-messageId-1": ("testuser@example.com", 9876543213),
    "emu-same-historyId-new-messageId-2": ("testuser@example.com", 9876543213),
    "emu-same-historyId-new-messageId-3": ("testuser@example.com", 9876543213),
    "emu-unwrapped": "not_an_envelope",
    "emu-wrapped-data-not-json": "data_not_json",
    "emu-wrapped-empty-data": "data_not_json",
    "emu-wrapped-historyId-number": ("testuser@example.com", 9876543210),
    "emu-wrapped-ordering-key": ("testuser@example.com", 9876543212),
    "emu-wrapped-with-attributes": ("testuser@example.com", 9876543211),
    "real-gmail-push.redacted": ("user@example.com", 1006196),
}


def envelope(data, **changes):
    message = {"data": data, "messageId": "17", "publishTime": "2026-11-22T14:34:07.17Z"}
    return json.dumps({"message": message | changes, "subscription": OURS}).encode()


def push(said, **changes):
    text = said if isinstance(said, bytes) else json.dumps(said).encode()
    return envelope(base64.b64encode(text).decode(), **changes)


def why(body, *, subscription=OURS):
    with pytest.raises(Unusable) as refused:
        decode(body, subscription=subscription)
    return str(refused.value)


@pytest.mark.skipif(CORPUS is None, reason="the corpus of recorded pushes is not here")
@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_push_says_what_it_is_known_to_say(name):
    body = (CORPUS / f"{name}.json").read_bytes()
    expected = RECORDED[name]

    if isinstance(expected, str):
        assert why(body, subscription=None) == expected
    else:
        found = decode(body, subscription=None)
        assert (found.address, found.history_id) == expected


@pytest.mark.skipif(CORPUS is None, reason="the corpus of recorded pushes is not here")
def test_no_recorded_push_is_left_out():
    assert {f.stem for f in CORPUS.glob("*.json") if "headers" not in f.name} == RECORDED.keys()


def test_a_push_becomes_an_address_a_history_id_and_where_it_came_from():
    body = push({"emailAddress": " Ada@Example.COM ", "historyId": 4711})

    assert decode(body, subscription=OURS) == Notification(
        address="ada@example.com",
        history_id=4711,
        pubsub_message_id="17",
        published_at=datetime(2026, 11, 22, 14, 34, 7, 170_000, tzinfo=UTC),
    )


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (1, 1),
        ("1", 1),
        ("00042", 42),
        (2**64 - 1, 2**64 - 1),
        ("9" * 20, 10**20 - 1),
        (10**20 - 1, 10**20 - 1),
    ],
)
def test_a_history_id_may_be_a_number_or_a_string_of_digits(value, read):
    assert decode(push({"emailAddress": "a@b.c", "historyId": value}), subscription=OURS).history_id == read


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, "0", "000", -1, "-1", "+1", 1.0, 1e3, "1.0", "1e3", "", " 1", "1 ", "1_000",
        "0x1f", "\uff11\uff12", "\u00b2", "\u0664\u0662", "9" * 21, 10**20, 10**24, "1" * 5000, [1], {"a": 1},
        "\x00", "1\n",
    ],
)  # fmt: skip
def test_any_other_history_id_is_unusable(value):
    assert why(push({"emailAddress": "a@b.c", "historyId": value})) == "no_history_id"


@pytest.mark.parametrize(
    "value",
    [
        None, 1, True, [], {}, "", " ", "@", "a@", "@b.c", "a", "a b@c.d", "a@b.c\x00", "a\n@b.c",
        "a@b\x7f.c", "\udc80@b.c", "a" * 320 + "@b.c",
    ],
)  # fmt: skip
def test_anything_but_an_address_is_unusable(value):
    body = push({"emailAddress": value, "historyId": 1})

    assert why(body) in {"no_address", "data_not_json"}


@pytest.mark.parametrize("data", ["eyJlbWFpbEFkZHJlc3MiOiJ1QGQuY29tIiwiaGlzdG9yeUlkIjoxMjN9"])
@pytest.mark.parametrize("padding", ["", "=", "=="])
def test_padding_may_be_right_missing_or_too_much(data, padding):
    assert decode(envelope(data + padding), subscription=OURS).history_id == 123


def test_both_base64_alphabets_are_understood():
    said = b'{"historyId":5,"emailAddress":"\xc3\xbf\xc3\xbe?>@d.com"}'
    standard = base64.b64encode(said).decode()
    urlsafe = base64.urlsafe_b64encode(said).decode()
    assert standard != urlsafe

    found = {decode(envelope(data), subscription=OURS).address for data in (standard, urlsafe)}

    assert found == {"ÿþ?>@d.com"}


@pytest.mark.parametrize("data", ["a", "ab\ncd", "ab cd", "ab=cd", "????", "é===", "\x00"])
def test_what_is_not_base64_is_unusable(data):
    assert why(envelope(data)) == "data_not_base64"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"nonsense", b"\xff\xfe", b"\x00", b"NaN", b"'a'", b"{'a':1}", b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b"\xef\xbb\xbf{}", b'{"message":"\xff"}',
    ],
)  # fmt: skip
def test_a_body_that_is_not_json_is_unusable(body):
    assert why(body) == "body_not_json"


def test_nested_json_in_the_data_is_unusable_too():
    assert why(push(b"[" * 100_000)) == "data_not_json"


@pytest.mark.parametrize(
    "body",
    [
        b"null", b"1", b"true", b'"x"', b"[]", b"{}", b'{"message":null}', b'{"message":[]}',
        b'{"message":{}}', b'{"message":{"data":null}}', b'{"message":{"data":1}}',
        b'{"message":{"data":["YQ=="]}}',
    ],
)  # fmt: skip
def test_a_body_without_a_message_is_unusable(body):
    assert why(body) == "not_an_envelope"


@pytest.mark.parametrize(
    "data", [b"", b"not json \xff", b"null", b"[]", b'"a@b.c"', b"1", b'{"emailAddress":']
)
def test_data_that_is_not_a_json_object_is_unusable(data):
    assert why(push(data)) == "data_not_json"


@pytest.mark.parametrize(
    "named", ["projects/P/subscriptions/T", "projects/p/subscriptions/S", "S", "", None, 1]
)
def test_another_subscription_is_unusable(named):
    body = json.loads(push({"emailAddress": "a@b.c", "historyId": 1})) | {"subscription": named}

    assert why(json.dumps(body).encode()) == "other_subscription"


def test_any_subscription_will_do_when_none_is_demanded():
    body = push({"emailAddress": "a@b.c", "historyId": 1})

    assert decode(body, subscription=None).address == "a@b.c"


@pytest.mark.parametrize(
    ("changes", "message_id"),
    [
        ({"messageId": None, "message_id": "9"}, "9"),
        ({"messageId": 17}, ""),
        ({"messageId": "a\x00b"}, ""),
        ({"messageId": "x" * 101}, ""),
    ],
)
def test_an_odd_message_id_is_not_worth_losing_the_hint(changes, message_id):
    body = push({"emailAddress": "a@b.c", "historyId": 1}, **changes)

    assert decode(body, subscription=OURS).pubsub_message_id == message_id


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-22T14:34:07Z", datetime(2026, 11, 22, 14, 34, 7, tzinfo=UTC)),
        ("2026-11-22T14:34:07.123456789Z", datetime(2026, 11, 22, 14, 34, 7, 123456, tzinfo=UTC)),
        ("2026-11-22T15:34:07.5+01:00", datetime(2026, 11, 22, 14, 34, 7, 500_000, tzinfo=UTC)),
        ("2026-11-22T14:34:07", None),
        ("0001-01-01T00:00:00+23:59", None),
        ("yesterday", None),
        (17, None),
    ],
)
def test_the_publish_time_is_read_with_any_number_of_digits_or_left_out(text, moment):
    body = push({"emailAddress": "a@b.c", "historyId": 1}, publishTime=text)

    assert decode(body, subscription=OURS).published_at == moment


def test_a_pulled_message_is_read_by_the_same_rules():
    data = b'{"emailAddress":"A@b.c","historyId":"7"}'

    found = from_message(data, message_id="5", published_at=None)

    assert found == Notification("a@b.c", 7, "5", None)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
bodies = st.one_of(
    st.binary(max_size=200),
    json_values.map(lambda value: json.dumps(value).encode()),
    st.binary(max_size=100).map(push),
    st.text(max_size=50).map(envelope),
    st.fixed_dictionaries({"emailAddress": json_values, "historyId": json_values}).map(push),
    st.fixed_dictionaries({"message": json_values}).map(lambda value: json.dumps(value).encode()),
)


@given(bodies, st.none() | st.just(OURS))
def test_any_bytes_are_a_notification_or_unusable_and_nothing_else(body, subscription):
    try:
        found, refusal = decode(body, subscription=subscription), None
    except Unusable as refused:
        found, refusal = None, str(refused)

    if found is None:
        assert refusal in get_args(Reason)
    else:
        assert found.history_id > 0
        assert found.address == found.address.strip().casefold()


@given(st.integers(1, 10**20 - 1), st.emails())
def test_what_gmail_sends_is_always_understood(history_id, address):
    found = decode(push({"emailAddress": address, "historyId": history_id}), subscription=OURS)

    assert (found.address, found.history_id) == (address.casefold(), history_id)
