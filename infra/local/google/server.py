"""The HTTP server: one address for the API, batches, tokens, certificates and the control side."""

import gzip
import json
import threading
from collections.abc import Callable, Iterable
from http.client import responses
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import waitress

from infra.local.google import batch
from infra.local.google.control import Control
from infra.local.google.gmail import Gmail
from infra.local.google.state import State
from infra.local.google.tokens import Identity, json_body
from infra.local.google.watches import Publisher
from infra.local.google.wire import GoogleError, Reply, ok

THREADS = 16
WORTH_PACKING = 1_000  # bytes


class LocalGoogle:
    """A running stand-in.  Use as a context manager, or call close()."""

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, seed: int = 1, pubsub_url: str = ""
    ) -> None:
        """Listen at once; port 0 takes any free one.  OSError when the port is in use."""
        self.state = State(seed=seed, pubsub_url=pubsub_url.rstrip("/"))
        self._publisher = Publisher(self.state)
        self._identity = Identity(self.state)
        self._gmail = Gmail(self.state, self._publisher)
        self._control = Control(self.state, self._identity, self._publisher, lambda: self.url)
        self._server = waitress.create_server(
            self._wsgi,
            host=host,
            port=port,
            threads=THREADS,
            ident="",
            max_request_body_size=2**31,
            clear_untrusted_proxy_headers=True,
        )
        self.url = f"http://{host}:{self._server.effective_port}"
        self._thread = threading.Thread(target=self._server.run, name="local-google", daemon=True)

    def start(self) -> Self:
        """Answer requests in a thread of its own."""
        self._thread.start()
        return self

    def run(self) -> None:
        """Answer requests in this thread until it is interrupted."""
        self._server.run()

    def close(self) -> None:
        """Stop."""
        self._publisher.close()
        self._server.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        body = environ["wsgi.input"].read()
        # WSGI has decoded the path; quoting it again keeps an id with odd characters one segment.
        target = (
            quote(environ["PATH_INFO"].encode("latin-1"), safe="/@:") + "?" + environ.get("QUERY_STRING", "")
        )
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        reply = self._answer(environ["REQUEST_METHOD"], target, headers, body)
        shown = dict(reply.headers)
        content = reply.body
        if "gzip" in headers.get("accept-encoding", "") and len(content) > WORTH_PACKING:
            content, shown["Content-Encoding"] = gzip.compress(content, 1), "gzip"
        shown["Content-Length"] = str(len(content))
        start_response(f"{reply.status} {responses.get(reply.status, 'Unknown')}", list(shown.items()))
        return [content] if environ["REQUEST_METHOD"] != "HEAD" else []

    def _answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        path = target.partition("?")[0]
        if path.startswith("/control/"):
            try:
                return self._control.answer(method, path.split("/")[2:], json_body(body))
            except json.JSONDecodeError:
                return GoogleError(400, "control: the body is not JSON", "badRequest").reply()
        if method == "POST" and path in {"/batch", "/batch/gmail/v1"}:
            return batch.answer(self.state, self._gmail.call, headers, body)
        special: dict[tuple[str, str], Callable[[], Reply]] = {
            ("POST", "/token"): lambda: self._identity.token(body),
            ("GET", "/oauth2/v1/certs"): self._identity.certs,
            ("GET", "/oauth2/v3/certs"): self._identity.key_set,
            ("GET", "/healthz"): lambda: ok({"ok": True}),
        }
        answer = special.get((method, path))
        return answer() if answer else self._gmail.call(method, target, headers, body)


def serve(*, host: str = "127.0.0.1", port: int = 0, seed: int = 1, pubsub_url: str = "") -> LocalGoogle:
    """Return a local Google ready to be entered as a context manager."""
    return LocalGoogle(host=host, port=port, seed=seed, pubsub_url=pubsub_url)
