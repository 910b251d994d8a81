"""What can go wrong on the way, with a real socket at the other end."""

import gzip
import logging
import socket
import struct
import time

import pytest

from shared.errors import TryLater
from shared.gmail.transport import Limits, TooLarge, Transport
from tests.gmail.scripted import Scripted, reply

SECRET = "ya29.canary-of-a-token"


def send(transport, server, **more):
    return transport.send(
        "GET",
        f"{server.url}/gmail/v1/users/ada%40fund.example/profile",
        headers=more.pop("headers", {}),
        **more,
    )


def drops(connection):
    """Reset without an answer."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drips(connection):
    """An answer that never quite ends."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    for _ in range(100):
        connection.sendall(b"x")
        time.sleep(0.05)


def test_an_answer_is_read_whole_and_its_headers_are_lower_case(quick, scripted):
    scripted.script = [reply(200, b"{}", {"X-Thing": "1"})]

    answer = send(quick, scripted, headers={"Authorization": "Bearer t"})

    assert (answer.status, answer.headers["x-thing"], answer.body) == (200, "1", b"{}")
    assert scripted.requests[0].headers["authorization"] == "Bearer t"
    assert "gzip" in scripted.requests[0].headers["user-agent"]


def test_connections_are_kept(quick, scripted):
    scripted.script = [reply(200, b"{}") for _ in range(5)]

    for _ in range(5):
        send(quick, scripted)

    assert len(scripted._open) == 1


def test_a_packed_answer_is_unpacked(quick, scripted):
    scripted.script = [reply(200, gzip.compress(b'{"a": 1}' * 99), {"Content-Encoding": "gzip"})]

    assert send(quick, scripted, headers={"Accept-Encoding": "gzip"}).body == b'{"a": 1}' * 99


def test_nothing_packed_is_asked_for_unless_told_to(quick, scripted):
    scripted.script = [reply(200, b"{}")]

    send(quick, scripted)

    assert scripted.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize(
    "step",
    [
        drops,
        lambda _: None,
        lambda connection: time.sleep(1),
        drips,
        reply(200, b'{"cut": ', declared=1000),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{",
        b"SSH-2.0-OpenSSH_9\r\n",
    ],
    ids=[
        "reset",
        "closed",
        "silent",
        "drips",
        "short",
        "chunks cut",
        "chunks bad",
        "no http",
    ],
)
def test_when_nothing_whole_comes_back_it_is_tried_again_later(quick, scripted, step):
    cut = step if callable(step) else lambda connection: connection.sendall(step)  # and then closed
    scripted.script = [cut, reply(200, b"{}")]
    before = time.monotonic()

    with pytest.raises(TryLater) as refused:
        send(quick, scripted, headers={"Authorization": f"Bearer {SECRET}"})

    assert time.monotonic() - before < 2
    assert "ada" not in str(refused.value)
    assert SECRET not in str(refused.value)
    assert send(quick, scripted).status == 200


def test_what_cannot_be_unpacked_is_no_answer(quick, scripted):
    scripted.script = [reply(200, b"this is not gzip", {"Content-Encoding": "gzip"}), reply(200, b"{}")]

    with pytest.raises(TryLater):
        send(quick, scripted)

    assert send(quick, scripted).status == 200


def test_nothing_on_the_way_writes_an_address_to_the_log(quick, scripted, caplog):
    caplog.set_level(logging.DEBUG)
    odd = b"HTTP/1.1 200 OK\r\nContent-Le"  # urllib3 warns about it, with the whole URL
    scripted.script = [lambda connection: connection.sendall(odd), drops]

    send(quick, scripted)
    with pytest.raises(TryLater):
        send(quick, scripted)

    assert "ada" not in caplog.text


def test_nobody_listening_is_told_in_time():
    server = Scripted()
    server.close()

    with pytest.raises(TryLater):
        send(Transport(limits=Limits(connect=0.5)), server)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_never_followed(quick, scripted, status):
    elsewhere = Scripted()
    scripted.script = [reply(status, b"", {"Location": f"{elsewhere.url}/steal"})]

    answer = send(quick, scripted, headers={"Authorization": f"Bearer {SECRET}"})

    elsewhere.close()
    assert answer.status == status
    assert elsewhere.requests == []


@pytest.mark.parametrize("packed", [True, False])
def test_an_answer_that_is_too_large_is_not_taken(quick, scripted, packed):
    large = b" " * 5_000_000
    whole = reply(200, gzip.compress(large), {"Content-Encoding": "gzip"}) if packed else reply(200, large)
    scripted.script = [whole, reply(200, b"{}")]

    with pytest.raises(TooLarge):
        send(quick, scripted)

    assert send(quick, scripted).status == 200


def test_an_answer_never_shows_what_it_carries(quick, scripted, caplog):
    caplog.set_level(logging.INFO)
    scripted.script = [reply(200, {"access_token": SECRET}, {"X-Echo": SECRET})]

    answer = send(quick, scripted)

    assert SECRET not in repr(answer)
    assert SECRET not in caplog.text


def test_a_204_has_no_body(quick, scripted):
    scripted.script = [b"HTTP/1.1 204 No Content\r\n\r\n", reply(200, b"{}")]

    assert [send(quick, scripted).body, send(quick, scripted).body] == [b"", b"{}"]
