"""Keyless: IAM Credentials' signJwt, and the metadata server that gives a machine its identity's token.

signJwt needs a bearer of cloud-platform (or iam), roles/iam.serviceAccountTokenCreator on the service account
(also for itself), and the API switched on.  Its errors are in the plain envelope, without Gmail's errors[].
The JWT is signed with a key that Google keeps; deleting the account's own keys does not touch it.
"""

import json
import re
import time
from collections.abc import Mapping
from itertools import pairwise
from typing import Any
from urllib.parse import unquote

from infra.local.google import tokens
from infra.local.google.errors import ERROR_INFO, GoogleError
from infra.local.google.grants import Grants, numeric_id
from infra.local.google.identity import Identity
from infra.local.google.scopes import CLOUD, IAM
from infra.local.google.state import Access, State
from infra.local.google.wire import HTML_TYPE, Json, Reply, json_body, ok

SERVICE, GMAIL = "iamcredentials.googleapis.com", "gmail.googleapis.com"
SIGN = re.compile(r"/v1/projects/(?:-|[^/]+)/serviceAccounts/(?P<account>[^/:]+):signJwt")
METADATA = "/computeMetadata/v1/"
FLAVOR = {"Metadata-Flavor": "Google", "Server": "Metadata Server for VM"}
LONGEST_SEC = 43_200  # exp of a JWT to sign may be twelve hours ahead
PERMISSION = "iam.serviceAccounts.signJwt"


class IamError(Exception):
    """Ends a call to IAM Credentials."""

    def __init__(self, status: int, name: str, message: str, *details: Json) -> None:
        super().__init__(name)
        error: Json = {"code": status, "message": message, "status": name}
        self.reply = ok({"error": error | ({"details": list(details)} if details else {})}, status=status)


