"""Serve an application over HTTP with waitress: it reads a request whole before a thread is spent on it."""

import logging
import socket
import time
from threading import Event
from typing import Any

from flask import Flask
from waitress.server import create_server

from shared.errors import Refused
from shared.log import logger
from watcher.web.patience import Patience

log = logger("web")

MOST_CONNECTIONS = 1000
CHANNEL_TIMEOUT_SEC = 30  # a silent client keeps its connection this long
LARGEST_HEADERS = 16 * 1024
LARGEST_BODY = 1024 * 1024
TURN_SEC = 0.25  # how soon a stop is noticed when nothing else happens
GRACE_SEC = 5.0  # for requests under way when we are told to stop

# A line for every request that waits a moment for a thread would be thousands a second, just when it is busy.
logging.getLogger("waitress.queue").setLevel(logging.ERROR)


class Server:
    """A listening server.  run() belongs to one thread; stop() may be called from any, or from a signal."""

    def __init__(self, app: Flask, *, host: str, port: int, threads: int = 8) -> None:
        """Listen at once.  Raises Refused when that is impossible: the port is taken, or not ours."""
        listening = _listen(host, port)
        self.port: int = listening.getsockname()[1]
        self._stop, self._patience, self._looked_at = Event(), Patience(), 0.0
        # Waitress's own run() drops answers under way when it is stopped, so its loop is turned here.
        self._connections: dict[int, Any] = {}
        self._server = create_server(
            app,
            map=self._connections,
            sockets=[listening],
            threads=threads,
            ident="",
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=CHANNEL_TIMEOUT_SEC,
            cleanup_interval=5,
            max_request_header_size=LARGEST_HEADERS,
            max_request_body_size=LARGEST_BODY,
            clear_untrusted_proxy_headers=True,
        )

    def run(self) -> None:
        """Serve until stop(); requests under way get a few seconds to be answered."""
        try:
            while not self._stop.is_set():
                self._turn()
            self._stop_listening()
            deadline = time.monotonic() + GRACE_SEC
            while self._busy() and time.monotonic() < deadline:
                self._turn()
        finally:
            self._close()

    def stop(self) -> None:
        """Make run() return soon.  Safe to repeat."""
        self._stop.set()

    def _turn(self) -> None:
        """Accept, read and write whatever is ready, waiting for it a moment at most."""
        self._server.asyncore.loop(timeout=TURN_SEC, map=self._connections, use_poll=True, count=1)
        now = time.monotonic()
        if now - self._looked_at >= 1:
            self._looked_at = now
            if ended := self._patience.end(list(self._server.active_channels.values()), now):
                log.warning("web.too-slow", connections=ended)

    def _stop_listening(self) -> None:
        self._server.asyncore.dispatcher.close(self._server)

    def _busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)

    def _close(self) -> None:
        self._server.task_dispatcher.shutdown(timeout=1)
        self._server.asyncore.close_all(self._connections, ignore_all=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, OverflowError) as failed:
        why = getattr(failed, "strerror", None) or str(failed)
        raise Refused(f"cannot listen on {host}:{port} ({why}): choose another --port or --host") from None
