"""Which scopes a Gmail method takes, and what gmail.metadata forbids.

Methods and scopes are those of the discovery document.  A token with gmail.metadata is limited to metadata
whatever else it carries (several field reports for metadata with readonly).
"""

from collections.abc import Mapping

from infra.local.google.errors import ERROR_INFO, GoogleError, forbidden

BASE = "https://www.googleapis.com/auth/"
MAIL = "https://mail.google.com/"
READONLY, MODIFY, METADATA = (f"{BASE}gmail.{name}" for name in ("readonly", "modify", "metadata"))
COMPOSE, LABELS, SETTINGS = (f"{BASE}gmail.{name}" for name in ("compose", "labels", "settings.basic"))
CLOUD, IAM = f"{BASE}cloud-platform", f"{BASE}iam"
# Who the user is: never shown with a box to untick, and granted under their long names.
LONG = {"openid": "openid", "email": f"{BASE}userinfo.email", "profile": f"{BASE}userinfo.profile"}
IDENTITY = frozenset(LONG.values())

READING = frozenset({MAIL, MODIFY, READONLY, METADATA})
CONTENT = READING - {METADATA}
METHODS: Mapping[str, frozenset[str]] = {
    "getProfile": READING | {COMPOSE},
    "labels.list": READING | {LABELS},
    "labels.get": READING | {LABELS},
    "attachments.get": CONTENT,
    "sendAs.list": CONTENT | {SETTINGS},
}
LIMITED_FORMATS = frozenset({"messages.get", "threads.get"})


def long_name(scope: str) -> str:
    """Return a scope as Google writes it: email is an alias of a URL."""
    return LONG.get(scope, scope)


def known(scope: str) -> bool:
    """Whether Google would know a scope."""
    return scope in IDENTITY or scope == MAIL or (scope.startswith(BASE) and len(scope) > len(BASE))


def is_gmail(scope: str) -> bool:
    """Whether a scope is one of Gmail's: a new password ends refresh tokens that have one."""
    return scope == MAIL or scope.startswith(f"{BASE}gmail.")


def check(method: str, rpc: str, scopes: frozenset[str], query: Mapping[str, list[str]]) -> None:
    """Refuse a Gmail call that a token's scopes do not cover.

    Args:
        method: as in the price list ("messages.get").
        rpc: as Google's errors show it ("GetMessage").
        scopes: the token's.
        query: the call's parameters.
    """
    limited = METADATA in scopes
    if not scopes & METHODS.get(method, READING) or (limited and method == "attachments.get"):
        raise insufficient("gmail.googleapis.com", f"caribou.api.proto.MailboxService.{rpc}")
    if limited and query.get("q", [""])[-1]:
        raise forbidden("Metadata scope does not support 'q' parameter")
    shape = query.get("format", ["full"])[-1].lower()
    if limited and method in LIMITED_FORMATS and shape in {"full", "raw"}:
        raise forbidden(f"Metadata scope doesn't allow format {shape.upper()}")


def insufficient(service: str, method: str) -> GoogleError:
    """Refuse a token whose scopes do not cover a method."""
    info = {"@type": ERROR_INFO, "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com"}
    return GoogleError(
        403,
        "Request had insufficient authentication scopes.",
        "insufficientPermissions",
        first_message="Insufficient Permission",
        details=(info | {"metadata": {"service": service, "method": method}},),
    )
