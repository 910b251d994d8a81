"""How Gmail calls travel: kept-alive connections shared by all threads, a token per request."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import urllib3

from shared.errors import TryLater

CONNECT_SEC, READ_SEC = 5.0, 25.0  # below the lease of 30 s: a silent server must not cost the account
PAUSE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, read whole."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Sends(Protocol):
    """Sends one request; the real one is Transport."""

    def send(
        self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None
    ) -> Answer: ...


class Transport:
    """urllib3 with neither retries nor redirects of its own: what a failure means is decided elsewhere.

    A redirect would carry the token to wherever it points.
    """

    def __init__(self, *, connections: int = 16) -> None:
        self._http = urllib3.PoolManager(
            maxsize=connections,
            block=False,
            retries=False,
            timeout=urllib3.Timeout(connect=CONNECT_SEC, read=READ_SEC),
        )

    def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None = None) -> Answer:
        """Send and read the whole answer.  Raises TryLater when nothing whole came back."""
        try:
            response = self._http.request(method, url, headers=headers, body=body, redirect=False)
        except urllib3.exceptions.HTTPError as broken:
            # The exception's text names the URL, which may hold an address: its kind is enough.
            raise TryLater(f"no answer from Google ({type(broken).__name__})", after=PAUSE) from None
        return Answer(
            response.status, {name.lower(): value for name, value in response.headers.items()}, response.data
        )
