"""Get the ID tokens that pushes are signed with from the local Google, one an hour."""

import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable

import msgspec
import urllib3

MARGIN = 300.0  # seconds before its end at which a token is replaced


class _Claims(msgspec.Struct):
    exp: float


def signer(google_url: str, *, audience: str, service_account: str) -> Callable[[], str]:
    """Return a function that gives a token good for at least some minutes.  Safe to share between threads.

    The function raises when the local Google does not answer.
    """
    lock = threading.Lock()
    held = ("", 0.0)  # token, when to replace it (epoch seconds)

    def sign() -> str:
        nonlocal held
        with lock:
            if time.time() >= held[1]:
                token = _fetch(google_url, audience, service_account)
                held = (token, _expires(token) - MARGIN)
            return held[0]

    return sign


def _fetch(google_url: str, audience: str, email: str) -> str:
    answer = urllib3.request(
        "POST",
        f"{google_url.rstrip('/')}/control/id-tokens",
        json={"audience": audience, "email": email},
        retries=False,
        timeout=5,
    )
    if answer.status >= 300:  # noqa: PLR2004
        raise RuntimeError(f"the local Google answered {answer.status} when asked for an ID token")
    token: str = msgspec.json.decode(answer.data, type=dict[str, str])["token"]
    return token


def _expires(token: str) -> float:
    payload = token.split(".")[1]
    return msgspec.json.decode(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims).exp
