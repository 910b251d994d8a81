"""The page where a person chooses an account and allows or denies: GET and POST /o/oauth2/v2/auth.

Like Google's: what is wrong with the request itself is told on a page, never sent to the redirect URI; the
answer goes there with state, code and scope or error=access_denied; with several scopes each has a box of its
own that may stay unticked, a single one has none; who the user is (openid, email, profile) is never asked.

The page's form posts to the page's own address, so a test needs no page: POST the same URL with the fields
decision=allow|deny, account=ADDRESS and, for each ticked box, scope=SCOPE.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode

from infra.local.google import consent_page
from infra.local.google.consent_page import PageError
from infra.local.google.grants import Client, Code, Grants, domain_of
from infra.local.google.scopes import IDENTITY, known, long_name
from infra.local.google.state import State
from infra.local.google.wire import Reply

PATHS = frozenset({"/o/oauth2/v2/auth", "/o/oauth2/auth"})
CODE_SEC = 600
UNCHECKED = (
    "has not completed the Google verification process. The app is being tested: only testers may enter."
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for consent that holds together."""

    client: Client
    redirect_uri: str
    scopes: tuple[str, ...]
    state: str | None
    challenge: str
    offline: bool
    again: bool  # prompt=consent: a refresh token even if there was one before
    earlier: bool  # include_granted_scopes
    nonce: str
    login_hint: str
    domain: str  # hd: which accounts the page offers; no promise about who answers

    def boxes(self) -> tuple[str, ...]:
        """Return the scopes a person may leave out."""
        return tuple(one for one in self.scopes if one not in IDENTITY)


def page(state: State, target: str) -> Reply:
    """GET: show the page."""
    try:
        with state.lock:
            asked = _asked(state.grants, _fields(target.partition("?")[2]))
            accounts = _accounts(state, asked)
    except PageError as error:
        return error.reply
    return consent_page.shown(
        action=target, app=asked.client.id, boxes=asked.boxes(), accounts=accounts, chosen=asked.login_hint
    )


def decide(state: State, target: str, body: bytes) -> Reply:
    """POST: send the person back with a code, or with error=access_denied."""
    form = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    try:
        with state.lock:
            asked = _asked(state.grants, _fields(target.partition("?")[2]))
            return _back(asked, _decided(state, asked, form))
    except PageError as error:
        return error.reply


def _fields(query: str) -> dict[str, str]:
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}


def _asked(grants: Grants, told: Mapping[str, str]) -> Asked:
    """Return the request; a page that says what is wrong with it."""
    client = _client(grants, told)
    if told.get("redirect_uri", "") not in client.redirect_uris:
        raise PageError(400, "redirect_uri_mismatch", "This redirect URI is not registered for the client.")
    if told.get("response_type") != "code":
        raise PageError(400, "invalid_request", "Only response_type=code is served here.")
    if told.get("code_challenge") and told.get("code_challenge_method") != "S256":
        raise PageError(400, "invalid_request", "Only code_challenge_method=S256 is served here.")
    scopes = tuple(dict.fromkeys(long_name(one) for one in told.get("scope", "").split()))
    strange = [one for one in scopes if not known(one)]
    if strange or not scopes:
        raise PageError(400, "invalid_scope", f"Some requested scopes were invalid: {strange}")
    return Asked(
        client,
        told["redirect_uri"],
        scopes,
        told.get("state"),
        told.get("code_challenge", ""),
        offline=told.get("access_type") == "offline",
        again="consent" in told.get("prompt", "").split(),
        earlier=told.get("include_granted_scopes", "").lower() == "true",
        nonce=told.get("nonce", ""),
        login_hint=told.get("login_hint", "").lower(),
        domain=told.get("hd", "").lower(),
    )


def _client(grants: Grants, told: Mapping[str, str]) -> Client:
    client = grants.clients.get(told.get("client_id", ""))
    if "client_id" not in told:
        raise PageError(400, "invalid_request", "Missing required parameter: client_id")
    if client is None:
        raise PageError(401, "invalid_client", "The OAuth client was not found.")
    if client.status != "active":
        raise PageError(401, f"{client.status}_client", f"The OAuth client was {client.status}.")
    return client


def _accounts(state: State, asked: Asked) -> list[str]:
    """Return whom the page offers: everybody with an active account, of one domain if hd says so."""
    return [
        email
        for email in sorted(state.mailboxes)
        if state.grants.standing(email).status == "active"
        and asked.domain in {"", "*", domain_of(email)}
    ]  # fmt: skip


def _decided(state: State, asked: Asked, form: Mapping[str, list[str]]) -> dict[str, str]:
    """Return what the redirect carries, and keep the code."""
    email = form.get("account", [asked.login_hint])[-1].lower()
    if form.get("decision", [""])[-1] != "allow":
        return {"error": "access_denied"}
    _admit(state, asked, email)
    boxes = asked.boxes()
    ticked = set(form.get("scope", ())) if len(boxes) > 1 else set(boxes)
    granted = tuple(one for one in asked.scopes if one in ticked or one in IDENTITY)
    if boxes and not ticked & set(boxes):
        return {"error": "access_denied"}
    code = _keep(state, asked, email, granted)
    kept = state.grants.codes[code].scopes
    return {"code": code, "scope": " ".join(kept), "authuser": "0", "hd": domain_of(email)}


def _admit(state: State, asked: Asked, email: str) -> None:
    """Show a page to somebody who cannot, or may not, enter here."""
    client, domain = asked.client, domain_of(email)
    if email not in state.mailboxes or state.grants.standing(email).status == "deleted":
        raise PageError(400, "invalid_account", "Couldn't find your Google Account.")
    if state.grants.standing(email).status == "suspended":
        raise PageError(403, "account_disabled", "This account has been suspended by its administrator.")
    if client.internal_domain and domain != client.internal_domain:
        raise PageError(403, "org_internal", "This client is restricted to users within its organization.")
    if client.testing and client.test_users and email not in client.test_users:
        raise PageError(403, "access_denied", f"{client.id} {UNCHECKED}")
    if state.grants.blocks(email, client.id, frozenset(asked.scopes)):
        raise PageError(400, "admin_policy_enforced", "Your administrator restricts this app.")


def _keep(state: State, asked: Asked, email: str, granted: tuple[str, ...]) -> str:
    """Record the consent and return a code for it."""
    pair, code = (email, asked.client.id), "4/0A" + secrets.token_urlsafe(50)
    before = state.grants.consents.get(pair)
    if asked.earlier and before:
        granted = (*granted, *sorted(before - set(granted)))
    state.grants.consents[pair] = frozenset(granted) | (before or frozenset())
    state.grants.codes[code] = Code(
        asked.client.id,
        email,
        granted,
        asked.redirect_uri,
        asked.challenge,
        offline=asked.offline and (asked.again or before is None),
        nonce=asked.nonce,
        expires_at=state.now() + CODE_SEC,
    )
    return code


def _back(asked: Asked, answer: dict[str, str]) -> Reply:
    """Return the redirect: what the client's own address carries stays, `state` comes back as it went."""
    told = ({} if asked.state is None else {"state": asked.state}) | answer
    joint = "&" if "?" in asked.redirect_uri else "?"
    return Reply(302, b"", {"Location": f"{asked.redirect_uri}{joint}{urlencode(told)}"})
