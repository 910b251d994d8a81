"""What Gmail answers, as typed values: only the fields we use.  Decides only.

Gmail writes 64-bit integers as JSON strings and omits whatever is empty, so numbers are read from
either form and every list and most fields have a default.
"""

import html
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import msgspec
import pybase64

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Anything later than this is no date; Python's datetime ends at year 9999.
LATEST_MS = int((datetime(9999, 1, 1, tzinfo=UTC) - EPOCH).total_seconds() * 1000)

# A point in a mailbox's history: grows with random gaps, no assumption on its length.
HistoryId = Annotated[int, msgspec.Meta(ge=0)]


class Resource(msgspec.Struct, rename="camel", frozen=True):
    """Base of all answers: camelCase on the wire, unknown fields ignored."""


R = TypeVar("R", bound=Resource)


class Profile(Resource, frozen=True, rename="camel"):
    """users.getProfile: the primary address and the mailbox's current history id."""

    email_address: str
    history_id: HistoryId
    messages_total: int = 0
    threads_total: int = 0


class MessageRef(Resource, frozen=True, rename="camel"):
    """A message named in a list or in history; labels only where history states them."""

    id: str
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()


class ListPage(Resource, frozen=True, rename="camel"):
    """One page of messages.list.  resultSizeEstimate is a guess and not read."""

    messages: tuple[MessageRef, ...] = ()
    next_page_token: str | None = None


class Change(Resource, frozen=True, rename="camel"):
    """One entry of a history record's change lists."""

    message: MessageRef
    label_ids: tuple[str, ...] = ()  # of a label change: the labels that came or went


class HistoryRecord(Resource, frozen=True, rename="camel"):
    """One change of the mailbox.  A record without any change list says nothing and is harmless."""

    id: HistoryId
    messages_added: tuple[Change, ...] = ()
    messages_deleted: tuple[Change, ...] = ()
    labels_added: tuple[Change, ...] = ()
    labels_removed: tuple[Change, ...] = ()


class HistoryPage(Resource, frozen=True, rename="camel"):
    """One page of history.list; the history id is the mailbox's current one, on every page."""

    history_id: HistoryId
    records: tuple[HistoryRecord, ...] = msgspec.field(name="history", default=())
    next_page_token: str | None = None


class Header(Resource, frozen=True, rename="camel"):
    """One header line: encoded words decoded, folding undone."""

    name: str
    value: str = ""


class Body(Resource, frozen=True, rename="camel"):
    """What a part holds: its data, or the id to fetch them by, good for a while."""

    attachment_id: str = ""
    size: int = 0  # bytes, decoded
    data: str = ""


class Payload(Resource, frozen=True, rename="camel"):
    """One part of a message.  The metadata format brings the outermost one's headers and nothing else."""

    part_id: str = ""
    mime_type: str = ""
    filename: str = ""
    headers: tuple[Header, ...] = ()
    body: Body = Body()
    parts: tuple["Payload", ...] = ()

    def walk(self) -> Iterator["Payload"]:
        """Yield this part and all inside it, outermost first."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.parts))


class Message(Resource, frozen=True, rename="camel"):
    """messages.get in any format."""

    id: str
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()
    escaped_snippet: str = msgspec.field(name="snippet", default="")
    history_id: HistoryId = 0  # may be too old to start from: never a cursor
    internal_ms: int = msgspec.field(name="internalDate", default=0)
    size_estimate: int = 0  # bytes
    payload: Payload = Payload()
    raw: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """(name, value) of the headers asked for, in message order."""
        return [(header.name, header.value) for header in self.payload.headers]

    @property
    def internal_date(self) -> datetime:
        """When Gmail accepted the message, UTC; an impossible value counts as 1970."""
        return moment(self.internal_ms)

    @property
    def snippet(self) -> str:
        """About 200 characters of text; Gmail hands them out HTML-escaped."""
        return html.unescape(self.escaped_snippet)

    def raw_bytes(self) -> bytes:
        """Return the whole RFC 5322 message.  Gmail's padding is sometimes there and sometimes not."""
        return decode_base64url(self.raw)


class Thread(Resource, frozen=True, rename="camel"):
    """threads.get: its messages, oldest first."""

    id: str
    history_id: HistoryId = 0
    messages: tuple[Message, ...] = ()


class Attachment(Resource, frozen=True, rename="camel"):
    """messages.attachments.get.  Its id changes with every messages.get and is not read."""

    data: str = ""
    size: int = 0  # bytes, decoded

    def content(self) -> bytes:
        """Return the decoded attachment."""
        return decode_base64url(self.data)


class Watch(Resource, frozen=True, rename="camel"):
    """users.watch: *expiration_ms* counts from 1970, seven days ahead."""

    history_id: HistoryId  # a first cursor, never a later one: changes before it may be unread
    expiration_ms: int = msgspec.field(name="expiration")

    @property
    def expiration(self) -> datetime:
        """When the watch ends, UTC."""
        return moment(self.expiration_ms)


class Label(Resource, frozen=True, rename="camel"):
    """One entry of labels.list; system labels have their name as id."""

    id: str
    name: str = ""
    type: str = "system"


class Labels(Resource, frozen=True, rename="camel"):
    """labels.list."""

    labels: tuple[Label, ...] = ()


class SendAs(Resource, frozen=True, rename="camel"):
    """One address the mailbox sends as.  Only an accepted alias, or the primary address, is its own."""

    send_as_email: str
    is_primary: bool = False
    treat_as_alias: bool = False
    verification_status: str = ""


class SendAsList(Resource, frozen=True, rename="camel"):
    """settings.sendAs.list."""

    send_as: tuple[SendAs, ...] = ()


class Nothing(Resource, frozen=True, rename="camel"):
    """An answer without content: 204, or an empty object."""


def read(body: bytes, kind: type[R]) -> R:
    """Read an answer.

    Raises msgspec.ValidationError when it is JSON of another shape, and msgspec.DecodeError (its
    base) when it is no JSON at all, cut in transit for example.
    """
    try:
        # Not strict: 64-bit integers are strings.
        return msgspec.json.decode(body, type=kind, strict=False)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as unreadable:
        return msgspec.json.decode(_mended(body, unreadable), type=kind, strict=False)


def _mended(body: bytes, unreadable: Exception) -> bytes:
    """Replace halves of surrogate pairs, which msgspec refuses: one odd character must not cost a message."""
    try:
        return json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")
    except (ValueError, RecursionError):
        raise msgspec.DecodeError(type(unreadable).__name__) from None


def moment(milliseconds: int) -> datetime:
    """Return the time of a Gmail timestamp (milliseconds since 1970), UTC; 1970 when impossible."""
    return EPOCH + timedelta(milliseconds=milliseconds) if 0 <= milliseconds < LATEST_MS else EPOCH


def decode_base64url(text: str) -> bytes:
    """Decode base64url with or without padding, or in the standard alphabet; ValueError when it is none."""
    data = text.rstrip("=").replace("+", "-").replace("/", "_").encode("ascii")
    return pybase64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
