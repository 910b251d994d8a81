"""Serve an application over HTTP with waitress: it reads a request whole before a thread is spent on it."""

from flask import Flask
from waitress.server import create_server

from shared.errors import Refused


class Server:
    """A listening server."""

    def __init__(self, app: Flask, *, host: str, port: int, threads: int = 8) -> None:
        """Listen at once.  Raises Refused when the port is taken."""
        try:
            self._server = create_server(
                app,
                host=host,
                port=port,
                threads=threads,
                ident="",
                channel_timeout=30,  # seconds a silent client keeps its connection
                max_request_header_size=16 * 1024,
                max_request_body_size=1024 * 1024,
                clear_untrusted_proxy_headers=True,
            )
        except OSError as taken:
            raise Refused(
                f"cannot listen on {host}:{port} ({taken.strerror}): choose another --port"
            ) from None
        self.port: int = self._server.effective_port

    def run(self) -> None:
        """Serve until close() or an interrupt."""
        self._server.run()

    def close(self) -> None:
        """Stop listening; requests under way are finished."""
        self._server.close()
