"""Access tokens by domain-wide delegation: the service account speaks for each account in turn."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from google.auth import crypt, jwt

from shared.errors import MailroomError, TryLater
from shared.gmail.failures import token_failure
from shared.gmail.transport import Sends

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
# The audience is Google's constant, wherever the request goes: Google checks exactly this.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

EARLY_SEC = 240.0  # a token is replaced this long before its end
LASTS_SEC = 3600  # of an assertion; Google allows no more
DEAD_SEC = 60.0  # a refused account asks again at most this often


class _Token(msgspec.Struct):
    access_token: str
    expires_in: int = 3599


@dataclass(slots=True)
class _Slot:
    """What is known of one account's token."""

    lock: threading.Lock
    token: str = ""
    good_until: float = 0.0
    refused: MailroomError | None = None
    ask_again_at: float = 0.0


class DelegatedTokens:
    """Tokens of all accounts, kept until shortly before they end; one request at a time for each account."""

    def __init__(
        self,
        key: Mapping[str, Any],
        token_url: str,
        *,
        transport: Sends,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*key* is the parsed key file; *clock* gives seconds since 1970."""
        self._signer = crypt.RSASigner.from_service_account_info(dict(key))
        self._email = str(key["client_email"])
        self._token_url, self._transport, self._clock = token_url, transport, clock
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()

    def token(self, address: str) -> str:
        """Return a live access token.  Raises what the token endpoint's refusal means."""
        slot = self._slot(address)
        with slot.lock:
            now = self._clock()
            if now < slot.good_until:
                return slot.token
            if slot.refused is not None and now < slot.ask_again_at:
                raise slot.refused
            self._renew(slot, address, now)
            return slot.token

    def forget(self, address: str) -> None:
        """Drop a token Gmail no longer accepts; the next call asks for a new one."""
        slot = self._slot(address)
        with slot.lock:
            slot.good_until = 0.0

    def _slot(self, address: str) -> _Slot:
        with self._lock:
            return self._slots.setdefault(address, _Slot(threading.Lock()))

    def _renew(self, slot: _Slot, address: str, now: float) -> None:
        try:
            answer = self._ask(address, now)
        except MailroomError as refused:
            slot.refused = refused
            slot.ask_again_at = now + (
                refused.after.total_seconds() if isinstance(refused, TryLater) else DEAD_SEC
            )
            raise
        slot.token, slot.refused = answer.access_token, None
        slot.good_until = now + max(answer.expires_in - EARLY_SEC, 0)

    def _ask(self, address: str, now: float) -> _Token:
        """Exchange an assertion for a token.  Neither of them, nor the answer, ever reaches a log."""
        claims = {
            "iss": self._email, "sub": address, "scope": SCOPE, "aud": AUDIENCE,
            "iat": int(now), "exp": int(now) + LASTS_SEC,
        }  # fmt: skip
        assertion = jwt.encode(self._signer, claims).decode()
        answer = self._transport.send(
            "POST",
            self._token_url,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode({"grant_type": GRANT, "assertion": assertion}).encode(),
        )
        if answer.status != 200:  # noqa: PLR2004 - HTTP's OK
            raise token_failure(answer.status, answer.body)
        try:
            return msgspec.json.decode(answer.body, type=_Token)
        except msgspec.MsgspecError:
            raise token_failure(503, b"") from None
