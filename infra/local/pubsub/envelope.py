"""Build what production Pub/Sub sends and accept what it accepts.  No I/O."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Message:
    """One published message."""

    id: str
    data: bytes
    published_at: datetime  # UTC
    attributes: dict[str, str] = field(default_factory=dict)
    ordering_key: str = ""


class _Published(msgspec.Struct, forbid_unknown_fields=True):
    data: str = ""
    attributes: dict[str, str] = {}
    orderingKey: str = ""  # noqa: N815 - Google's spelling


class _Publish(msgspec.Struct, forbid_unknown_fields=True):
    messages: list[_Published] = []


class NotPublishable(ValueError):
    """The publish request is wrong; the text is what Google's emulator says to it."""


def read_publish(body: bytes) -> list[_Published]:
    """Read the body of a publish call.  Raises NotPublishable."""
    try:
        messages = msgspec.json.decode(body, type=_Publish).messages
        for message in messages:
            read_data(message.data)
    except (ValueError, RecursionError):
        raise NotPublishable("Payload isn't valid for request.") from None
    if not messages:
        raise NotPublishable("No messages to publish")
    if not all(message.data or message.attributes for message in messages):
        raise NotPublishable("Some messages are empty")
    return messages


def read_data(text: str) -> bytes:
    """Decode base64 in either alphabet, padded or not, as Google's JSON does.  Raises ValueError."""
    bare = text.rstrip("=").translate(str.maketrans("-_", "+/"))
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def push_body(message: Message, subscription: str, *, attempt: int | None = None) -> bytes:
    """Return the wrapped push body, with both spellings of id and time.

    *attempt* is sent as deliveryAttempt; production sends it only with a dead-letter policy.
    """
    # Google cuts trailing zeros: the number of digits varies.
    moment = (
        message.published_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f").rstrip("0").rstrip(".") + "Z"
    )
    inner: dict[str, Any] = {
        "data": b64encode(message.data).decode(),
        "messageId": message.id,
        "message_id": message.id,
        "publishTime": moment,
        "publish_time": moment,
    }
    if message.attributes:
        inner["attributes"] = message.attributes
    if message.ordering_key:
        inner["orderingKey"] = message.ordering_key
    outer: dict[str, Any] = {"message": inner, "subscription": subscription}
    if attempt is not None:
        outer["deliveryAttempt"] = attempt
    return msgspec.json.encode(outer)
