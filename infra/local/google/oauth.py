"""Codes and refresh tokens of people, as Google's OAuth for web servers gives, checks and ends them.

A code lives for ten minutes and works once.  A refresh token comes with access_type=offline at the first
consent or with prompt=consent, never again on a refresh; it ends by revocation, after six months unused,
after seven days while the client is in testing, with a new password when it has a Gmail scope, and silently
when it is the oldest of more than a hundred of one user and client.
"""

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping

from infra.local.google import refusals
from infra.local.google.grants import Client, Code, Grants, Refresh, domain_of, numeric_id
from infra.local.google.identity import ISSUER, Identity
from infra.local.google.refusals import Refused, invalid_grant
from infra.local.google.scopes import LONG
from infra.local.google.state import Access, State
from infra.local.google.wire import Json, Reply, ok

Form = Mapping[str, str]
DAY = 86_400
UNUSED_SEC, TESTING_SEC = 182 * DAY, 7 * DAY
MOST_TOKENS = 100  # refresh tokens of one user and client
ID_TOKEN_SEC = 3_600


def client_of(grants: Grants, form: Form) -> Client:
    """Return the client that asks, its secret proved."""
    client = grants.clients.get(form.get("client_id", ""))
    if "client_id" not in form:
        raise Refused(400, "invalid_request", "Could not determine client ID from request.")
    if client is None:
        raise refusals.no_client()
    if client.status != "active":
        raise refusals.client_off(client.status)
    if not secrets.compare_digest(client.secret.encode(), form.get("client_secret", "").encode()):
        raise refusals.wrong_secret()
    return client


def exchange_code(state: State, identity: Identity, form: Form) -> tuple[Access, Json]:
    """grant_type=authorization_code: what a person allowed, and a refresh token where one is due."""
    client = client_of(state.grants, form)
    code = state.grants.codes.get(form.get("code", ""))
    if code is None:
        raise invalid_grant()  # never given, or used before
    if code.client != client.id:
        raise refusals.others_token()
    # A wrong verifier uses a code up too: it may be tried once.
    del state.grants.codes[form["code"]]
    _judge_code(code, form, state.now())
    _judge_person(state, client, code.email, code.scopes)
    more: Json = {"scope": " ".join(code.scopes)} | _id_token(state, identity, code, code.nonce)
    if code.offline:
        more |= _offline(state, client, code)
    return _access(code, client), more


def _judge_code(code: Code, form: Form, now: float) -> None:
    if code.expires_at <= now:
        raise invalid_grant()
    if form.get("redirect_uri", "") != code.redirect_uri:
        raise Refused(400, "redirect_uri_mismatch", "Bad Request")
    verifier = form.get("code_verifier", "")
    if code.challenge and not verifier:
        raise invalid_grant("Missing code verifier.")
    if code.challenge and challenge(verifier) != code.challenge:
        raise invalid_grant("Invalid code verifier.")


