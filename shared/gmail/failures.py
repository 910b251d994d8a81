"""What Gmail's and Google's refusals mean for the caller.  Decides only.

The reason and the method decide, not the status alone: Gmail's usual quota refusal is a 403, and
its 404 means "take the long way round" for history and "gone" for a message.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from shared.errors import (
    CallerBug,
    HistoryGone,
    MailroomError,
    MessageGone,
    NoMailbox,
    OperatorMustAct,
    Reconnect,
    TryLater,
)

RATE_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
HISTORY = "gmail.users.history.list"
ONE_OF_A_MAILBOX = frozenset(
    {"gmail.users.messages.get", "gmail.users.messages.attachments.get", "gmail.users.threads.get"}
)
RETRY_AFTER = re.compile(r"Retry after\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)")

SOON = timedelta(seconds=2)
BUSY = timedelta(seconds=5)
TOMORROW = timedelta(hours=6)
LONGEST = timedelta(hours=1)


class WatchTaken(MailroomError):
    """Another watch of this mailbox is live in our project: stop it, then watch once."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Google's error envelope, as far as it could be read."""

    status: int
    reason: str
    message: str


class _Item(msgspec.Struct):
    reason: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    errors: tuple[_Item, ...] = ()
    status: str = ""


class _Envelope(msgspec.Struct):
    error: _Error


class _TokenError(msgspec.Struct):
    error: str = ""
    error_description: str = ""
    error_subtype: str = ""


def read(status: int, body: bytes) -> Refusal:
    """Read an error body; an HTML page, cut JSON or nothing at all leaves reason and message empty."""
    try:
        error = msgspec.json.decode(body, type=_Envelope).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refusal(status, "", "")
    first = error.errors[0] if error.errors else _Item()
    return Refusal(status, first.reason or error.status, error.message or first.message)


def failure(
    method_id: str, status: int, body: bytes, headers: Mapping[str, str], *, now: datetime
) -> MailroomError:
    """Return what the caller does next after an answer that is no success.  *now* is aware, UTC."""
    refusal = read(status, body)
    by_status = {400: _bad_request, 401: _unauthorized, 403: _forbidden, 404: _not_found}
    if status in by_status:
        return by_status[status](method_id, refusal, headers, now)
    if status == 429:  # noqa: PLR2004 - HTTP's Too Many Requests
        return _slow_down(refusal, headers, now)
    if status >= 500 or 300 <= status < 400:  # noqa: PLR2004 - HTTP's own borders
        return TryLater(f"Gmail answered {status} to {_short(method_id)}", after=_named_pause(headers, BUSY))
    return CallerBug(f"Gmail answered {status} to {_short(method_id)}: {_cut(refusal.message)}")


def _bad_request(method_id: str, refusal: Refusal, _: Mapping[str, str], __: datetime) -> MailroomError:
    if "Only one user push notification client" in refusal.message:
        return WatchTaken("another watch of this mailbox is live; it has to be stopped first")
    if "Mail service not enabled" in refusal.message:
        return NoMailbox("this address has no Gmail mailbox; give it a licence or remove the account")
    if refusal.reason in {"failedPrecondition", "FAILED_PRECONDITION"}:
        # Seen for a service account without a subject, and now and then for no reason at all.
        return TryLater(
            "Gmail says a precondition failed (often: no mailbox yet)", after=timedelta(minutes=1)
        )
    if "Invalid topicName" in refusal.message:
        return OperatorMustAct(
            "the topic belongs to another project than the service account: set CRM_GMAIL_PUBSUB_TOPIC "
            "to a topic of the service account's own project"
        )
    return CallerBug(f"Gmail calls {_short(method_id)} malformed: {_cut(refusal.message)}")


def _unauthorized(method_id: str, refusal: Refusal, _: Mapping[str, str], __: datetime) -> MailroomError:
    if refusal.reason == "required":
        return CallerBug(f"{_short(method_id)} was sent without credentials")
    return Reconnect("Gmail no longer accepts this account's access: check the account and its delegation")


def _forbidden(method_id: str, refusal: Refusal, headers: Mapping[str, str], now: datetime) -> MailroomError:
    message = refusal.message
    if refusal.reason == "dailyLimitExceeded" or "Daily Limit" in message:
        return TryLater("the project's daily Gmail quota is used up", after=TOMORROW, shared=True)
    if refusal.reason in RATE_REASONS or RETRY_AFTER.search(message):
        return _slow_down(refusal, headers, now)
    for part, remedy in OPERATOR_REMEDIES:
        if part in message or part == refusal.reason:
            return OperatorMustAct(remedy)
    return OperatorMustAct(f"Gmail forbids {_short(method_id)}: {_cut(message) or 'no reason given'}")


