"""A server that answers every messages.get alike, alone or in a batch, as fast as Python can.

It does no work, so that what is measured beside it is the client.
"""

import asyncio
import base64
import json
import re
import sys

BODY_BYTES = 6_000  # as JSON about 8 KB: an ordinary mail without files
HEADERS = [{"name": name, "value": f"Somebody <{name.lower()}@lp.example>"} for name in ("From", "To", "Cc")]
ID_PLACE = "0" * 16  # ids of 16 digits are put there, so that no length changes

COMMON = {
    "id": ID_PLACE,
    "threadId": "18f0000000000000",
    "labelIds": ["INBOX", "UNREAD"],
    "snippet": "Hello",
    "historyId": "4711",
    "internalDate": "1794000000000",
    "sizeEstimate": BODY_BYTES,
}
METADATA = json.dumps(COMMON | {"payload": {"mimeType": "text/plain", "headers": HEADERS}}).encode()
RAW = json.dumps(
    COMMON | {"raw": base64.urlsafe_b64encode(b"Subject: x\r\n\r\n".ljust(BODY_BYTES)).decode()}
).encode()

LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
CALL = re.compile(rb"Content-ID: <([^>]+)>.*?/messages/(\w{16})\?(\S*)", re.DOTALL | re.IGNORECASE)
PATH = re.compile(rb"/messages/(\w{16})\?(\S*)")


class Canned(asyncio.Protocol):
    """One connection; requests come one after another."""

    def __init__(self) -> None:
        self._held = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what answers are written to."""
        self._to = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is there as a whole."""
        self._held += data
        while (end := self._held.find(b"\r\n\r\n")) >= 0:
            declared = LENGTH.search(self._held, 0, end)
            whole = end + 4 + (int(declared[1]) if declared else 0)
            if len(self._held) < whole:
                return
            request, self._held = self._held[:whole], self._held[whole:]
            self._to.write(answer(request))  # type: ignore[attr-defined]


def answer(request: bytes) -> bytes:
    """Return the whole response."""
    if not request.startswith(b"POST"):
        path = PATH.search(request)
        return response(b"application/json; charset=UTF-8", message(path[1], path[2]) if path else b"{}")
    parts = b"".join(part(*call.groups()) for call in CALL.finditer(request))
    return response(b"multipart/mixed; boundary=batch_x", parts + b"--batch_x--\r\n")


def part(content_id: bytes, id_: bytes, query: bytes) -> bytes:
    """Return one answer of a batch."""
    body = message(id_, query)
    return (
        b"--batch_x\r\nContent-Type: application/http\r\nContent-ID: <response-" + content_id + b">\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: "
        + str(len(body)).encode() + b"\r\n\r\n" + body + b"\r\n"
    )  # fmt: skip


def message(id_: bytes, query: bytes) -> bytes:
    """Return a message in the format asked for."""
    return (RAW if b"format=raw" in query else METADATA).replace(ID_PLACE.encode(), id_, 1)


def response(kind: bytes, body: bytes) -> bytes:
    """Return a 200 with *body*."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: " + kind + b"\r\nContent-Length: "
    return head + str(len(body)).encode() + b"\r\n\r\n" + body


async def serve(port: int) -> None:
    """Serve on the loopback until the process ends."""
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", port)
    sys.stdout.write("canned answers are served\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
