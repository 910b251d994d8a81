"""A small HTTP server for 127.0.0.1: one function answers everything."""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

LARGEST_BODY = 11 << 20  # bytes; Pub/Sub's own limit for a message is 10 MB


@dataclass(frozen=True, slots=True)
class Request:
    """What came in."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes out: no body, or JSON (a value) or plain text (a str)."""

    status: int
    content: Any = None


Answer = Callable[[Request], Reply]


class Loopback:
    """The running server, on a free port unless one is given.  Each connection has a thread of its own."""

    def __init__(self, answer: Answer, *, port: int = 0) -> None:
        handler = type("Handler", (_Handler,), {"answer": staticmethod(answer)})
        self._server = _Server(("127.0.0.1", port), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        # The poll interval is how long `stop` may have to wait, in seconds.
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, name="loopback", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Close the port; requests under way are left to end by themselves."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that goes away in the middle; anything else is a bug of ours."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet
    timeout = 60  # seconds a connection may be silent
    answer: Answer

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._send(Reply(413))
            return
        body = self.rfile.read(int(length))
        self._send(self.answer(Request(self.command, self.path, body, dict(self.headers.items()))))

    def _send(self, reply: Reply) -> None:
        text = isinstance(reply.content, str)
        body = reply.content.encode() if text else msgspec.json.encode(reply.content)
        if reply.content is None:
            body = b""
        self.send_response_only(reply.status)
        if reply.status not in (102, 204):
            self.send_header("Content-Type", "text/plain" if text else "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
