"""The HTTP server: one address for the API, batches, tokens, certificates and the control side."""

import gzip
import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.client import responses
from types import TracebackType
from typing import Any, Self

import waitress

from infra.local.google import batch, faults
from infra.local.google.auth import Auth
from infra.local.google.control import PREFIX, Control
from infra.local.google.errors import GoogleError, backend_error
from infra.local.google.gmail import Gmail
from infra.local.google.identity import Identity
from infra.local.google.publisher import Publisher
from infra.local.google.state import State
from infra.local.google.wire import Reply, no_such_path, ok, refused

THREADS = 16
MOST_CONNECTIONS = 2_000  # more than all pools of all tests' processes; beyond it new ones wait
LARGEST_BODY = 2**31  # bytes: thousands of messages are loaded in one call
STOP_SEC = 5.0
CUT = 1_000  # bytes that are promised and never come when a line is cut


class LocalGoogle:
    """A running stand-in.  Use as a context manager, or start() and close()."""

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, seed: int = 1, pubsub_url: str = ""
    ) -> None:
        """Listen at once; port 0 takes any free one.  OSError when the port is in use."""
        # Sixteen busy threads are no news worth a line each.
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        self._sockets: dict[int, Any] = {}
        self._server = waitress.create_server(
            self._wsgi,
            host=host,
            port=port,
            map=self._sockets,
            threads=THREADS,
            connection_limit=MOST_CONNECTIONS,
            ident="",
            max_request_body_size=LARGEST_BODY,
            clear_untrusted_proxy_headers=True,
        )
        self.url = f"http://{host}:{self._server.effective_port}"
        self.state = State(seed=seed, pubsub_url=pubsub_url.rstrip("/"))
        self._publisher = Publisher(self.state)
        self._identity = Identity(f"{self.url}/token")
        self._gmail = Gmail(self.state, self._publisher)
        self._auth = Auth(self.state, self._identity)
        self._control = Control(self.state, self._identity, self._publisher, lambda: self.url)
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Answer requests in a thread of its own."""
        self._thread = threading.Thread(target=self._server.run, name="local-google", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Answer requests in this thread until it is interrupted."""
        self._server.run()

    def close(self) -> None:
        """Stop; a second time does nothing."""
        self._publisher.close()
        if self._thread is not None:
            # Sockets belong to the serving thread: ask it to close them, and it runs out of work.
            with suppress(OSError):  # its loop has ended by itself, and took the trigger with it
                self._server.trigger.pull_trigger(self._close_sockets)
            self._thread.join(STOP_SEC)
            self._thread = None
        self._close_sockets()
        self._server.task_dispatcher.shutdown()

    def _close_sockets(self) -> None:
        for one in list(self._sockets.values()):
            one.close()
        self._sockets.clear()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        # The target as it was sent: an encoded slash in an id must not become two segments.
        target, verb = str(environ["REQUEST_URI"]), str(environ["REQUEST_METHOD"])
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): str(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name == "CONTENT_TYPE"
        }
        try:
            reply = self._answer(verb, target, headers, environ["wsgi.input"].read())
        except Exception:  # noqa: BLE001 - a fault of ours: tell the operator and answer like Google
            traceback.print_exc(file=sys.stderr)
            reply = refused(backend_error())
        if reply.seconds and not reply.drip:
            time.sleep(reply.seconds)
        reply = packed(reply, headers.get("accept-encoding", ""))
        shown = {**reply.headers, "Content-Length": str(len(reply.body))}
        if reply.status == 204:  # noqa: PLR2004 - no content, and so no length
            del shown["Content-Length"]
        if reply.cut is not None:  # more is promised than comes, and the server closes the line
            shown["Content-Length"] = str(len(reply.body) + CUT)
        start_response(f"{reply.status} {responses.get(reply.status, 'Unknown')}", list(shown.items()))
        if verb == "HEAD":
            return []
        if reply.drip:
            return _drops(reply)
        return [reply.body[: reply.cut]]

    def _answer(self, verb: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        path = target.partition("?")[0]
        if path.startswith(PREFIX):
            return self._control.answer(verb, path, body)
        if verb == "POST" and path in batch.PATHS:
            return self._spoiled("batch", lambda: batch.answer(self.state, self._gmail.call, headers, body))
        if (verb, path) == ("POST", "/token"):
            return self._spoiled("token", lambda: self._auth.answer(verb, target, headers, body))
        asked = self._auth.answer(verb, target, headers, body)
        if asked is not None:
            return asked
        special: dict[tuple[str, str], Callable[[], Reply]] = {
            ("GET", "/healthz"): lambda: ok({"ok": True}),
        }
        answer = special.get((verb, path))
        return answer() if answer else self._gmail.call(verb, target, headers, body)

    def _spoiled(self, what: str, answer: Callable[[], Reply | None]) -> Reply:
        """Answer a call that is none of Gmail's methods, with the fault that is on order for it."""
        with self.state.lock:
            fault = self.state.faults.for_call(what, "")
            now = self.state.now()
        if fault is None:
            return answer() or no_such_path(what)
        try:
            faults.refuse(fault, now)
        except GoogleError as error:
            return refused(error)
        if fault.effect in faults.BEFORE:
            return faults.instead(fault)
        return faults.spoiled(fault, answer() or no_such_path(what))


def _drops(reply: Reply) -> Iterator[bytes]:
    """The body in ten pieces, with pauses that add up."""
    piece = max(len(reply.body) // 10, 1)
    for start in range(0, len(reply.body), piece):
        time.sleep(reply.seconds / 10)
        yield reply.body[start : start + piece]


def packed(reply: Reply, accepted: str) -> Reply:
    """Return the reply gzipped when the client asked for it, as Google does with everything it says."""
    if "gzip" not in accepted.lower() or not reply.body:
        return reply
    headers = {**reply.headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return replace(reply, body=gzip.compress(reply.body, 1), headers=headers)


def serve(*, host: str = "127.0.0.1", port: int = 0, seed: int = 1, pubsub_url: str = "") -> LocalGoogle:
    """Return a local Google ready to be entered as a context manager."""
    return LocalGoogle(host=host, port=port, seed=seed, pubsub_url=pubsub_url)
