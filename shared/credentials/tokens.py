"""Access tokens of all accounts, kept until shortly before they end.  Where they come from is a subclass."""

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from urllib.parse import urlencode

import msgspec

from shared.errors import CredentialRefused, MailroomError, TryLater
from shared.gmail.token_failures import token_failure
from shared.gmail.transport import Sends

EARLY_SEC = 240.0  # a token is replaced this long before its end
DEAD_SEC = 60.0  # what was refused asks again at most this often
OK = 200


class Fresh(msgspec.Struct, rename={"token": "access_token"}):
    """What a token endpoint gave."""

    token: str
    expires_in: float = 3599  # seconds

    def __repr__(self) -> str:
        return "Fresh(...)"


@dataclass(slots=True)
class _Refusal:
    """A refusal that stands until it is time to ask again: asking a dead credential helps nobody."""

    error: MailroomError | None = None
    until: float = 0.0

    def note(self, error: MailroomError, now: float) -> None:
        self.until = now + (error.after.total_seconds() if isinstance(error, TryLater) else DEAD_SEC)
        self.error = error

    def check(self, now: float) -> None:
        if self.error is not None and now < self.until:
            raise self.error.with_traceback(None)


@dataclass(slots=True)
class _Slot:
    """What is known of one account's token."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    token: str = field(default="", repr=False)
    good_until: float = 0.0
    refusal: _Refusal = field(default_factory=_Refusal)


class CachedTokens(ABC):
    """One request at a time for each account; accounts do not wait for each other."""

    def __init__(self, *, clock: Callable[[], float] = time.time) -> None:
        """*clock* gives seconds since 1970."""
        self._clock = clock
        self._slots: dict[str, _Slot] = {}
        self._lock = threading.Lock()
        self._credential = _Refusal()  # of what all accounts here share
        self._probe = threading.Lock()

    @abstractmethod
    def _ask(self, address: str, now: float) -> Fresh:
        """Get a new token; raises what the refusal means."""

    def token(self, address: str) -> str:
        """Return a live access token.  Raises what the token endpoint's refusal means.

        A refusal is remembered for a minute: the account's own for this account, the credential's for all.
        """
        slot = self._slot(address)
        with slot.lock:
            now = self._clock()
            if now < slot.good_until:
                return slot.token
            slot.refusal.check(now)
            self._ask_in_turn(slot, address)
            return slot.token

    def forget(self, address: str) -> None:
        """Drop a token Gmail no longer accepts; the next call asks for a new one."""
        slot = self._slot(address)
        with slot.lock:
            slot.good_until = 0.0

    def reconnected(self, address: str) -> None:
        """Forget that an account was refused: it has another grant by now."""
        slot = self._slot(address)
        with slot.lock:
            slot.refusal.error = None

    def _slot(self, address: str) -> _Slot:
        with self._lock:
            return self._slots.setdefault(address, _Slot())

    def _ask_in_turn(self, slot: _Slot, address: str) -> None:
        """Ask; while the credential is refused one asks for all, and the others hear what it was told."""
        with self._probe if self._credential.error else nullcontext():
            now = self._clock()
            self._credential.check(now)
            self._renew(slot, address, now)

    def _renew(self, slot: _Slot, address: str, now: float) -> None:
        try:
            fresh = self._ask(address, now)
        except MailroomError as refused:
            (self._credential if isinstance(refused, CredentialRefused) else slot.refusal).note(refused, now)
            raise
        slot.token, slot.refusal.error, self._credential.error = fresh.token, None, None
        # A short-lived token is used once rather than never.
        slot.good_until = now + max(fresh.expires_in - EARLY_SEC, 0)


def exchange(transport: Sends, url: str, form: dict[str, str]) -> Fresh:
    """Ask a token endpoint.  Neither what was sent nor what came back ever reaches a log or an error."""
    answer = transport.send(
        "POST",
        url,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(form).encode(),
    )
    if answer.status != OK:
        raise token_failure(answer.status, answer.body)
    return usable(answer.body, "Google's token endpoint")


def usable(body: bytes, whose: str) -> Fresh:
    """Read a token out of an answer; TryLater names *whose* it was when there is none that could be sent."""
    try:
        fresh = msgspec.json.decode(body, type=Fresh, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        fresh = Fresh("")
    if not fresh.token or not (fresh.token.isascii() and fresh.token.isprintable()):
        raise TryLater(f"{whose} answered without a usable token", after=timedelta(seconds=5))
    return fresh
