"""The token endpoint and bearer tokens: what is exchanged for them, and what one lets its bearer do."""

import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from infra.local.google import assertions, oauth
from infra.local.google.errors import (
    GoogleError,
    failed_precondition,
    forbidden,
    invalid_credentials,
    login_required,
)
from infra.local.google.grants import Forced, Grants, numeric_id
from infra.local.google.identity import Identity
from infra.local.google.refusals import Refused
from infra.local.google.state import Access, State
from infra.local.google.wire import Json, Reply, html_page, ok

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
LASTS_SEC = 3_599


def issue(state: State, identity: Identity, body: bytes) -> Reply:
    """POST /token: an assertion, a code or a refresh token for an access token."""
    form = read_form(body)
    with state.lock:
        client, email = _named(state.grants, form)
        forced = _forced(state.grants, form.get("grant_type", ""), client, email)
    if forced is not None:
        reply, error = _as_told(forced), forced.error
    else:
        reply, error = _exchanged(state, identity, form)
    noted = {"at": state.now(), "grantType": form.get("grant_type", ""), "client": client, "email": email}
    with state.lock:
        state.grants.asked.append(noted | {"status": reply.status, "error": error})
    return reply


def read_form(body: bytes) -> dict[str, str]:
    """Return a form's fields; the last one counts where a name repeats."""
    fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}


def _exchanged(state: State, identity: Identity, form: Mapping[str, str]) -> tuple[Reply, str]:
    """Return the answer, and the code of the error if it is one."""
    try:
        access, more = _granted(state, identity, form)
        return ok(bearer(state, access) | more), ""
    except Refused as refused:
        return refused.reply, refused.error


def _granted(state: State, identity: Identity, form: Mapping[str, str]) -> tuple[Access, Json]:
    match form.get("grant_type", ""):
        case kind if kind == GRANT:
            return assertions.exchange(state, identity, form), {}
        case "authorization_code":
            with state.lock:
                return oauth.exchange_code(state, identity, form)
        case "refresh_token":
            with state.lock:
                return oauth.refresh(state, identity, form)
        case kind:
            raise Refused(400, "unsupported_grant_type", f"Invalid grant_type: {kind}")


def bearer(state: State, access: Access) -> Json:
    """Make an access token that lives for an hour less a second."""
    token = "ya29." + secrets.token_urlsafe(40)
    with state.lock:
        ends = state.now() + LASTS_SEC
        state.access[token] = Access(
            access.email, access.scopes, access.project, ends, access.client, access.key
        )
    return {"access_token": token, "expires_in": LASTS_SEC, "token_type": "Bearer"}


def _named(grants: Grants, form: Mapping[str, str]) -> tuple[str, str]:
    """Return client and user a request names, nothing of it proved."""
    if "assertion" in form:
        return assertions.says(form)
    given = grants.codes.get(form.get("code", "")) or grants.refresh.get(form.get("refresh_token", ""))
    return form.get("client_id", ""), given.email if given else ""


def _forced(grants: Grants, grant: str, client: str, email: str) -> Forced | None:
    """Return the refusal the control side ordered for such a request, and count it."""
    for one in grants.forced:
        fits = one.email in {"", email} and one.grant in {"", grant}
        if fits and one.left and (not one.client or client in {one.client, numeric_id(one.client)}):
            one.left -= 1
            return one
    return None


def _as_told(forced: Forced) -> Reply:
    if not forced.error:
        return html_page(forced.status, "Server Error", "The server encountered a temporary error.")
    return Refused(forced.status, forced.error, forced.description, forced.subtype).reply


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
        _in_service(state.grants, email)
        return email
    if email.endswith(".gserviceaccount.com"):
        # A service account without a `sub` speaks for itself, and has no mail.
        raise failed_precondition("Precondition check failed.")
    raise invalid_credentials()


def _in_service(grants: Grants, email: str) -> None:
    """Refuse a suspended user's mail where the suspension shows at Gmail and not at the token endpoint."""
    standing = grants.standing(email)
    if standing.status != "suspended":
        return
    if standing.shows_at == "policy":
        raise GoogleError(403, "The domain administrators have disabled Gmail apps.", "domainPolicy")
    raise failed_precondition("Mail service not enabled")
