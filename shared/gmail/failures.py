"""What Gmail's refusals mean for the caller.  Decides only.

The reason and the method decide, not the status alone: Gmail's usual quota refusal is a 403, and
its 404 means "take the long way round" for history and "gone" for a message.  What the token
endpoint's refusals mean is in `token_failures`.
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
    SlowDown,
    TryLater,
    Unanswered,
)

HISTORY = "gmail.users.history.list"
ONE_OF_A_MAILBOX = frozenset(
    {"gmail.users.messages.get", "gmail.users.messages.attachments.get", "gmail.users.threads.get"}
)
PROFILE = "gmail.users.getProfile"

RATE_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "RATE_LIMIT_EXCEEDED"})
PRECONDITION = frozenset({"failedPrecondition", "FAILED_PRECONDITION"})
RETRY_AFTER = re.compile(
    r"retry after\s+(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))", re.IGNORECASE
)
ADDRESS = re.compile(r"[^\s<>\"'(),:;]+@[^\s<>\"'(),:;]+")

SOON = timedelta(seconds=2)
BUSY = timedelta(seconds=5)
LONGEST = timedelta(hours=1)  # believed of a pause that Gmail names
BANDWIDTH = timedelta(hours=1)  # bytes are counted by the day, nothing says when there are some again
REST_OF_DAY = timedelta(hours=6)


class TooManyAtOnce(SlowDown):
    """Too many calls of this account at the same moment: fewer at a time may go on at once."""


class AccessTooNarrow(OperatorMustAct):
    """What was granted does not cover the call: true of every message, whatever else still answers."""


class WatchTaken(MailroomError):
    """Another watch of this mailbox is live in our project: stop it, then watch once."""


class StalePage(CallerBug):
    """Gmail no longer accepts this page token: begin the listing again."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Google's error envelope, as far as it could be read."""

    status: int
    reason: str = ""  # errors[0].reason, else of the details, else the envelope's status
    message: str = ""
    detail: str = ""  # the reason of the details: says more when both are there
    readable: bool = True  # it was Google's envelope, not a page of something in between


class _Item(msgspec.Struct):
    reason: str = ""
    message: str = ""


class _Detail(msgspec.Struct):
    reason: str = ""


class _Error(msgspec.Struct):
    message: str = ""
    errors: tuple[_Item, ...] = ()
    status: str = ""
    details: tuple[_Detail, ...] = ()


class _Envelope(msgspec.Struct):
    error: _Error


def read(status: int, body: bytes) -> Refusal:
    """Read an error body; an HTML page, cut JSON or nothing at all leaves everything empty."""
    try:
        error = msgspec.json.decode(body, type=_Envelope).error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return Refusal(status, readable=False)
    first = error.errors[0] if error.errors else _Item()
    detail = next((detail.reason for detail in error.details if detail.reason), "")
    return Refusal(status, first.reason or detail or error.status, error.message or first.message, detail)


def failure(
    method_id: str, status: int, body: bytes, headers: Mapping[str, str], *, now: datetime
) -> MailroomError:
    """Return what the caller does next after an answer that is no success.

    *method_id* is that of the call ("gmail.users.watch"), *now* is aware, UTC.  No message repeats
    an address.
    """
    refusal, method = read(status, body), method_id.removeprefix("gmail.users.")
    meaning: MailroomError = CallerBug(f"Gmail answered {status} to {method}: {_shown(refusal)}")
    match status:
        case 400:
            meaning = _bad_request(method, refusal)
        case 401:
            meaning = _unauthorized(method, refusal)
        case 403:
            meaning = _forbidden(method, refusal, headers, now)
        case 404:
            meaning = _not_found(method_id, refusal)
        case 429:
            meaning = _slow_down(refusal, headers, now)
        case _ if 300 <= status < 400:  # noqa: PLR2004 - HTTP's own border
            what = f"{method} was answered with a redirect, never followed: check CRM_GMAIL_API_URL"
            meaning = Unanswered(what, after=BUSY)
        case _ if status >= 500 or status in {408, 409}:  # noqa: PLR2004 - HTTP's own border
            meaning = Unanswered(f"Gmail answered {status} to {method}", after=_named_pause(headers) or BUSY)
    return meaning


def _bad_request(method: str, refusal: Refusal) -> MailroomError:
    message = refusal.message
    if "Only one user push notification client" in message:
        return WatchTaken("another watch of this mailbox is live; it has to be stopped first")
    if "Mail service not enabled" in message:
        return NoMailbox("this address has no Gmail mailbox; give it a licence or remove the account")
    if refusal.reason in PRECONDITION:
        # Also seen now and then for no reason at all; an operator's trouble is looked at again soon.
        return OperatorMustAct(
            "Gmail says a precondition failed: the address has no Gmail mailbox yet, or the service account "
            "acts for nobody; check both in the Workspace admin console"
        )
    if "Invalid topicName" in message:
        return OperatorMustAct(
            "the topic belongs to another project than the service account: set CRM_GMAIL_PUBSUB_TOPIC "
            "to a topic of the service account's own project"
        )
    if "pageToken" in message or "page_token" in message:
        return StalePage(f"Gmail no longer accepts the page token of {method}; the listing begins again")
    return CallerBug(f"Gmail calls {method} malformed: {_shown(refusal)}")


def _unauthorized(method: str, refusal: Refusal) -> MailroomError:
    if refusal.reason == "required" or refusal.detail == "CREDENTIALS_MISSING":
        return CallerBug(f"{method} was sent without credentials")
    return Reconnect("Gmail no longer accepts this account's access: check the account and its delegation")


