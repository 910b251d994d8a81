"""Domain-wide delegation: a service account's signed assertion for an access token (jwt-bearer).

The sequence and the refusals are Google's documented ones.  The administrator of a domain lists a service
account by its *number* with the exact scopes; every scope asked for must be among them.  Until the control
side records a first delegation nobody is asked: every registered service account speaks for everybody.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from infra.local.google import refusals
from infra.local.google.grants import Grants, domain_of, numeric_id
from infra.local.google.identity import Identity, ServiceAccount
from infra.local.google.jws import unproved
from infra.local.google.refusals import Refused, invalid_grant
from infra.local.google.state import Access, State
from infra.local.google.wire import Json

# A client that is pointed at us still names Google here: the claim is a constant of Google's library.  One
# that builds its own assertions may name the address it asks, as it does with Google.
AUDIENCES = frozenset(
    {"https://oauth2.googleapis.com/token", "https://www.googleapis.com/oauth2/v4/token"}
    | {"https://accounts.google.com/o/oauth2/token"}
)
HOUR, SKEW = 3_600, 60  # seconds: the longest an assertion may live, and how wrong a clock may be
CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


@dataclass(frozen=True, slots=True)
class Proved:
    """An assertion whose signature holds."""

    account: ServiceAccount
    key: str  # id of the one that signed
    claims: Json


def says(form: Mapping[str, str]) -> tuple[str, str]:
    """Return whom an assertion names, unproved: the service account's number and the user's address."""
    try:
        claims = unproved(form.get("assertion", ""))[1]
    except ValueError:
        return "", ""
    issuer = str(claims.get("iss", ""))
    return numeric_id(issuer), str(claims.get("sub") or issuer).lower()


def exchange(state: State, identity: Identity, form: Mapping[str, str]) -> Access:
    """Return what an assertion gives access to."""
    proved = prove(state.grants, identity, form.get("assertion", ""))
    scopes = frozenset(str(proved.claims.get("scope", "")).split())
    if not scopes:
        raise refusals.invalid_scope()
    account, email = proved.account, str(proved.claims.get("sub") or proved.account.email).lower()
    client = numeric_id(account.email)
    with state.lock:
        if email != account.email.lower():
            _judge(state, client, email, scopes)
        return Access(email, scopes, account.project, 0, client, proved.key)


def prove(grants: Grants, identity: Identity, assertion: str) -> Proved:
    """Return who signed an assertion and what it claims; Google's refusal when it does not hold."""
    try:
        header, claims = unproved(assertion)
    except ValueError:
        raise invalid_grant() from None
    account = identity.service_accounts.get(str(claims.get("iss")))
    if account is None:
        raise invalid_grant("Invalid grant: account not found")
    if account.email in grants.robots:
        raise refusals.client_off(grants.robots[account.email])
    keys = (one for one in account.every_key() if one.id not in grants.deleted_keys)
    key = next((one for one in keys if one.signed(assertion)), None) if header.get("alg") == "RS256" else None
    if key is None:
        raise invalid_grant("Invalid JWT Signature.")
    if str(claims.get("aud")) not in AUDIENCES | {identity.token_url}:
        raise invalid_grant("Invalid JWT: Failed audience check.")
    if not _timely(claims):
        raise invalid_grant(CLOCK)
    return Proved(account, key.id, claims)


def _timely(claims: Json) -> bool:
    """Whether iat and exp fit the real clock: the signer's clock does not move with the stand-in's."""
    iat, exp, now = claims.get("iat"), claims.get("exp"), time.time()
    if not isinstance(iat, (int, float)) or not isinstance(exp, (int, float)):
        return False
    return iat - SKEW <= now < exp + SKEW and exp - iat <= HOUR


def _judge(state: State, client: str, email: str, scopes: frozenset[str]) -> None:
    """Refuse a user the service account may not speak for, or who cannot be spoken for."""
    if "@" not in email:
        raise invalid_grant("Not a valid email")
    grants = state.grants
    refused = undelegated(grants, client, domain_of(email), scopes)
    if refused:
        raise refused
    if email not in state.mailboxes or grants.standing(email).status == "deleted":
        raise refusals.no_such_user()
    standing = grants.standing(email)
    if standing.status == "suspended" and standing.shows_at == "token":
        raise invalid_grant(standing.description)
    if grants.blocks(email, client, scopes):
        raise refusals.admin_policy()


def undelegated(grants: Grants, client: str, domain: str, scopes: frozenset[str]) -> Refused | None:
    """Return the refusal where an administrator's list does not cover what is asked."""
    if grants.delegations is None:
        return None
    listed = grants.delegations.get((client, domain))
    if listed is None and any(one == client for one, _ in grants.delegations):
        return refusals.other_domain()
    return None if listed is not None and scopes <= listed else refusals.no_delegation()
