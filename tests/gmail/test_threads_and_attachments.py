"""Threads and attachments on a server that answers as told."""

import contextlib

import pytest

from shared.errors import CallerBug, Unanswered
from shared.gmail.transport import TooLarge
from tests.gmail.scripted import a_message, base64url, reply


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
