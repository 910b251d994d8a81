"""Google's public keys: fetched when needed, cached as told, kept when Google cannot be reached."""

import re
import threading
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import urllib3
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from shared.errors import KeysUnavailable, NotAuthentic

# Asked again no sooner than this, whatever tokens come in: an unknown key id costs a sender nothing.
PAUSE = timedelta(seconds=60)
PAUSE_AFTER_FAILURE = timedelta(seconds=5)  # a minute of refusals would be too much for one lost answer
LONGEST_CACHED = timedelta(days=1)  # Google says about six hours
USUALLY_CACHED = timedelta(hours=1)  # when the answer does not say
WAIT_FOR_OTHERS = 2.0  # seconds a request waits for a fetch that another one has begun
LARGEST_ANSWER = 1 << 20  # bytes; Google's is about 2 KiB
SMALLEST_KEY = 2048  # bits


@dataclass(frozen=True, slots=True)
class Answer:
    """What the certificate endpoint said."""

    body: bytes
    cache_control: str = ""  # the header


NEVER = datetime.min.replace(tzinfo=UTC)

Fetch = Callable[[str], Answer]  # url → answer; raises anything when there is none


def http_fetch(url: str) -> Answer:
    """GET *url* within seconds and without following redirects.  Raises KeysUnavailable or HTTPError."""
    timeout = urllib3.Timeout(connect=2, read=3)
    with urllib3.PoolManager(num_pools=1, retries=False, timeout=timeout) as http:
        answer = http.request("GET", url, redirect=False, preload_content=False)
        if answer.status != 200:  # noqa: PLR2004
            raise KeysUnavailable(f"the certificate endpoint answered {answer.status}")
        return Answer(answer.read(LARGEST_ANSWER), answer.headers.get("Cache-Control", ""))


@dataclass(frozen=True, slots=True)
class _Known:
    """One state of the cache, replaced as a whole so that readers need no lock."""

    keys: Mapping[str, RSAPublicKey] = field(default_factory=dict)
    fresh_until: datetime = NEVER
    asked_at: datetime = NEVER  # the last attempt, whether it worked or not
    failed: bool = False  # that attempt


class PushKeys:
    """The keys by their id.  Safe to share between threads."""

    def __init__(self, certs_url: str, *, now: Callable[[], datetime], fetch: Fetch) -> None:
        self._url, self._now, self._fetch = certs_url, now, fetch
        self._known = _Known()
        self._fetching = threading.Lock()

    def find(self, key_id: str) -> RSAPublicKey:
        """Return the key.  Raises NotAuthentic when Google has none such, KeysUnavailable when unknowable."""
        known = self._known
        if key_id not in known.keys:
            known = self._refresh(known, wait=WAIT_FOR_OTHERS)
        elif self._now() >= known.fresh_until:
            # The first to come asks; the others, and all while Google is down, go on with what we have.
            known = self._refresh(known, wait=0)
        if (key := known.keys.get(key_id)) is not None:
            return key
        if known.failed:
            raise KeysUnavailable("Google's keys cannot be fetched right now")
        raise NotAuthentic("signed with a key that is not Google's")

    def _refresh(self, seen: _Known, *, wait: float) -> _Known:
        """Return the newest state, after asking if nobody did since *seen* nor within the pause."""
        if not (self._fetching.acquire(timeout=wait) if wait else self._fetching.acquire(blocking=False)):
            if wait:
                raise KeysUnavailable("Google's keys are being fetched")
            return seen
        try:
            pause = PAUSE_AFTER_FAILURE if seen.failed else PAUSE
            # abs: a clock that was set back must not silence us.
            if self._known is seen and abs(self._now() - seen.asked_at) >= pause:
                self._known = self._ask(seen)
            return self._known
        finally:
            self._fetching.release()

    def _ask(self, before: _Known) -> _Known:
        now = self._now()
        try:
            answer = self._fetch(self._url)
            keys = parse_keys(answer.body)
        except Exception:  # noqa: BLE001 - whatever it was, the keys we have stay good
            return _Known(before.keys, before.fresh_until, asked_at=now, failed=True)
        return _Known(keys, fresh_until=now + cached_for(answer.cache_control), asked_at=now)


def cached_for(cache_control: str) -> timedelta:
    """Return how long an answer with this Cache-Control header may be used."""
    if "no-store" in cache_control.lower() or "no-cache" in cache_control.lower():
        return PAUSE
    if (told := re.search(r"max-age=([0-9]{1,9})(?![0-9])", cache_control, re.IGNORECASE)) is None:
        return USUALLY_CACHED
    return min(max(timedelta(seconds=int(told[1])), PAUSE), LONGEST_CACHED)


def parse_keys(body: bytes) -> dict[str, RSAPublicKey]:
    """Read `{"id": "PEM certificate"}` (oauth2/v1/certs) or a JWK set (oauth2/v3/certs).

    A key that is no RSA key of a decent size is left out.  Raises ValueError when none is left.
    """
    document = msgspec.json.decode(body, type=dict[str, Any])
    listed = document.get("keys")
    found = _from_jwks(listed) if isinstance(listed, list) else _from_pems(document)
    keys = {
        key_id: key
        for key_id, key in found.items()
        if isinstance(key, RSAPublicKey) and key.key_size >= SMALLEST_KEY
    }
    if not keys:
        raise ValueError("no usable key")
    return keys


def _from_pems(document: dict[str, Any]) -> dict[str, object]:
    return {key_id: _from_pem(pem.encode()) for key_id, pem in document.items() if isinstance(pem, str)}


def _from_pem(pem: bytes) -> object:
    try:
        if b"CERTIFICATE" in pem:
            return x509.load_pem_x509_certificate(pem).public_key()
        return load_pem_public_key(pem)
    except Exception:  # noqa: BLE001 - one key we cannot read must not cost us the others
        return None


def _from_jwks(listed: list[Any]) -> dict[str, object]:
    return {
        jwk["kid"]: _from_jwk(jwk)
        for jwk in listed
        if isinstance(jwk, dict) and isinstance(jwk.get("kid"), str)
    }


def _from_jwk(jwk: dict[str, Any]) -> object:
    if jwk.get("kty") != "RSA" or jwk.get("use", "sig") != "sig" or jwk.get("alg", "RS256") != "RS256":
        return None
    try:
        return RSAPublicNumbers(e=_number(jwk["e"]), n=_number(jwk["n"])).public_key()
    except Exception:  # noqa: BLE001 - as above
        return None


def _number(text: str) -> int:
    return int.from_bytes(urlsafe_b64decode(text + "=" * (-len(text) % 4)), "big")
