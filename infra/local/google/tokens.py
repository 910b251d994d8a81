"""Access tokens: service-account assertions in, tokens out; and what a token lets its bearer do."""

import secrets
import time
from collections.abc import Mapping
from urllib.parse import parse_qs

from infra.local.google.errors import failed_precondition, forbidden, invalid_credentials, login_required
from infra.local.google.identity import Identity, ServiceAccount
from infra.local.google.jws import unproved
from infra.local.google.state import Access, State
from infra.local.google.wire import Json, Reply, oauth_refused, ok

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
# A client that is pointed at us still names Google here: the claim is a constant of Google's library.
AUDIENCES = frozenset(
    {"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token"}
    | {"https://accounts.google.com/o/oauth2/token"}
)
LASTS_SEC = 3_599
HOUR, SKEW = 3_600, 60  # seconds: the longest an assertion may live, and how wrong a clock may be
CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


class Refused(Exception):
    """Ends a token request with OAuth's flat error."""

    def __init__(self, status: int, error: str, description: str) -> None:
        super().__init__(description)
        self.reply = oauth_refused(status, error, description)


def issue(state: State, identity: Identity, body: bytes) -> Reply:
    """POST /token: a service account's assertion for an access token."""
    form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
    try:
        account, claims = _proved(identity, _assertion(form))
        return ok(_issued(state, account, claims))
    except Refused as refused:
        return refused.reply


def _assertion(form: Mapping[str, str]) -> str:
    if form.get("grant_type") != GRANT:
        raise Refused(400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}")
    return form.get("assertion", "")


def _proved(identity: Identity, assertion: str) -> tuple[ServiceAccount, Json]:
    """Return who signed an assertion and what it claims."""
    try:
        header, claims = unproved(assertion)
    except ValueError:
        raise Refused(400, "invalid_grant", "Bad Request") from None
    account = identity.service_accounts.get(str(claims.get("iss")))
    if account is None:
        raise Refused(400, "invalid_grant", "Invalid grant: account not found")
    if header.get("alg") != "RS256" or not any(key.signed(assertion) for key in account.keys):
        raise Refused(400, "invalid_grant", "Invalid JWT Signature.")
    if str(claims.get("aud")) not in AUDIENCES:
        raise Refused(400, "invalid_grant", "Invalid JWT: Failed audience check.")
    if not _timely(claims):
        raise Refused(400, "invalid_grant", CLOCK)
    return account, claims


def _timely(claims: Json) -> bool:
    """Whether iat and exp fit the real clock: the signer's clock does not move with the stand-in's."""
    iat, exp, now = claims.get("iat"), claims.get("exp"), time.time()
    if not isinstance(iat, (int, float)) or not isinstance(exp, (int, float)):
        return False
    return iat - SKEW <= now < exp + SKEW and exp - iat <= HOUR


def _issued(state: State, account: ServiceAccount, claims: Json) -> Json:
    scopes = frozenset(str(claims.get("scope", "")).split())
    if not scopes:
        raise Refused(400, "invalid_scope", "Invalid OAuth scope or ID token audience provided.")
    email = str(claims.get("sub") or account.email).lower()
    with state.lock:
        if email != account.email.lower() and email not in state.mailboxes:
            raise Refused(400, "invalid_grant", "Invalid email or User ID")
        token = "ya29." + secrets.token_urlsafe(40)
        state.access[token] = Access(email, scopes, account.project, state.now() + LASTS_SEC)
    return {"access_token": token, "expires_in": LASTS_SEC, "token_type": "Bearer"}


def access(state: State, authorization: str, query: Mapping[str, list[str]], rpc: str) -> Access:
    """Return what a bearer token may do; Google's 401 when it is missing, unknown or over."""
    scheme, _, token = authorization.partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else query.get("access_token", [""])[-1]
    if not token:
        raise login_required(rpc)
    found = state.access.get(token)
    if found is None or found.expires_at <= state.now():
        raise invalid_credentials()
    return found


def mailbox_of(state: State, user: str, granted: Access) -> str:
    """Return the mailbox a userId means: `me` or the token's own address, in any case."""
    email = granted.email if user.lower() == "me" else user.lower()
    if email != granted.email:
        raise forbidden(f"Delegation denied for {granted.email}")
    if email in state.mailboxes:
        return email
    if email.endswith(".gserviceaccount.com"):
        # A service account without a `sub` speaks for itself, and has no mail.
        raise failed_precondition("Precondition check failed.")
    raise invalid_credentials()