def challenge(verifier: str) -> str:
    """Return the S256 challenge of a PKCE verifier."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _offline(state: State, client: Client, code: Code) -> Json:
    """Make a refresh token; the oldest of too many ends without a word."""
    token, now = "1//0" + secrets.token_urlsafe(48), state.now()
    ends_at = now + TESTING_SEC if client.testing else None
    state.grants.refresh[token] = Refresh(client.id, code.email, code.scopes, now, ends_at)
    mine = [
        one
        for one in state.grants.refresh.values()
        if not one.ended and (one.client, one.email) == (client.id, code.email)
    ]
    for one in mine[:-MOST_TOKENS]:
        one.ended = True
    more: Json = {"refresh_token": token}
    return more | ({"refresh_token_expires_in": TESTING_SEC - 1} if client.testing else {})


def refresh(state: State, identity: Identity, form: Form) -> tuple[Access, Json]:
    """grant_type=refresh_token: an access token again, of all its scopes or fewer."""
    client = client_of(state.grants, form)
    found, now = state.grants.refresh.get(form.get("refresh_token", "")), state.now()
    if found is None:
        raise invalid_grant()
    if found.client != client.id:
        raise refusals.others_token()
    if state.grants.standing(found.email).status == "deleted" or found.email not in state.mailboxes:
        raise refusals.account_deleted()
    if found.ended or _over(found, now):
        raise refusals.grant_gone()
    _judge_person(state, client, found.email, found.scopes)
    if state.grants.standing(found.email).reauth:
        raise refusals.invalid_rapt()
    granted = _narrowed(found.scopes, form.get("scope", ""))
    found.used_at = now
    access = Access(found.email, frozenset(granted), client.project, 0, client.id)
    return access, {"scope": " ".join(granted)} | _id_token(state, identity, found, "")


def _over(found: Refresh, now: float) -> bool:
    return now >= found.used_at + UNUSED_SEC or (found.ends_at is not None and now >= found.ends_at)


def _narrowed(scopes: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """Return the scopes of a refresh: fewer on request, never others."""
    asked = {LONG.get(one, one) for one in wanted.split()}
    if asked - set(scopes):
        raise refusals.invalid_scope("Bad Request")
    return tuple(one for one in scopes if one in asked) if asked else scopes


def _judge_person(state: State, client: Client, email: str, scopes: tuple[str, ...]) -> None:
    """Refuse somebody who may not use this client any more."""
    standing = state.grants.standing(email)
    if standing.status == "deleted" or email not in state.mailboxes:
        raise refusals.account_deleted()
    if standing.status == "suspended" and standing.shows_at == "token":
        raise invalid_grant(standing.description)
    if client.internal_domain and domain_of(email) != client.internal_domain:
        raise refusals.out_of_organisation()
    if state.grants.blocks(email, client.id, frozenset(scopes)):
        raise refusals.admin_policy()


def _access(code: Code, client: Client) -> Access:
    return Access(code.email, frozenset(code.scopes), client.project, 0, client.id)


def _id_token(state: State, identity: Identity, given: Code | Refresh, nonce: str) -> Json:
    """Return an OIDC token where openid was granted: who consented, proved."""
    if "openid" not in given.scopes:
        return {}
    now = int(state.now())
    claims: Json = {"iss": ISSUER, "azp": given.client, "aud": given.client, "sub": numeric_id(given.email)}
    claims |= {"hd": domain_of(given.email), "iat": now, "exp": now + ID_TOKEN_SEC}
    if LONG["email"] in given.scopes:
        claims |= {"email": given.email, "email_verified": True}
    return {"id_token": identity.oidc.sign(claims | ({"nonce": nonce} if nonce else {}))}


def revoke(state: State, token: str) -> Reply:
    """POST /revoke: an access or refresh token ends, and with it all the user gave this client."""
    with state.lock:
        live, kept = state.access.get(token), state.grants.refresh.get(token)
        if live is not None and live.expires_at > state.now():
            client, email = live.client, live.email
        elif kept is not None and not kept.ended and not _over(kept, state.now()):
            client, email = kept.client, kept.email
        else:
            return ok({"error": "invalid_token", "error_description": "Token expired or revoked"}, status=400)
        state.access.pop(token, None)
        # A service account's token stands for no grant of a person: it ends alone.
        end_grants(state, email, client)
    return ok({})


def end_grants(state: State, email: str, client: str = "") -> int:
    """End what a user gave a client (or all clients): consent, refresh and access tokens."""
    grants = state.grants

    def theirs(one: Refresh | Access) -> bool:
        return one.email == email and one.client in grants.clients and client in {"", one.client}

    grants.consents = {
        pair: scopes for pair, scopes in grants.consents.items()
        if pair[0] != email or client not in {"", pair[1]}
    }  # fmt: skip
    return grants.end(theirs) + end_access(state, {}, theirs)


def end_access(state: State, told: Json, wanted: Callable[[Access], bool]) -> int:
    """End live access tokens, unless *told* says endTokens false; return how many."""
    gone = (
        [token for token, one in state.access.items() if wanted(one)] if told.get("endTokens", True) else []
    )
    for token in gone:
        del state.access[token]
    return len(gone)
