"""Decide what a pushed notification says: which account changed, up to which history id.  No I/O.

A notification is only a hint, so little of it is needed; but what is needed is read strictly:
anything doubtful is Unusable, never a guess.
"""

from base64 import b64decode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from shared.errors import Unusable

# Why a notification is of no use: a closed set, fit for counting.
Reason = Literal[
    "body_not_json",
    "not_an_envelope",
    "other_subscription",
    "data_not_base64",
    "data_not_json",
    "no_address",
    "no_history_id",
]

LONGEST_ADDRESS = 320  # characters: 64 before the @, 255 after it (RFC 5321)
LONGEST_HISTORY_ID = 20  # digits of the largest unsigned 64-bit number
LONGEST_MESSAGE_ID = 100  # characters; Google's have 16 or 17
TO_STANDARD_ALPHABET = str.maketrans("-_", "+/")


@dataclass(frozen=True, slots=True)
class Notification:
    """What Gmail told us through Pub/Sub."""

    address: str  # of the mailbox, case-folded
    history_id: int  # of the change that caused it; older ones may still be unseen
    pubsub_message_id: str  # the same on a repeat; empty when there was none
    published_at: datetime | None  # UTC; None when absent or unreadable


def decode(body: bytes, *, subscription: str | None) -> Notification:
    """Read the body of a push request (wrapped form; Pub/Sub docs: "Receive push messages").

    *subscription* is the full name it must come from; None accepts any.
    Raises Unusable, its text one of `Reason`, and nothing else, whatever *body* holds.
    """
    envelope = _json_object(body, "body_not_json", "not_an_envelope")
    message = envelope.get("message")
    if not isinstance(message, dict) or not isinstance(message.get("data"), str):
        raise _unusable("not_an_envelope")
    if subscription is not None and envelope.get("subscription") != subscription:
        raise _unusable("other_subscription")
    return from_message(
        _base64(message["data"]),
        message_id=_either(message, "messageId", "message_id"),
        published_at=_moment(_either(message, "publishTime", "publish_time")),
    )


def from_message(data: bytes, *, message_id: str, published_at: datetime | None) -> Notification:
    """Read a notification out of a message's bare *data*, as pull hands it over.  Raises Unusable."""
    said = _json_object(data, "data_not_json", "data_not_json")
    return Notification(
        address=_address(said.get("emailAddress")),
        history_id=_history_id(said.get("historyId")),
        pubsub_message_id=message_id,
        published_at=published_at,
    )


def _unusable(reason: Reason) -> Unusable:
    return Unusable(reason)


def _json_object(text: bytes, not_json: Reason, not_object: Reason) -> dict[str, Any]:
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError):  # RecursionError: a body of brackets only
        raise _unusable(not_json) from None  # the decoder's message may quote the body
    if not isinstance(value, dict):
        raise _unusable(not_object)
    return value


def _either(message: dict[str, Any], *spellings: str) -> str:
    """Return the first spelling that holds a clean short text: these fields are not worth a refusal."""
    for name in spellings:
        value = message.get(name)
        if isinstance(value, str) and value.isprintable() and len(value) <= LONGEST_MESSAGE_ID:
            return value
    return ""


def _base64(text: str) -> bytes:
    """Decode either alphabet, padded or not: Gmail documents base64url, Pub/Sub sends standard base64."""
    bare = text.rstrip("=").translate(TO_STANDARD_ALPHABET)
    try:
        return b64decode(bare + "=" * (-len(bare) % 4), validate=True)
    except ValueError:
        raise _unusable("data_not_base64") from None


def _address(value: object) -> str:
    address = value.strip().casefold() if isinstance(value, str) else ""
    # isprintable also refuses NUL and line breaks, which no column, header or log line should meet.
    clean = address.isprintable() and " " not in address and len(address) <= LONGEST_ADDRESS
    local, at, domain = address.rpartition("@")
    if not (clean and local and at and domain):
        raise _unusable("no_address")
    return address


def _history_id(value: object) -> int:
    """Read the number (real pushes) or the string of digits (Gmail's guide)."""
    if type(value) is int:  # not isinstance: True is an int too
        digits = str(value) if 0 < value < 10**LONGEST_HISTORY_ID else ""
    else:
        digits = value if isinstance(value, str) and value.isascii() and value.isdigit() else ""
    if not 0 < len(digits) <= LONGEST_HISTORY_ID or int(digits) == 0:
        raise _unusable("no_history_id")
    return int(digits)


def _moment(text: str) -> datetime | None:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else None
    return None