def _forbidden(method: str, refusal: Refusal, headers: Mapping[str, str], now: datetime) -> MailroomError:
    message = refusal.message
    limited = refusal.reason in RATE_REASONS | {"dailyLimitExceeded"} or refusal.detail in RATE_REASONS
    if limited or RETRY_AFTER.search(message) or message.startswith("Quota exceeded"):
        return _slow_down(refusal, headers, now)
    for sign, kind, remedy in OPERATOR_REMEDIES:
        if sign in {refusal.reason, refusal.detail} or sign in message:
            return kind(remedy)
    return OperatorMustAct(f"Gmail forbids {method}: {_shown(refusal)}")


PUBLISHER = (
    "Gmail may not publish to the topic: grant gmail-api-push@system.gserviceaccount.com the role "
    "Pub/Sub Publisher on it (an organisation policy on domain-restricted sharing may need an exception)"
)
METADATA_ONLY = (
    "the access granted is limited to metadata: allow gmail.readonly and remove gmail.metadata, "
    "whose limits win when both are granted"
)
SCOPE = (
    "the access granted lacks a scope: allow https://www.googleapis.com/auth/gmail.readonly for the "
    "service account's client id in the Workspace admin console, or connect the account again with every "
    "box ticked"
)
DELEGATION = (
    "Google denies delegation for this address: enrol the account under its primary address, and check "
    "that it belongs to the delegating Workspace domain"
)
SWITCHED_OFF = "the Gmail API is switched off in the project: enable it in the Cloud console"
APPS_OFF = "the Workspace administrator has switched Gmail apps off for this domain: allow them"

# A reason, or words of the message, and what an operator has to do; the first that fits.
OPERATOR_REMEDIES: tuple[tuple[str, type[OperatorMustAct], str], ...] = (
    ("Error sending test message to Cloud PubSub", OperatorMustAct, PUBLISHER),
    ("Metadata scope", AccessTooNarrow, METADATA_ONLY),
    ("insufficientPermissions", AccessTooNarrow, SCOPE),
    ("ACCESS_TOKEN_SCOPE_INSUFFICIENT", AccessTooNarrow, SCOPE),
    ("Delegation denied", OperatorMustAct, DELEGATION),
    ("domainPolicy", OperatorMustAct, APPS_OFF),
    ("accessNotConfigured", OperatorMustAct, SWITCHED_OFF),
    ("SERVICE_DISABLED", OperatorMustAct, SWITCHED_OFF),
)


def _not_found(method_id: str, refusal: Refusal) -> MailroomError:
    if not refusal.readable:
        # A proxy's page, or a wrong address, must not make mail count as deleted.
        return Unanswered("a 404 that is not Gmail's: check CRM_GMAIL_API_URL", after=BUSY)
    if method_id == HISTORY:
        return HistoryGone("Gmail no longer keeps history back to this account's cursor")
    if method_id in ONE_OF_A_MAILBOX:
        return MessageGone("Gmail has no such message")
    if "Cloud PubSub" in refusal.message:
        return OperatorMustAct("the topic does not exist: create it, or correct CRM_GMAIL_PUBSUB_TOPIC")
    if method_id == PROFILE:
        return NoMailbox("Gmail knows no mailbox of this address; it may have been renamed or deleted")
    return CallerBug(f"Gmail does not know {method_id}")


def _slow_down(refusal: Refusal, headers: Mapping[str, str], now: datetime) -> TryLater:
    """Wait until the time Gmail names; without one, for as long as this kind of limit lasts."""
    message = refusal.message
    named = _named_time(message, now) or _named_pause(headers)
    project = "per minute per project" in message.lower()
    if refusal.reason == "dailyLimitExceeded" or "Daily Limit" in message:
        return SlowDown("the project's daily Gmail quota is used up", after=REST_OF_DAY, shared=True)
    if named:
        return SlowDown("Gmail asked for a pause", after=named, shared=project, named=True)
    if "bandwidth" in message.lower():
        return SlowDown("this account's bandwidth of the day is used up", after=BANDWIDTH)
    if message.startswith("Quota exceeded"):
        # The window may begin anywhere in a minute; at its very end a moment more is wise.
        rest_of_minute = max(timedelta(seconds=60 - now.second), BUSY)
        return SlowDown("the Gmail quota of this minute is used up", after=rest_of_minute, shared=project)
    if "concurrent" in message.lower():
        return TooManyAtOnce("Gmail counts too many requests at once for this account", after=SOON)
    return SlowDown("Gmail counts too many requests for this account", after=BUSY)


def _named_time(message: str, now: datetime) -> timedelta | None:
    """Read "Retry after <RFC 3339 time>": one space or two, and often minutes away."""
    named = RETRY_AFTER.search(message)
    try:
        until = datetime.fromisoformat(named[1]).astimezone(UTC) if named else None
    except (ValueError, OverflowError):
        return None
    return min(max(until - now, SOON), LONGEST) if until else None


def _named_pause(headers: Mapping[str, str]) -> timedelta | None:
    """Read Retry-After in seconds; Gmail does not promise it."""
    value = next((value for name, value in headers.items() if name.lower() == "retry-after"), "").strip()
    if not (value.isascii() and value.isdigit()):
        return None
    return min(timedelta(seconds=int(value[:9])), LONGEST)


def _shown(refusal: Refusal) -> str:
    """Return Google's message, printable, short and without addresses; it names settings and projects."""
    printable = "".join(c if c.isprintable() else " " for c in refusal.message[:500])
    return ADDRESS.sub("<address>", printable)[:160] or "no reason given"
