"""Batches, sent by Google's own client and by strangers."""

import gc

import pytest
from googleapiclient.errors import BatchError, HttpError
from googleapiclient.http import BatchHttpRequest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.google import batch


@pytest.fixture
def calls(google, users):
    """A call for each of *number* messages."""

    def calls(number, shape="minimal"):
        ids = [google.deliver() for _ in range(number)]
        return ids, [users.messages().get(userId="me", id=id_, format=shape) for id_ in ids]

    return calls


@pytest.mark.parametrize("path", ["/batch", "/batch/gmail/v1"])
def test_googles_client_gets_every_answer(google, calls, path):
    ids, requests = calls(30, "full")

    found = google.batch(requests, path)

    assert [found[f"call {n}"]["id"] for n in range(30)] == ids


def test_answers_may_come_in_any_order(google, calls):
    google.control("settings", {"batch_shuffle": True})
    ids, requests = calls(20)

    assert [found["id"] for _, found in sorted_by_number(google.batch(requests))] == ids


def sorted_by_number(found):
    return sorted(found.items(), key=lambda item: int(item[0].split()[1]))


def test_each_part_succeeds_or_fails_by_itself(google, users, calls):
    (id_,), (good,) = calls(1)
    get = users.messages().get
    found = google.batch(
        [good, get(userId="me", id="18a"), get(userId="me", id="zz"), get(userId="b@x.example", id=id_)]
    )

    outcomes = [one["id"] if isinstance(one, dict) else one.status_code for _, one in sorted_by_number(found)]

    assert outcomes == [id_, 404, 400, 403]


# The connection over which Google's client refreshes in the middle of a batch is never closed by it.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_inner_401_is_refreshed_and_sent_again(google, calls):
    ids, requests = calls(3)
    credentials = requests[0].http.credentials
    credentials.refresh(google.request)
    google.control("clock", {"advanceSeconds": 4000})
    stale, found = credentials.token, {}
    batch = BatchHttpRequest(
        callback=lambda id_, reply, error: found.update({id_: error or reply}),
        batch_uri=f"{google.url}/batch",
    )
    for request in requests:
        batch.add(request)

    batch.execute()
    gc.collect()

    assert credentials.token != stale
    assert [one["id"] for one in found.values()] == ids


def test_too_many_at_once_draw_inner_429s(google, calls):
    google.control("settings", {"batch_concurrency": 25})
    _, requests = calls(30)

    found = google.batch(requests)
    refused = [one for one in found.values() if isinstance(one, HttpError)]

    assert len(refused) == 5
    assert {one.status_code for one in refused} == {429}


def test_a_hundred_is_the_most(google, calls):
    _, requests = calls(101)

    assert len(google.batch(requests[:100])) == 100
    with pytest.raises(HttpError) as refused:
        google.batch(requests)
    assert refused.value.status_code == 400


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_batch_can_fail_as_a_whole(google, calls, status):
    _, requests = calls(2)
    google.control("settings", {"batch_outer_status": status})

    with pytest.raises((HttpError, BatchError)) as failed:
        google.batch(requests)

    assert failed.value.resp.status == status
    assert (b"<!DOCTYPE html>" in failed.value.content) == (status == 502)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_batch_by_hand_is_answered_with_crlf_and_the_very_ids(google, end):
    token = google.token()
    lines = [
        "--b x", "Content-Type: application/http", "Content-ID: <a + 1>", "",
        "GET https://gmail.googleapis.com/gmail/v1/users/me/profile?prettyPrint=false HTTP/1.1", "Host: x", "", "",
        "--b x", "content-type: application/http", "", "GET /gmail/v1/users/me/nothing", "",
        "--b x--", "",
    ]  # fmt: skip
    headers = {"content-type": 'multipart/mixed; boundary="b x"', "authorization": f"Bearer {token}"}

    answer = google.send("POST", "/batch/gmail/v1", body=end.join(lines), headers=headers)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("multipart/mixed; boundary=batch_")
    assert b"\r\nContent-ID: <response-a + 1>\r\n\r\nHTTP/1.1 200 OK\r\n" in answer.data
    assert b'\r\n\r\n{"emailAddress":"ada@fund.example"' in answer.data
    assert answer.data.count(b"Content-ID") == 1
    assert b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html" in answer.data
    assert b"\n" not in answer.data.split(b"{")[0].replace(b"\r\n", b"")


def test_a_part_may_bring_its_own_token(google):
    google.control("mailboxes", {"email": "ben@fund.example"})
    own = f"authorization: Bearer {google.token('ben@fund.example')}"
    text = f"--b\n\nGET /gmail/v1/users/me/profile HTTP/1.1\n{own}\n\n--b--"
    headers = {"content-type": "multipart/mixed; boundary=b", "authorization": f"Bearer {google.token()}"}

    assert b"ben@fund.example" in google.send("POST", "/batch", body=text, headers=headers).data


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/mixed", "multipart/mixed; boundary=b"]
)
def test_what_is_no_batch_is_refused(google, content_type):
    answer = google.send(
        "POST", "/batch", body=b"--c\n\nGET / HTTP/1.1\n--c--", headers={"content-type": content_type}
    )

    assert (answer.status, answer.json()["error"]["code"]) == (400, 400)


PIECES = st.sampled_from(
    [b"--b", b"--b--", b"\n", b"\r\n", b"Content-ID: <1>", b"GET /x HTTP/1.1", b" ", b":", b"\xff"]
)


@given(
    st.lists(PIECES | st.binary(max_size=5), max_size=40).map(b"".join),
    st.sampled_from(["b", '"b"', "\r\nb", "é"]),
)
def test_any_bytes_can_be_read_as_a_batch(body, boundary):
    for one in batch.read(f"multipart/mixed; boundary={boundary}", body):
        assert one.verb == "" or one.target
