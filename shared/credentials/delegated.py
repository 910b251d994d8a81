"""Access tokens by domain-wide delegation: the service account speaks for each account in turn."""

import time
from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from typing import Any

from google.auth import crypt, jwt

from shared.credentials.tokens import CachedTokens, Fresh, exchange
from shared.errors import ConfigError, OperatorMustAct, Refused
from shared.gmail.transport import Sends

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
# The audience is Google's constant, wherever the request goes: Google checks exactly this.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LASTS_SEC = 3600  # of an assertion; Google allows no more


class ForeignDomain(Refused, OperatorMustAct):
    """Nobody may be impersonated there: whoever asks is refused, an account captured before is stopped."""


class AssertedTokens(CachedTokens):
    """Tokens with one scope, read-only mail, for accounts of the configured domains.

    Who signs the assertions is a subclass.
    """

    def __init__(
        self,
        email: str,
        token_url: str,
        *,
        transport: Sends,
        domains: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*email* is the service account's; *clock* gives seconds since 1970.

        *domains* (lower case) are those whose accounts may be impersonated, None: any.
        """
        super().__init__(clock=clock)
        self._email, self._token_url, self._transport, self._domains = email, token_url, transport, domains

    @abstractmethod
    def _sign(self, claims: Mapping[str, str | int]) -> str:
        """Return the claims as a JWT signed by the service account."""

    def token(self, address: str) -> str:
        """As CachedTokens.  Raises ForeignDomain, and sends nothing, for an address of another domain."""
        _, at, domain = address.rpartition("@")
        if self._domains is not None and not (at and domain.lower() in self._domains):
            raise ForeignDomain(
                "this account's domain is not in CRM_GMAIL_WORKSPACE_DOMAIN: no token is asked for it; "
                "add the domain, or remove the account"
            )
        return super().token(address)

    def _ask(self, address: str, now: float) -> Fresh:
        assertion = self._sign(claims(self._email, address, now))
        return exchange(self._transport, self._token_url, {"grant_type": GRANT, "assertion": assertion})


def claims(issuer: str, subject: str, now: float) -> dict[str, str | int]:
    """Return what an assertion says: *issuer* acts for *subject*, from *now* (seconds since 1970)."""
    return {
        "iss": issuer,
        "sub": subject,
        "scope": SCOPE,
        "aud": AUDIENCE,
        "iat": int(now),
        "exp": int(now) + LASTS_SEC,
    }


class DelegatedTokens(AssertedTokens):
    """Tokens by a service account whose key lies in a file of ours."""

    def __init__(
        self,
        key: Mapping[str, Any],
        token_url: str,
        *,
        transport: Sends,
        domains: Collection[str] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*key* is the parsed key file; the others are those of AssertedTokens."""
        try:
            self._signer = crypt.RSASigner.from_service_account_info(dict(key))
            email = str(key["client_email"])
        except (ValueError, KeyError, TypeError):
            raise ConfigError(
                ["CRM_GMAIL_SA_KEY_PATH: it holds no usable private key; use Google's file unchanged"]
            ) from None
        super().__init__(email, token_url, transport=transport, domains=domains, clock=clock)

    def _sign(self, claims: Mapping[str, str | int]) -> str:
        return str(jwt.encode(self._signer, claims).decode())
