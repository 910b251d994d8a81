"""Access tokens by domain-wide delegation: the service account speaks for each account in turn."""

import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from google.auth import crypt, jwt

from shared.credentials.tokens import CachedTokens, Fresh, exchange
from shared.errors import ConfigError, Refused
from shared.gmail.transport import Sends

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
# The audience is Google's constant, wherever the request goes: Google checks exactly this.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LASTS_SEC = 3600  # of an assertion; Google allows no more


class DelegatedTokens(CachedTokens):
    """Tokens with one scope, read-only mail, for accounts of the configured domains."""

    def __init__(
        self,
        key: Mapping[str, Any],
        token_url: str,
        *,
        transport: Sends,
        domains: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*key* is the parsed key file; *clock* gives seconds since 1970.

        *domains* (lower case) are those whose accounts may be impersonated, None: any.
        """
        super().__init__(clock=clock)
        try:
            self._signer = crypt.RSASigner.from_service_account_info(dict(key))
            self._email = str(key["client_email"])
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                ["CRM_GMAIL_SA_KEY_PATH: it holds no usable private key; use Google's file unchanged"]
            ) from None
        self._token_url, self._transport, self._domains = token_url, transport, domains

    def token(self, address: str) -> str:
        """As CachedTokens; raises Refused, before anything is sent, for an address of another domain."""
        _, at, domain = address.rpartition("@")
        if self._domains is not None and not (at and domain.lower() in self._domains):
            raise Refused(
                "this account's domain is not in CRM_GMAIL_WORKSPACE_DOMAIN: no token is asked for it"
            )
        return super().token(address)

    def _ask(self, address: str, now: float) -> Fresh:
        claims = {
            "iss": self._email,
            "sub": address,
            "scope": SCOPE,
            "aud": AUDIENCE,
            "iat": int(now),
            "exp": int(now) + LASTS_SEC,
        }
        assertion = jwt.encode(self._signer, claims).decode()
        return exchange(self._transport, self._token_url, {"grant_type": GRANT, "assertion": assertion})
