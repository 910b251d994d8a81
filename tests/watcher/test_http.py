"""Over real HTTP: the server's own limits, slow clients, and stopping without losing an answer."""

import socket
import time
from contextlib import contextmanager
from threading import Event, Thread
from types import SimpleNamespace

import pytest
import urllib3
from flask import Flask

from shared.errors import Refused
from tests.watcher.conftest import GENUINE
from watcher.web import patience, serve
from watcher.web.app import create_app
from watcher.web.patience import Patience
from watcher.web.serve import Server

http = urllib3.PoolManager(retries=False, timeout=10)


@contextmanager
def running(app, **more):
    server = Server(app, host="127.0.0.1", port=0, **more)
    thread = Thread(target=server.run)
    thread.start()
    try:
        yield SimpleNamespace(
            url=f"http://127.0.0.1:{server.port}", port=server.port, stop=server.stop, thread=thread
        )
    finally:
        server.stop()
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.fixture
def web(world):
    with running(create_app(world.deps)) as server:
        yield server


def talk(port, *pieces, pause=0.0):
    """Send raw bytes, piece by piece; return what comes back until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as line:
        for piece in pieces:
            line.sendall(piece)
            time.sleep(pause)
        heard = b""
        while part := line.recv(65536):
            heard += part
            if b"\r\n\r\n" in heard:
                break
        return heard


def status(heard):
    return int(heard.split(b" ", 2)[1])


def test_a_notification_is_taken_in_over_http(world, web):
    world.enrol()
    body = b'{"message":{"data":"eyJlbWFpbEFkZHJlc3MiOiJhZGFAZnVuZC50ZXN0IiwiaGlzdG9yeUlkIjo3fQ=="},"subscription":"projects/p/subscriptions/s"}'

    answer = http.request("POST", f"{web.url}/push/gmail", body=body, headers=GENUINE)

    assert answer.status == 204
    assert world.rows(b"SELECT pushed_history_id::int FROM mailroom.email_deltas") == [(7,)]


def test_the_server_does_not_say_what_it_is(web):
    assert "Server" not in http.request("GET", f"{web.url}/healthz").headers


@pytest.mark.parametrize(
    ("length", "expected"), [(64 * 1024, 204), (64 * 1024 + 1, 413), (2 * 1024 * 1024, 413)]
)
@pytest.mark.parametrize("chunked", [True, False])
def test_a_push_above_64_kib_is_refused_however_it_is_sent(world, web, length, expected, chunked):
    body = iter([b" " * length]) if chunked else b" " * length
    try:
        answer = http.request(
            "POST", f"{web.url}/push/gmail", body=body, headers=GENUINE, chunked=chunked
        ).status
    except urllib3.exceptions.ProtocolError:
        answer = 413  # above a mebibyte the server hangs up while we are still sending

    assert answer == expected
    assert world.rows(b"SELECT count(*) FROM mailroom.rejected_notifications") == [(int(expected == 204),)]


def test_headers_above_16_kib_are_refused(web):
    heard = talk(web.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 17_000 + b"\r\n\r\n")

    assert status(heard) == 431


@pytest.mark.parametrize(
    "raw",
    [
        b"nonsense\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nbroken\r\n\r\n",
        b"POST /push/gmail HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /push/gmail HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nzz\r\n\r\n",
        b"POST /push/gmail HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_server_goes_on(web, raw):
    assert 400 <= status(talk(web.port, raw)) < 600

    assert http.request("GET", f"{web.url}/healthz").status == 200


def test_a_port_that_is_taken_is_one_clear_sentence(web):
    with pytest.raises(Refused, match=f"cannot listen on 127.0.0.1:{web.port} .*--port"):
        Server(Flask("x"), host="127.0.0.1", port=web.port)


@pytest.mark.parametrize("host", ["localhost", "::1"])
def test_it_listens_on_names_and_on_ipv6(host):
    server = Server(Flask("x"), host=host, port=0)

    assert server.port > 0
    server.stop()
    server.run()


def test_a_request_under_way_is_answered_before_the_server_stops():
    entered, app = Event(), Flask("slow")

    @app.get("/")
    def slow():
        entered.set()
        time.sleep(0.7)
        return "x" * 900_000

    with running(app) as server:
        answers = []
        asking = Thread(target=lambda: answers.append(http.request("GET", server.url)))
        asking.start()
        assert entered.wait(5)

        server.stop()
        asking.join(timeout=10)

        assert [(answer.status, len(answer.data)) for answer in answers] == [(200, 900_000)]


def test_a_server_that_stops_takes_no_new_connections(web):
    web.stop()
    web.thread.join(timeout=5)

    with pytest.raises(urllib3.exceptions.NewConnectionError):
        http.request("GET", f"{web.url}/healthz")


def drips(line):
    """Send one more byte; False when the server has hung up."""
    try:
        line.sendall(b"X")
    except (ConnectionResetError, BrokenPipeError):
        return False
    return True


def test_a_client_that_drips_is_cut_off_while_others_are_served(world, monkeypatch):
    monkeypatch.setattr(patience, "PUSH_SEC", 1.0)
    with running(create_app(world.deps)) as web, socket.create_connection(("127.0.0.1", web.port), 5) as line:
        line.sendall(b"POST /push/gmail HTTP/1.1\r\n")
        began = time.monotonic()
        while drips(line) and time.monotonic() - began < 8:
            assert http.request("GET", f"{web.url}/healthz").status == 200
            time.sleep(0.1)

        assert time.monotonic() - began < 6


def channel(path="/", headers=True):
    request = SimpleNamespace(headers_finished=headers, path=path)
    return SimpleNamespace(request=request, will_close=False)


@pytest.mark.parametrize(
    ("slow", "allowed"),
    [(channel("/push/gmail"), 5), (channel("/signin"), 30), (channel("", headers=False), 5)],
)
def test_a_push_has_five_seconds_to_arrive_and_anything_else_thirty(slow, allowed):
    watcher = Patience()

    ended = [watcher.end([slow], now) for now in (100, 100 + allowed, 100.1 + allowed)]

    assert (ended, slow.will_close) == ([0, 0, 1], True)


def test_a_kept_connection_may_send_request_after_request():
    watcher, kept = Patience(), channel("/push/gmail")

    for second in range(0, 60, 4):
        kept.request = SimpleNamespace(headers_finished=True, path="/push/gmail")
        assert watcher.end([kept], second) == 0
        kept.request = None
        assert watcher.end([kept], second + 1) == 0


def test_sixty_four_connections_that_say_nothing_do_not_keep_others_waiting(web):
    silent = [socket.create_connection(("127.0.0.1", web.port), 5) for _ in range(64)]
    try:
        for line in silent:
            line.sendall(b"POST /push/gmail HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        began = time.monotonic()
        answers = {http.request("GET", f"{web.url}/healthz").status for _ in range(50)}
        took = time.monotonic() - began
    finally:
        for line in silent:
            line.close()

    assert answers == {200}
    assert took < 5


def test_the_grace_of_a_stop_has_an_end(monkeypatch):
    monkeypatch.setattr(serve, "GRACE_SEC", 0.3)
    entered, leave, app = Event(), Event(), Flask("stuck")

    @app.get("/")
    def stuck():
        entered.set()
        leave.wait(20)
        return ""

    def ask():
        with pytest.raises(urllib3.exceptions.HTTPError):
            http.request("GET", server.url)

    with running(app) as server:
        asking = Thread(target=ask)
        asking.start()
        assert entered.wait(5)
        began = time.monotonic()
        server.stop()
        server.thread.join(timeout=10)
        took = time.monotonic() - began
        leave.set()
        asking.join(timeout=10)

    assert took < 5
