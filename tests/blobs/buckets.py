"""The few requests of S3 and of Cloud Storage that we use, over real HTTP."""

import re
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape


class Handler(BaseHTTPRequestHandler):
    """Path style: /bucket/key.  The server's `answers` are statuses to give first, in order."""

    protocol_version = "HTTP/1.1"

    def _bytes(self) -> bytes:
        if self.headers.get("Transfer-Encoding") == "chunked":
            raise AssertionError("a blob is sent with its length")
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _serve(self) -> None:
        body, parts = self._bytes(), urlsplit(self.path)
        path = unquote(parts.path).removeprefix("/")
        self.server.requests.append((self.command, self.path, dict(self.headers)))
        if self.server.answers:
            self._say(self.server.answers.pop(0), b"<Error><Code>Canary</Code></Error>")
        elif "list-type" in parts.query or "prefix=" in parts.query:
            self._list(path.strip("/"), parse_qs(parts.query))
        elif self.command == "POST" and parts.query == "delete":
            self._delete_many(path.strip("/"), body.decode())
        elif not path.startswith("bucket/"):
            self._say(404, b"<Error><Code>NoSuchBucket</Code></Error>")
        else:
            self._object(path, body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _serve  # noqa: N815 - names of the standard library

    def _object(self, path: str, body: bytes) -> None:
        held = self.server.held
        if self.command == "PUT":
            held[path] = body
            self._say(200)
        elif self.command == "DELETE":
            held.pop(path, None)
            self._say(204)
        elif path in held:
            self._say(200, held[path])
        else:
            self._say(404, b"<Error><Code>NoSuchKey</Code></Error>")

    def _delete_many(self, bucket: str, body: str) -> None:
        keys = re.findall(r"<Key>(.*?)</Key>", body)
        for key in keys:
            self.server.held.pop(f"{bucket}/{key}", None)
        told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        self._say(200, f"<DeleteResult>{told}</DeleteResult>".encode())

    def _list(self, bucket: str, query: dict[str, list[str]]) -> None:
        prefix = f"{bucket}/{query.get('prefix', [''])[0]}"
        found = [key.removeprefix(f"{bucket}/") for key in sorted(self.server.held) if key.startswith(prefix)]
        rows = "".join(
            f"<Contents><Key>{escape(quote(key) if 'encoding-type' in query else key)}</Key><Size>1</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag></Contents>"
            for key in found
        )
        answer = f"<ListBucketResult><KeyCount>{len(found)}</KeyCount>{rows}</ListBucketResult>"
        self._say(200, answer.encode())

    def _say(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        if status != 204:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""
