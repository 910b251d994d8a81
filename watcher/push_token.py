"""Verify that Pub/Sub sent a push: its OIDC token must be Google's, for us, and from our service account.

Written against RFC 7515 and 7519 with the one algorithm Google uses, because the ready-made
verifiers check neither e-mail nor issuer, or fetch the certificates for every request.
What fails never quotes the token: not in an error's text, and so in no log.
"""

import hashlib
import threading
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from shared.errors import ConfigError, KeysUnavailable, NotAuthentic
from watcher.push_keys import Fetch, PushKeys, http_fetch

GOOGLE_ISSUERS = ("https://accounts.google.com", "accounts.google.com")
LEEWAY = 60  # seconds by which the clocks may differ
LONGEST_HEADER = 8192  # bytes of the Authorization header
REMEMBERED = 1024  # tokens; Pub/Sub uses one for up to an hour, over all pushes of a subscription
REMEMBERED_FOR = 3600  # seconds at most, then the signature is checked again


def _utc_now() -> datetime:
    return datetime.now(UTC)


class PushTokens:
    """Who may push to us.  Safe to share between threads."""

    def __init__(  # noqa: PLR0913 - each is one thing that must be right
        self,
        *,
        audience: str,
        service_account: str,
        certs_url: str,
        issuers: Iterable[str] = GOOGLE_ISSUERS,
        now: Callable[[], datetime] = _utc_now,
        fetch: Fetch = http_fetch,
    ) -> None:
        self._audience, self._service_account = audience, service_account
        self._issuers, self._now = frozenset(issuers), now
        self._refuse_empty_settings(certs_url)
        self._keys = PushKeys(certs_url, now=now, fetch=fetch)
        self._verified: dict[bytes, float] = {}  # digest of a token → until when it is good, oldest first
        self._lock = threading.Lock()

    def _refuse_empty_settings(self, certs_url: str) -> None:
        """A check against nothing lets everybody in."""
        settings = {
            "CRM_GMAIL_PUSH_AUDIENCE": [self._audience],
            "CRM_GMAIL_PUSH_SERVICE_ACCOUNT": [self._service_account],
            "CRM_GMAIL_PUSH_ISSUER": self._issuers,
            "CRM_GMAIL_PUSH_CERTS_URL": [certs_url],
        }
        problems = [
            f"{name} is empty: no push could be trusted"
            for name, values in settings.items()
            if not values or not all(value.strip() for value in values)
        ]
        if problems:
            raise ConfigError(problems)

    def verify(self, authorization: str | None) -> None:
        """Return when the Authorization header proves a push to be ours.

        Raises NotAuthentic (answer 401) when it does not, KeysUnavailable (answer 503) when
        that cannot be told right now; their texts are fixed phrases.
        """
        token = _bearer(authorization)
        digest = hashlib.sha256(token).digest()
        if self._is_remembered(digest):
            return
        try:
            expires: float | None = self._check(token)
        except (NotAuthentic, KeysUnavailable):
            raise
        except Exception:  # noqa: BLE001 - hostile input may raise anything; its text quotes the token
            expires = None
        if expires is None:
            raise NotAuthentic("the token cannot be read")
        self._remember(digest, expires)

    def _check(self, token: bytes) -> float:
        """Check signature, then claims.  Return the time (epoch seconds) from which the token is void."""
        signed, dot, signature = token.rpartition(b".")
        header, second_dot, payload = signed.partition(b".")
        if not (dot and second_dot) or b"." in payload:
            raise NotAuthentic("not a signed token")
        try:
            self._keys.find(_key_id(_json(header))).verify(_decode(signature), signed, PKCS1v15(), SHA256())
        except InvalidSignature:
            raise NotAuthentic("the signature is wrong") from None
        return self._check_claims(_json(payload))

    def _check_claims(self, claims: dict[str, Any]) -> float:
        issued, expires = _seconds(claims.get("iat")), _seconds(claims.get("exp"))
        not_before = _seconds(claims.get("nbf", issued))
        now = self._now().timestamp()
        rules = (
            (_text(claims.get("iss")) in self._issuers, "another issuer"),
            (_text(claims.get("aud")) == self._audience, "for another audience"),
            (_text(claims.get("email")) == self._service_account, "from another service account"),
            (claims.get("email_verified") is True, "its e-mail address is not verified"),
            (max(issued, not_before) - LEEWAY <= now, "not valid yet"),
            (now < expires + LEEWAY, "expired"),
        )
        for kept, broken in rules:
            if not kept:
                raise NotAuthentic(broken)
        return expires + LEEWAY

    def _is_remembered(self, digest: bytes) -> bool:
        with self._lock:
            good_until = self._verified.get(digest)
            return good_until is not None and self._now().timestamp() < good_until

    def _remember(self, digest: bytes, expires: float) -> None:
        with self._lock:
            self._verified.pop(digest, None)
            self._verified[digest] = min(expires, self._now().timestamp() + REMEMBERED_FOR)
            while len(self._verified) > REMEMBERED:
                del self._verified[next(iter(self._verified))]


def _bearer(authorization: str | None) -> bytes:
    if authorization is None:
        raise NotAuthentic("no Authorization header")
    if len(authorization) > LONGEST_HEADER:
        raise NotAuthentic("the Authorization header is too long")
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token.isascii():
        raise NotAuthentic("not a bearer token")
    return token.encode()


def _key_id(header: dict[str, Any]) -> str:
    if header.get("alg") != "RS256":
        raise NotAuthentic("signed in another way than RS256")
    if "crit" in header:  # RFC 7515, 4.1.11: what is critical and not understood must be refused
        raise NotAuthentic("the token demands an extension")
    if str(header.get("typ", "JWT")).upper() != "JWT":
        raise NotAuthentic("another type of token")
    if not (key_id := _text(header.get("kid"))):
        raise NotAuthentic("no key is named")
    return key_id


def _json(part: bytes) -> dict[str, Any]:
    return msgspec.json.decode(_decode(part), type=dict[str, Any])


def _decode(part: bytes) -> bytes:
    """Decode base64url without padding; one spelling only, or a token would have many digests."""
    raw = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if urlsafe_b64encode(raw).rstrip(b"=") != part:
        raise NotAuthentic("not a signed token")
    return raw


def _text(value: object) -> str:
    """A claim of any other type equals nothing we expect: our settings are never empty."""
    return value if isinstance(value, str) else ""


def _seconds(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NotAuthentic("a time is missing")
    return float(value)
