"""Threads and attachments on a server that answers as told."""

import contextlib

import pytest

from shared.errors import CallerBug, SlowDown, Unanswered
from shared.gmail.transport import TooLarge
from tests.gmail.scripted import GONE, a_message, base64url, batched, refusal, reply

QUOTA = refusal(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Total Query Cost' and limit 'x'")
FORBIDDEN = refusal(403, "forbidden", "No.")


def a_thread(id_):
    return {"id": id_, "messages": [a_message(id_)]}


def test_a_thread_is_read_with_its_messages_oldest_first(gmail, scripted):
    told = {"id": "18f", "historyId": "7", "messages": [a_message("18f"), a_message("190")]}
    scripted.script = [reply(200, told), reply(200, told)]

    assert [message.id for message in gmail.thread("18f").messages] == ["18f", "190"]
    assert "metadataHeaders=From" in scripted.requests[0].path
    gmail.thread("18f", "full")
    assert scripted.requests[1].path.endswith("/threads/18f?format=full&alt=json")


def test_another_thread_than_the_one_asked_for_is_not_believed(gmail, scripted):
    scripted.script = [reply(200, {"id": "190", "messages": [a_message("190")]})]

    with pytest.raises(Unanswered):
        gmail.thread("18f")


def test_headers_of_threads_come_in_batches_and_what_could_not_be_read_is_left_out(gmail, scripted):
    ids = [f"{number:x}" for number in range(16, 30)]
    parts = [(number, 200, a_thread(id_)) for number, id_ in enumerate(ids[:12])]
    parts[3], parts[4], parts[5] = (3, 404, GONE), (4, 200, a_thread("99")), (5, 403, FORBIDDEN)
    scripted.script = [batched(parts), batched([(0, 200, a_thread(ids[12])), (1, 200, a_thread(ids[13]))])]

    first, second = gmail.thread_headers(ids)

    assert [one.id for one in first] == ids[:3] + ids[6:12]
    assert [one.id for one in second] == ids[12:]
    asked = scripted.requests[0].body.decode()
    assert asked.count("format=metadata") == 12
    assert "metadataHeaders=From" in asked


def test_threads_that_were_paid_for_are_handed_over_before_a_refusal_ends_the_reading(gmail, scripted):
    parts = [(0, 200, a_thread("18f")), (1, 403, QUOTA)]
    scripted.script = [batched(parts)]
    reading = gmail.thread_headers(["18f", "190"])

    assert [one.id for one in next(reading)] == ["18f"]
    with pytest.raises(SlowDown):
        next(reading)


@pytest.mark.parametrize("answer", [(404, GONE), (403, FORBIDDEN), (200, b"not JSON"), (200, {"id": 7})])
def test_one_thread_that_cannot_be_read_says_nothing_of_the_account(gmail, scripted, answer):
    scripted.script = [reply(*answer)] * 3

    assert [one for threads in gmail.thread_headers(["18f"]) for one in threads] == []


def test_an_attachment_is_read_up_to_the_size_one_is_willing_to_take(gmail, scripted):
    content = bytes(range(256)) * 40
    scripted.script = [reply(200, {"size": len(content), "data": base64url(content)})] * 2

    assert gmail.attachment("18f", "ANG-j_", most=len(content)) == content
    with pytest.raises(TooLarge):
        gmail.attachment("18f", "ANG-j_", most=len(content) - 1)


def test_an_attachment_far_too_large_is_not_read_to_its_end(gmail, scripted):
    def endless(connection):
        with contextlib.suppress(OSError):
            connection.sendall(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n{"data": "\r\n')
            while True:
                connection.sendall(b"1000\r\n" + b"A" * 4096 + b"\r\n")

    scripted.script = [endless]

    with pytest.raises(TooLarge):
        gmail.attachment("18f", "ANG-j_", most=10_000)


def test_an_attachment_that_is_no_base64_is_told(gmail, scripted):
    scripted.script = [reply(200, {"size": 3, "data": "*"})]

    with pytest.raises(CallerBug):
        gmail.attachment("18f", "ANG-j_", most=9)
