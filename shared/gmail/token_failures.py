"""What the refusals of Google's token endpoint mean for the caller.  Decides only.

Its bodies are flat, `{"error": ..., "error_description": ...}`, and are never repeated: they may
quote what was sent.
"""

import re
from datetime import timedelta

import msgspec

from shared.errors import CredentialRefused, MailroomError, NoMailbox, OperatorMustAct, Reconnect, TryLater

BUSY = timedelta(seconds=5)
TRANSIENT = frozenset(
    {"internal_failure", "server_error", "temporarily_unavailable", "rate_limit_exceeded", "slow_down"}
)


class _TokenError(msgspec.Struct):
    error: str = ""
    error_description: str = ""
    error_subtype: str = ""


def token_failure(status: int, body: bytes) -> MailroomError:
    """Return what the caller does next after the token endpoint refused."""
    try:
        said = msgspec.json.decode(body, type=_TokenError)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        said = _TokenError()
    if status >= 500 or status in {408, 429} or said.error in TRANSIENT:  # noqa: PLR2004 - HTTP's own border
        return TryLater(f"Google's token endpoint answered {status}", after=BUSY)
    if 300 <= status < 400 or (status in {404, 405} and not said.error):  # noqa: PLR2004 - HTTP's own borders
        return OperatorMustAct(
            f"what answers at CRM_GMAIL_TOKEN_URL is not Google's token endpoint (it said {status}; "
            "redirects are never followed): correct the address"
        )
    if not said.error:
        return TryLater(f"Google's token endpoint answered {status} and nothing readable", after=BUSY)
    for error, part, kind, remedy in REMEDIES:
        if said.error == error and part in f"{said.error_description} {said.error_subtype}":
            return kind(remedy)
    return OperatorMustAct(f"Google refuses a token ({_word(said.error)}): check the credentials")


def _word(error: str) -> str:
    """Return an error code as far as it looks like one."""
    return error if re.fullmatch("[a-z_]{1,40}", error) else "unknown"


SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
OTHER_DOMAIN = (
    "the service account is not authorised in this account's domain: allow its numeric client id the "
    f"scope {SCOPE} in that domain's Workspace admin console"
)
NO_DELEGATION = (
    "domain-wide delegation is missing: in the Workspace admin console allow the service account's "
    f"numeric client id (not its e-mail) the scope {SCOPE}; it may take up to a day to work"
)
NO_SCOPE = (
    f"the scope {SCOPE} is not authorised for the service account: add it to its domain-wide delegation"
)
POLICY = "a Workspace policy restricts this app: an administrator must mark it as trusted"
NO_USER = "Google knows no such user: deleted, renamed, or misspelt"
CLOCK = "this machine's clock is wrong: Google refuses the time in our request; set the clock"
KEY = "the service-account key was deleted or is the wrong one: make a new key and set CRM_GMAIL_SA_KEY_PATH"
SESSION = (
    "the Workspace policy on session length ended this account's grant: connect it again, or exempt the app"
)
GRANT_GONE = "this account's grant is gone (revoked, expired, or its password changed): connect it again"
UNKNOWN_SCOPE = f"Google does not know the scope asked for: allow exactly {SCOPE}"
DISABLED = "the service account or client is switched off: enable it in the Cloud console"
DELETED = "the service account or client was deleted: make a new one, delegate to it and set its key"
CLIENT = (
    "Google does not accept the client: check CRM_GMAIL_SA_KEY_PATH, or CRM_GMAIL_OAUTH_CLIENT_ID "
    "and CRM_GMAIL_OAUTH_CLIENT_SECRET"
)
INTERNAL = "the client is limited to its own organisation, and this account is outside of it"

# Error, words of its description or subtype, what the caller does, what a person does; the first that fits.
REMEDIES: tuple[tuple[str, str, type[MailroomError], str], ...] = (
    ("unauthorized_client", "Unauthorized client or scope in request", OperatorMustAct, OTHER_DOMAIN),
    ("unauthorized_client", "", OperatorMustAct, NO_DELEGATION),
    ("access_denied", "", OperatorMustAct, NO_SCOPE),
    ("admin_policy_enforced", "", OperatorMustAct, POLICY),
    ("invalid_grant", "Invalid email or User ID", NoMailbox, NO_USER),
    ("invalid_grant", "Not a valid email", NoMailbox, NO_USER),
    ("invalid_grant", "short-lived token", CredentialRefused, CLOCK),
    ("invalid_grant", "Invalid JWT Signature", CredentialRefused, KEY),
    ("invalid_grant", "account not found", CredentialRefused, DELETED),
    ("invalid_grant", "invalid_rapt", Reconnect, SESSION),
    ("invalid_grant", "", Reconnect, GRANT_GONE),
    ("invalid_scope", "", OperatorMustAct, UNKNOWN_SCOPE),
    ("disabled_client", "", CredentialRefused, DISABLED),
    ("deleted_client", "", CredentialRefused, DELETED),
    ("invalid_client", "", CredentialRefused, CLIENT),
    ("org_internal", "", OperatorMustAct, INTERNAL),
)