OPERATOR_REMEDIES = (
    (
        "Error sending test message to Cloud PubSub",
        "Gmail may not publish to the topic: grant gmail-api-push@system.gserviceaccount.com the role "
        "Pub/Sub Publisher on it (an organisation policy on domain-restricted sharing may need an exception)",
    ),
    (
        "insufficientPermissions",
        "the access granted lacks a scope: allow https://www.googleapis.com/auth/gmail.readonly for the "
        "service account's client id in the Workspace admin console",
    ),
    (
        "Metadata scope",
        "the access granted is limited to metadata: allow gmail.readonly and remove gmail.metadata, "
        "whose limits win when both are granted",
    ),
    (
        "Delegation denied",
        "Google denies delegation for this address: it must be the account's primary address in the "
        "delegating Workspace domain",
    ),
    ("domainPolicy", "the Workspace administrator has switched Gmail apps off for this domain"),
    ("accessNotConfigured", "the Gmail API is switched off in the project: enable it in the Cloud console"),
)


def _not_found(method_id: str, refusal: Refusal, _: Mapping[str, str], __: datetime) -> MailroomError:
    if method_id == HISTORY:
        return HistoryGone("Gmail no longer keeps history back to this account's cursor")
    if method_id in ONE_OF_A_MAILBOX:
        return MessageGone("Gmail has no such message")
    if "Cloud PubSub" in refusal.message:
        return OperatorMustAct("the topic does not exist: create it, or correct CRM_GMAIL_PUBSUB_TOPIC")
    return CallerBug(f"Gmail does not know {_short(method_id)}")


def _slow_down(refusal: Refusal, headers: Mapping[str, str], now: datetime) -> TryLater:
    """Wait until the time Gmail names; hammering before it moves it out."""
    if "concurrent" in refusal.message:
        return TryLater("Gmail counts too many requests at once for this account", after=BUSY)
    named = RETRY_AFTER.search(refusal.message)
    if named:
        until = datetime.fromisoformat(named[1].replace("Z", "+00:00")).astimezone(UTC)
        return TryLater("Gmail asked this account to pause", after=min(max(until - now, SOON), LONGEST))
    rest_of_minute = timedelta(seconds=60 - now.second)
    return TryLater(
        "this account's Gmail quota of the minute is used up", after=_named_pause(headers, rest_of_minute)
    )


def _named_pause(headers: Mapping[str, str], otherwise: timedelta) -> timedelta:
    """Honour Retry-After in seconds when there is one; Gmail does not promise it."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    return min(timedelta(seconds=int(value)), LONGEST) if value.isascii() and value.isdigit() else otherwise


def token_failure(status: int, body: bytes) -> MailroomError:
    """Return what the caller does next after the token endpoint refused.  The body is never repeated."""
    try:
        error = msgspec.json.decode(body, type=_TokenError)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        error = _TokenError()
    if status >= 500 or status == 429 or not error.error:  # noqa: PLR2004 - HTTP's own borders
        return TryLater(f"Google's token endpoint answered {status}", after=BUSY)
    for name, part, kind, remedy in TOKEN_REMEDIES:
        if error.error == name and part in error.error_description:
            return kind(remedy)
    return OperatorMustAct(
        f"Google refuses a token ({error.error[:40]}): check the service account and its delegation"
    )


TOKEN_REMEDIES: tuple[tuple[str, str, type[MailroomError], str], ...] = (
    (
        "unauthorized_client",
        "",
        OperatorMustAct,
        "domain-wide delegation is missing: in the Workspace admin console allow the service account's numeric "
        "client id the scope https://www.googleapis.com/auth/gmail.readonly (it may take up to a day to work)",
    ),
    (
        "access_denied",
        "",
        OperatorMustAct,
        "the scope gmail.readonly is not authorised for the service account",
    ),
    (
        "admin_policy_enforced",
        "",
        OperatorMustAct,
        "a Workspace policy restricts this app: an administrator must trust it",
    ),
    (
        "invalid_grant",
        "Invalid email or User ID",
        NoMailbox,
        "Google knows no such user: deleted or renamed?",
    ),
    ("invalid_grant", "Not a valid email", NoMailbox, "Google knows no such user: deleted or renamed?"),
    (
        "invalid_grant",
        "short-lived token",
        OperatorMustAct,
        "this machine's clock is wrong: Google refuses the time in our request; set the clock",
    ),
    (
        "invalid_grant",
        "Invalid JWT Signature",
        OperatorMustAct,
        "the service-account key was deleted or is the wrong one: make a new key and set CRM_GMAIL_SA_KEY_PATH",
    ),
    ("invalid_grant", "", Reconnect, "this account's grant is gone (revoked or expired): connect it again"),
    (
        "invalid_client",
        "",
        OperatorMustAct,
        "Google does not accept the client secret: set CRM_GMAIL_OAUTH_CLIENT_SECRET to the current one",
    ),
)


def _short(method_id: str) -> str:
    return method_id.removeprefix("gmail.users.")


def _cut(message: str) -> str:
    """Keep a message printable and short; Google's name settings and projects, not mail."""
    return "".join(c for c in message if c.isprintable())[:160]
