"""A server that answers exactly as told, and Gmail's answers as it writes them."""

import base64
import json
import re
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ADA = "ada@fund.example"
IDS = [f"18f{number:02}" for number in range(60)]
# Mail and API data that nobody here wrote; lies beside a checkout, not in it.
CORPUS = Path(__file__).parents[3] / "shared" / "corpus" / "gmail-json"


def recorded(name):
    """A file of the corpus; skips the test where there is none."""
    file = CORPUS / name
    if not file.exists():
        pytest.skip("the corpus of recorded answers is not beside this checkout")
    return file.read_bytes()


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Scripted:
    """Answers request after request with what the test lined up: bytes, or a function of the socket."""

    script: list = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with suppress(OSError), connection, connection.makefile("rb") as reader:
            while request := read_request(reader):
                self.requests.append(request)
                step = self.script.pop(0) if self.script else reply(500)
                stay = step(connection) if callable(step) else not connection.sendall(step)
                if not stay:
                    return

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes the accepting thread
        self._listener.close()
        for connection in self._open:
            connection.close()


def read_request(reader):
    line = reader.readline().decode()
    if not line.strip():
        return None
    method, path, _ = line.split(" ", 2)
    headers = {}
    while (line := reader.readline().decode().strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    return Request(method, path, headers, reader.read(int(headers.get("content-length", 0))))


def reply(status=200, body=b"", headers=None, *, declared=None):
    """A response; *declared* overrides its Content-Length."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": "application/json; charset=UTF-8"} | (headers or {})
    named["Content-Length"] = str(len(content) if declared is None else declared)
    head = "".join(f"{name}: {value}\r\n" for name, value in named.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode() + content


def refusal(code, reason="", message="M", status="", **more):
    """Google's error envelope."""
    return {
        "error": {
            "code": code,
            "message": message,
            "errors": [{"message": message, "domain": "global", "reason": reason}],
            "status": status,
        }
        | more
    }


def batch_reply(parts, *, boundary="batch_x", newline="\r\n", close=True):
    """[(number or None, status, JSON or bytes)] as Gmail writes them."""
    lines = []
    for number, status, content in parts:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        identity = [] if number is None else [f"Content-ID: <response-item-{number}>"]
        head = [f"--{boundary}", "Content-Type: application/http", *identity, ""]
        head += [
            f"HTTP/1.1 {status} Whatever",
            "Content-Type: application/json",
            f"Content-Length: {len(body)}",
        ]
        lines.append((newline.join([*head, "", ""])).encode() + body + newline.encode())
    return b"".join(lines) + (f"--{boundary}--{newline}".encode() if close else b"")


def batched(parts, **options):
    """The whole HTTP response around batch_reply."""
    return reply(200, batch_reply(parts, **options), {"Content-Type": "multipart/mixed; boundary=batch_x"})


BAD_TOKEN = refusal(401, "authError", "Invalid Credentials")
GONE = refusal(404, "notFound", "Requested entity was not found.")


def a_message(id_, **more):
    return {"id": id_, "threadId": id_, "labelIds": ["INBOX"]} | more


def base64url(content):
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def whole(id_, text=b"Subject: x\r\n\r\nhello"):
    return a_message(id_, raw=base64url(text))


def asked_ids(request):
    """The ids of the messages that a request asks for, in its order."""
    text = request.body.decode() if request.path.startswith("/batch") else request.path
    return re.findall(r"/messages/(\w+)\?", text)


def a_profile(**more):
    return reply(200, {"emailAddress": ADA, "historyId": "1"} | more)
