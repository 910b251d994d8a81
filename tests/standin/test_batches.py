"""Batches by Google's own client, and by hand where the client would not send them."""

import pytest
import urllib3
from googleapiclient.errors import BatchError, HttpError
from googleapiclient.http import BatchHttpRequest

PATHS = ["/batch", "/batch/gmail/v1"]


def run(box, calls, path="/batch/gmail/v1"):
    """Return {request id: answer or error} of {request id: call}."""
    found = {}
    batch = BatchHttpRequest(
        callback=lambda name, answer, error: found.update({name: error or answer}), batch_uri=box.url + path
    )
    for name, call in calls.items():
        batch.add(call, request_id=name)
    batch.execute()
    return found


def by_hand(box, path, text):
    headers = {"Authorization": f"Bearer {box.token()}", "Content-Type": "multipart/mixed; boundary=b"}
    answer = urllib3.request("POST", box.url + path, body=text.encode(), headers=headers, retries=False)
    assert answer.status == 200
    return answer.data.decode()


def gets(box, number):
    """Calls for messages that are there, by message id."""
    ids = [box.deliver()["id"] for _ in range(number)]
    return {id_: box.gmail.messages().get(userId="me", id=id_, format="minimal") for id_ in ids}


def statuses(found):
    return [one.resp.status if isinstance(one, HttpError) else 200 for one in found.values()]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(403, "rateLimitExceeded"), (404, "notFound"), (429, "rateLimitExceeded"), (500, "backendError"), (503, "backendError")],
)  # fmt: skip
def test_parts_fail_by_themselves_while_their_neighbours_succeed(box, status, reason):
    box.control("settings", {"batch_inner_status": status})

    found = run(box, gets(box, 4))

    assert statuses(found) == [200, status, 200, status]
    assert reason in list(found.values())[1].content.decode()


def test_more_parts_than_run_at_once_draw_inner_429s(box):
    box.control("settings", {"batch_concurrency": 3})

    assert statuses(run(box, gets(box, 5))) == [200, 200, 200, 429, 429]


def test_a_hundred_parts_are_answered_and_one_more_is_refused_as_a_whole(box):
    [call] = gets(box, 1).values()

    assert statuses(run(box, {str(number): call for number in range(100)})) == [200] * 100
    with pytest.raises((HttpError, BatchError)) as refused:
        run(box, {str(number): call for number in range(101)})
    assert refused.value.resp.status == 400


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_either_line_end_will_do_and_the_answer_has_crlf_and_the_ids_verbatim(box, path, end):
    lines = [
        "--b", "Content-Type: application/http", "Content-ID: <a b+c + 1>", "",
        "GET /gmail/v1/users/me/profile HTTP/1.1", "", "", "--b--", "",
    ]  # fmt: skip

    head, _, rest = by_hand(box, path, end.join(lines)).partition("\r\n\r\n")

    assert "Content-ID: <response-a b+c + 1>" in head.split("\r\n")
    assert rest.startswith("HTTP/1.1 200 OK\r\n")
    assert box.email in rest.partition("\r\n\r\n")[2]


def test_a_part_is_judged_by_its_own_token_and_its_own_mailbox(box):
    box.control("mailboxes", {"email": "bob@fund.test"})
    bearers = [
        "",
        f"Authorization: Bearer {box.token('bob@fund.test')}\n",
        "Authorization: Bearer ya29.wrong\n",
    ]
    text = "".join(
        f"--b\nContent-Type: application/http\nContent-ID: <1>\n\nGET /gmail/v1/users/{user}/profile\n{bearer}\n"
        for bearer in bearers
        for user in ("me", "bob%40fund.test")
    )

    answer = by_hand(box, "/batch", f"{text}--b--\n")

    lines = [line.split() for line in answer.splitlines() if line.startswith("HTTP/1.1 ")]
    assert [int(words[1]) for words in lines] == [200, 403, 200, 200, 401, 401]
