"""Access by a person's own consent: where to send them, what comes back, and tokens from then on.

Least scope, offline, with PKCE (Google: "Using OAuth 2.0 for Web Server Applications").
"""

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec

from shared.credentials.sealing import Sealer
from shared.credentials.tokens import CachedTokens, Fresh, exchange
from shared.errors import Reconnect
from shared.gmail.token_failures import token_failure
from shared.gmail.transport import Sends

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
OK = 200


@dataclass(frozen=True, slots=True)
class App:
    """The OAuth client of this installation, and where Google answers."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    auth_url: str
    token_url: str
    revoke_url: str


class Granted(msgspec.Struct, frozen=True):
    """What a code was exchanged for."""

    access_token: str
    refresh_token: str = ""
    scope: str = ""  # separated by blanks; a person may have unticked some

    def __repr__(self) -> str:
        return f"Granted(scope={self.scope!r})"


@dataclass(frozen=True, slots=True)
class Sealed:
    """An account's refresh token as it is kept."""

    account_id: int
    text: str = field(repr=False)


def verifier(secret: str, state: str) -> str:
    """Derive the PKCE verifier from what only the browser holds: nothing of it has to be stored."""
    digest = hmac.new(secret.encode(), b"pkce|" + state.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def authorization_url(app: App, *, state: str, secret: str, address: str) -> str:
    """Return where to send the browser of whoever owns *address*."""
    challenge = hashlib.sha256(verifier(secret, state).encode()).digest()
    asked = {
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "response_type": "code",
        "scope": SCOPE,
        "access_type": "offline",
        "prompt": "consent",  # else a second consent brings no refresh token
        "state": state,
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": address,
    }
    return f"{app.auth_url}?{urlencode(asked)}"


def redeem(app: App, transport: Sends, *, code: str, code_verifier: str) -> Granted:
    """Exchange a code for tokens.  Raises what the token endpoint's refusal means."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": app.client_id,
        "client_secret": app.client_secret,
        "redirect_uri": app.redirect_uri,
        "code_verifier": code_verifier,
    }
    status, body = _post(transport, app.token_url, form)
    if status != OK:
        raise token_failure(status, body)
    try:
        return msgspec.json.decode(body, type=Granted)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        raise Reconnect(
            "Google's token endpoint answered without a token: connect the account again"
        ) from None


def revoke(app: App, transport: Sends, token: str) -> bool:
    """End a grant; False when Google knew none (any more).  Raises TryLater when it could not be asked."""
    return _post(transport, app.revoke_url, {"token": token})[0] == OK


def _post(transport: Sends, url: str, form: dict[str, str]) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    answer = transport.send("POST", url, headers=headers, body=urlencode(form).encode())
    return answer.status, answer.body


class OneToken:
    """The token of a grant that is being made, for the calls that decide whether it is kept."""

    def __init__(self, token: str) -> None:
        self._token = token

    def token(self, address: str) -> str:
        """Return it, whatever the account."""
        del address
        return self._token

    def forget(self, address: str) -> None:
        """There is no other."""


class OAuthTokens(CachedTokens):
    """Tokens by each account's own consent."""

    def __init__(
        self,
        app: App,
        sealer: Sealer,
        lookup: Callable[[str], Sealed | None],
        *,
        transport: Sends,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """*lookup* returns an address's sealed refresh token; *clock* gives seconds since 1970."""
        super().__init__(clock=clock)
        self._app, self._sealer, self._lookup, self._transport = app, sealer, lookup, transport
        self._refused: dict[str, str] = {}  # the sealed token that was refused, by address

    def token(self, address: str) -> str:
        """As CachedTokens; an account that was connected again is not held to its old refusal."""
        try:
            return super().token(address)
        except Reconnect:
            sealed = self._lookup(address)
            if sealed is None or self._refused.get(address) in {None, sealed.text}:
                raise
            self.reconnected(address)
            return super().token(address)

    def _ask(self, address: str, now: float) -> Fresh:
        del now
        sealed = self._lookup(address)
        if sealed is None:
            self._refused[address] = ""
            raise Reconnect("nobody has given access to this mailbox: an admin must connect it (/connect)")
        form = {
            "grant_type": "refresh_token",
            "client_id": self._app.client_id,
            "client_secret": self._app.client_secret,
            "refresh_token": self._sealer.unseal(sealed.text, account_id=sealed.account_id),
        }
        try:
            return exchange(self._transport, self._app.token_url, form)
        except Reconnect:
            self._refused[address] = sealed.text
            raise
