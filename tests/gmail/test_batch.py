"""Batches: written so that Gmail can read them, read however they come back."""

import email
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gmail import batch, calls
from shared.gmail.batch import MOST, Part, decode, encode
from tests.gmail.scripted import ADA, batch_reply, recorded

TYPE = "multipart/mixed; boundary=batch_x"
CONTENT = st.binary(max_size=60).map(lambda raw: raw.replace(b"\r", b"").replace(b"\n", b""))
PARTS = st.dictionaries(st.integers(0, 24), st.tuples(st.integers(100, 599), CONTENT), max_size=25)


def gets(ids):
    return [calls.message_get(ADA, id_, format_="metadata", headers=("From", "To")) for id_ in ids]


@given(st.lists(st.text(min_size=1, max_size=20), max_size=MOST))
def test_whatever_the_ids_every_call_stays_one_part_with_one_request_line(ids):
    written = gets(ids)

    body = encode(written)

    outer = email.message_from_bytes(b"Content-Type: " + batch.CONTENT_TYPE.encode() + b"\r\n\r\n" + body)
    parts = outer.get_payload() if ids else []
    assert [part["Content-ID"] for part in parts] == [f"<item-{number}>" for number in range(len(ids))]
    lines = [part.get_payload().splitlines() for part in parts]
    assert [part[0] for part in lines] == [f"GET {call.path} HTTP/1.1" for call in written]
    assert all(part[1] == "Accept: application/json" and not any(part[2:]) for part in lines)


def test_a_batch_never_holds_more_than_gmail_takes_well():
    with pytest.raises(ValueError, match="at most 25"):
        encode(gets(["18f"] * 26))


def test_a_call_with_a_body_does_not_travel_in_a_batch():
    with pytest.raises(ValueError, match="body"):
        encode([calls.watch(ADA, "projects/p/topics/t")])


@given(PARTS, st.sampled_from(["\r\n", "\n"]), st.booleans(), st.booleans())
def test_parts_are_matched_by_id_in_any_order_with_any_line_end(parts, newline, close, preamble):
    body = batch_reply(
        [(number, *rest) for number, rest in parts.items()], newline=newline, close=close or not parts
    )

    found = decode(TYPE, newline.encode() * preamble + body)

    assert {number: (part.status, part.body) for number, part in found.items()} == parts
    assert all(part.headers["content-type"] == "application/json" for part in found.values())


@given(st.lists(st.sampled_from([200, 401, 429, 500]), min_size=1, max_size=5))
def test_of_several_answers_to_one_call_the_first_success_counts(statuses):
    body = batch_reply([(3, status, {"n": number}) for number, status in enumerate(statuses)])

    [part] = decode(TYPE, body).values()

    chosen = statuses.index(200) if 200 in statuses else 0
    assert (part.status, json.loads(part.body)) == (statuses[chosen], {"n": chosen})


@given(PARTS, st.integers(0, 500))
def test_a_batch_cut_in_transit_loses_parts_and_never_mixes_them(parts, end):
    whole = batch_reply([(number, *rest) for number, rest in parts.items()])

    found = decode(TYPE, whole[:end])

    assert found.keys() <= parts.keys()
    assert all(part.body[: len(parts[n][1])] in parts[n][1] for n, part in found.items())


@given(st.text(max_size=40), st.binary(max_size=300))
def test_no_answer_to_a_batch_is_beyond_reading(content_type, body):
    decode(content_type, body)
    decode(TYPE, b"--batch_x\r\n" + body)


def test_a_boundary_inside_a_line_of_json_is_content():
    content = json.dumps({"snippet": "--batch_x and \r\n--batch_x"}).encode()

    assert decode(TYPE, batch_reply([(0, 200, content)]))[0].body == content


@pytest.mark.parametrize(
    "content_type",
    [
        TYPE,
        'multipart/mixed; boundary="batch_x"',
        "multipart/mixed;boundary=batch_x; charset=UTF-8",
        "Multipart/Mixed; Boundary=batch_x",
    ],
)
def test_the_boundary_is_found_however_it_is_written(content_type):
    assert decode(content_type, batch_reply([(7, 200, {})])) == {
        7: Part(200, {"content-type": "application/json", "content-length": "2"}, b"{}")
    }


@pytest.mark.parametrize(
    "written",
    [
        "<response-item-3>",
        "response-item-3",
        "<response-<item-3>>",
        "<RESPONSE-item-3>",
        " <response-item-3>  ",
    ],
)
def test_a_content_id_is_known_however_it_is_written(written):
    body = batch_reply([(3, 200, {})]).replace(b"<response-item-3>", written.encode())
    body = re.sub(rb"\r\nContent-ID", b"\r\ncontent-id", body)

    assert list(decode(TYPE, body)) == [3]


@pytest.mark.parametrize("written", ["<response-other-3>", "<item-3>", "<response-item-3000>", "3", ""])
def test_a_content_id_that_is_not_ours_matches_nothing(written):
    body = batch_reply([(3, 200, {})]).replace(b"<response-item-3>", written.encode())

    assert decode(TYPE, body) == {}


def test_a_recorded_answer_is_cut_where_gmail_cut_it():
    body = recorded("batch/nga__batched-response.txt")
    boundary = re.search(rb"^--(batch_\S+?)\r?$", body, re.MULTILINE)[1]
    ids = re.findall(rb"^Content-Type: application/http\r?$", body, re.MULTILINE)
    numbers = iter(range(len(ids)))
    # Recorded without Content-IDs, which today's service sends when it is given some.
    numbered = re.sub(
        rb"(?m)^(Content-Type: application/http)(\r?)$",
        lambda found: found[1] + b"\nContent-ID: <response-item-%d>" % next(numbers) + found[2],
        body,
    )

    found = decode(f"multipart/mixed; boundary={boundary.decode()}", numbered)

    assert len(found) == len(ids)
    assert all(part.status == 200 and "id" in json.loads(part.body) for part in found.values())