def sign_jwt(state: State, identity: Identity, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """POST /v1/projects/-/serviceAccounts/{account}:signJwt."""
    try:
        with state.lock:
            caller = _caller(state, headers.get("authorization", ""))
            account = _account(identity, path)
            told = _body(body)
            _judge(state.grants, caller, account, told.get("delegates") or [])
            claims = _claims(told.get("payload"))
        # Making a key takes a moment: not under the lock.
        key = identity.managed_key(account)
    except IamError as error:
        return error.reply
    return ok({"keyId": key.id, "signedJwt": key.sign(claims)})


def _caller(state: State, authorization: str) -> Access:
    """Return the bearer; refuse one without the scope, or while the API is off."""
    try:
        caller = tokens.access(state, authorization, {}, "SignJwt")
    except GoogleError as error:
        raise IamError(401, "UNAUTHENTICATED", error.refusal.message) from None
    if SERVICE in state.grants.services_off:
        raise IamError(403, "PERMISSION_DENIED", *_service_off(SERVICE, caller.project))
    if not caller.scopes & {CLOUD, IAM}:
        method = {"service": SERVICE, "method": "google.iam.credentials.v1.IAMCredentials.SignJwt"}
        info = _info("ACCESS_TOKEN_SCOPE_INSUFFICIENT", "googleapis.com", method)
        raise IamError(403, "PERMISSION_DENIED", "Request had insufficient authentication scopes.", info)
    return caller


def _account(identity: Identity, path: str) -> str:
    """Return the service account's address, which may be given as its number."""
    found = SIGN.fullmatch(path)
    named = unquote(found["account"]) if found else ""
    by_number = {numeric_id(email): email for email in list(identity.service_accounts)}
    return by_number.get(named, named)


def _body(body: bytes) -> Json:
    try:
        return json_body(body)
    except ValueError:
        raise _invalid("Invalid JSON payload received.") from None


def _judge(grants: Grants, caller: Access, account: str, delegates: object) -> None:
    """Refuse unless each link of the chain may create tokens for the next."""
    if not isinstance(delegates, list) or not all(isinstance(one, str) for one in delegates):
        raise _invalid("delegates must be a list of service accounts.")
    chain = [caller.email, *(one.rpartition("/")[2] for one in delegates), account]
    if account in grants.robots:
        raise IamError(404, "NOT_FOUND", f"Unknown service account: {account} is {grants.robots[account]}")
    if any(link not in grants.creators for link in pairwise(chain)):
        info = _info("IAM_PERMISSION_DENIED", "iam.googleapis.com", {"permission": PERMISSION})
        message = f"Permission '{PERMISSION}' denied on resource (or it may not exist)."
        raise IamError(403, "PERMISSION_DENIED", message, info)


def _claims(payload: object) -> Json:
    """Return the claims to sign: a JSON object, itself given as a string; timed by the signer's clock."""
    now = time.time()
    try:
        claims = json.loads(payload) if isinstance(payload, str) else None
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise _invalid("The payload must be a JSON object, given as a string.")
    exp = claims.get("exp", now)
    if not isinstance(exp, (int, float)) or exp > now + LONGEST_SEC:
        raise _invalid("The exp claim must be no more than 12 hours in the future.")
    return claims


def _invalid(message: str) -> IamError:
    return IamError(400, "INVALID_ARGUMENT", message)


def _info(reason: str, domain: str, metadata: dict[str, str]) -> Json:
    return {"@type": ERROR_INFO, "reason": reason, "domain": domain, "metadata": metadata}


def _service_off(service: str, project: str) -> tuple[str, Json]:
    """Return message and detail of SERVICE_DISABLED."""
    number = str(int(numeric_id(project)) % 10**12)
    message = (
        f"{'Gmail API' if service == GMAIL else 'IAM Service Account Credentials API'} has not "
        f"been used in project {number} before or it is disabled. Enable it by visiting "
        f"https://console.developers.google.com/apis/api/{service}/overview?project={number} then retry. If "
        "you enabled this API recently, wait a few minutes for the action to propagate to our systems and "
        "retry."
    )
    told = {"consumer": f"projects/{number}", "service": service}
    return message, _info("SERVICE_DISABLED", "googleapis.com", told)


def gmail_off(project: str) -> GoogleError:
    """Refuse Gmail calls while a project has the Gmail API switched off."""
    message, detail = _service_off(GMAIL, project)
    return GoogleError(403, message, "accessNotConfigured", domain="usageLimits", details=(detail,))


def metadata(state: State, path: str, headers: Mapping[str, str]) -> Reply:
    """GET / and /computeMetadata/v1/…: who this machine is, and a token for it."""
    if headers.get("metadata-flavor") != "Google":
        return Reply(403, b"Missing Metadata-Flavor:Google header.\n", {"Content-Type": HTML_TYPE} | FLAVOR)
    with state.lock:
        email, project = state.grants.runtime, state.grants.runtime_project
    answers: dict[str, Any] = {
        "": {"aliases": ["default"], "email": email, "scopes": [CLOUD]},
        "email": email,
        "scopes": CLOUD,
        "token": None,
    }
    if path == "/":  # how Google's library finds out whether there is such a server
        return _plain("computeMetadata/\n")
    account, _, what = path.removeprefix(f"{METADATA}instance/service-accounts/").partition("/")
    if path == f"{METADATA}project/project-id":
        return _plain(project)
    if account not in {"default", email} or what not in answers:
        return Reply(404, b"Not Found\n", {"Content-Type": HTML_TYPE} | FLAVOR)
    if what == "token":
        access = Access(email, frozenset({CLOUD}), project, 0, numeric_id(email))
        return _flavored(ok(tokens.bearer(state, access)))
    value = answers[what]
    return _plain(value) if isinstance(value, str) else _flavored(ok(value))


def _plain(text: str) -> Reply:
    return Reply(200, text.encode(), {"Content-Type": "application/text"} | FLAVOR)


def _flavored(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, {**reply.headers, "Content-Type": "application/json"} | FLAVOR)
