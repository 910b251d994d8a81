"""How Gmail calls travel: kept-alive connections shared by all threads, a token per request."""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

import urllib3

from shared.errors import CallerBug, Unanswered

NEVER_AGAIN = urllib3.Retry(total=False, redirect=0)
PAUSE = timedelta(seconds=2)
CHUNK = 256 * 1024
# They log paths, which hold addresses, some of them as warnings.
for name in ("urllib3.connection", "urllib3.connectionpool", "urllib3.response"):
    logging.getLogger(name).setLevel(logging.ERROR)

# Google packs answers only for clients that also say so here.
AGENT = "mailroom (gzip)"


class TooLarge(CallerBug):
    """The answer is larger than this process is willing to hold: ask for less at a time."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: Mapping[str, str] = field(repr=False)  # names in lower case
    body: bytes = field(repr=False)  # may be mail or a token: never shown


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to wait (seconds) and how much to take (bytes, unpacked)."""

    connect: float = 5.0
    read: float = (
        25.0  # for the next bytes; below the lease of 28 s: a silent server must not cost the account
    )
    whole: float = 60.0  # for all of it: an answer that drips byte by byte is not waited for
    size: int = 160 * 1024 * 1024  # a message of the largest size Gmail takes, as base64, twice


LIMITS = Limits()


class Sends(Protocol):
    """Sends one request; the real one is Transport."""

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        most: int | None = None,
    ) -> Answer:
        """Send and read the whole answer, whatever its status; *most* bytes of it, unpacked."""
        ...


class Transport:
    """urllib3 with neither retries nor redirects of its own: what a failure means is decided elsewhere.

    A redirect would carry the token to wherever it points, so it is an answer like any other.
    """

    def __init__(
        self,
        *,
        connections: int = 16,
        limits: Limits = LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*connections* are kept open for each host; more may be open for a moment."""
        self._http = urllib3.PoolManager(
            maxsize=connections, timeout=urllib3.Timeout(connect=limits.connect, read=limits.read)
        )
        self._pools: dict[str, urllib3.HTTPConnectionPool] = {}  # by "https://host:port"
        self._limits, self._clock = limits, clock

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None = None,
        most: int | None = None,
    ) -> Answer:
        """Send and read the whole answer.

        Raises Unanswered when nothing whole came back, and TooLarge above *most* bytes, as soon as
        they are exceeded.
        """
        until = self._clock() + self._limits.whole
        origin, target = _split(url)
        try:
            response = self._pool(origin).urlopen(
                method,
                target or "/",
                body,
                {"User-Agent": AGENT} | headers,
                NEVER_AGAIN,
                redirect=False,
                preload_content=False,
            )
            try:
                content = self._content(response, until, min(most or self._limits.size, self._limits.size))
            except BaseException:
                response.close()  # half read: the connection is of no further use
                raise
            response.release_conn()
        except urllib3.exceptions.HTTPError as broken:
            # The exception's text names the URL, which holds an address: its kind is enough.
            raise Unanswered(f"no whole answer from Google ({type(broken).__name__})", after=PAUSE) from None
        named = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, named, content)

    def _pool(self, origin: str) -> urllib3.HTTPConnectionPool:
        """Return the connections to one place; finding them by URL each time costs a fifth of a call."""
        if origin not in self._pools:
            self._pools[origin] = self._http.connection_from_url(origin)
        return self._pools[origin]

    def _content(self, response: urllib3.BaseHTTPResponse, until: float, most: int) -> bytes:
        pieces, size = list[bytes](), 0
        while piece := response.read1(CHUNK):
            pieces.append(piece)
            size += len(piece)
            if size > most:
                raise TooLarge(f"an answer from Google is larger than {most} bytes")
            if self._clock() > until:
                raise Unanswered("Google's answer came too slowly", after=PAUSE)
        return b"".join(pieces)

    def close(self) -> None:
        """Close the idle connections."""
        self._pools.clear()
        self._http.clear()


def _split(url: str) -> tuple[str, str]:
    """Return ("https://host:port", "/path?query")."""
    end = url.find("/", url.find("://") + 3)
    return (url, "") if end < 0 else (url[:end], url[end:])
