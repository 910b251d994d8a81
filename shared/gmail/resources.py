"""What Gmail answers, as typed values: only the fields we use.

Gmail writes 64-bit integers as JSON strings and omits whatever is empty, so every list and most
fields have a default.
"""

from datetime import UTC, datetime, timedelta

import msgspec
import pybase64

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Anything later than this is no date; Python's datetime ends at year 9999.
LATEST_MS = int((datetime(9999, 1, 1, tzinfo=UTC) - EPOCH).total_seconds() * 1000)


class Resource(msgspec.Struct, rename="camel", frozen=True):
    """Base of all answers: camelCase on the wire, unknown fields ignored."""


class Profile(Resource):
    """users.getProfile."""

    email_address: str
    history_id_: str = msgspec.field(name="historyId")

    @property
    def history_id(self) -> int:
        """The mailbox's current history id."""
        return int(self.history_id_)


class MessageRef(Resource):
    """A message named in a list or in history; labels only where history states them."""

    id: str
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()


class ListPage(Resource):
    """One page of messages.list.  resultSizeEstimate is a guess and not read."""

    messages: tuple[MessageRef, ...] = ()
    next_page_token: str | None = None


class Change(Resource):
    """One entry of a history record's change lists."""

    message: MessageRef


class HistoryRecord(Resource):
    """One change of the mailbox.  *messages* alone, without a change list, says nothing."""

    id: str
    messages_added: tuple[Change, ...] = ()
    messages_deleted: tuple[Change, ...] = ()
    labels_added: tuple[Change, ...] = ()
    labels_removed: tuple[Change, ...] = ()


class HistoryPage(Resource):
    """One page of history.list; the history id is the mailbox's current one, on every page."""

    history_id_: str = msgspec.field(name="historyId")
    records: tuple[HistoryRecord, ...] = msgspec.field(name="history", default=())
    next_page_token: str | None = None

    @property
    def history_id(self) -> int:
        """The mailbox's current history id."""
        return int(self.history_id_)


class Header(Resource):
    """One header line: encoded words decoded, folding undone."""

    name: str
    value: str


class Payload(Resource):
    """The part of a message's payload that the metadata format brings."""

    headers: tuple[Header, ...] = ()


class Message(Resource):
    """messages.get in any format."""

    id: str
    thread_id: str = ""
    label_ids: tuple[str, ...] = ()
    internal_date_: str = msgspec.field(name="internalDate", default="0")
    payload: Payload = Payload()
    raw: str = ""

    @property
    def headers(self) -> list[tuple[str, str]]:
        """(name, value) of the headers asked for, in message order."""
        return [(header.name, header.value) for header in self.payload.headers]

    @property
    def internal_date(self) -> datetime:
        """When Gmail accepted the message, UTC; an impossible value counts as 1970."""
        return moment(self.internal_date_)

    def raw_bytes(self) -> bytes:
        """The whole RFC 5322 message.  Gmail's padding is sometimes there and sometimes not."""
        return decode_base64url(self.raw)


class Watch(Resource):
    """users.watch: *expiration* is in milliseconds since 1970, seven days ahead."""

    history_id_: str = msgspec.field(name="historyId")
    expiration_: str = msgspec.field(name="expiration")

    @property
    def history_id(self) -> int:
        """The mailbox's current history id: a first cursor, never a later one."""
        return int(self.history_id_)

    @property
    def expiration(self) -> datetime:
        """When the watch ends, UTC."""
        return moment(self.expiration_)


def moment(milliseconds: str) -> datetime:
    """Return the time of a Gmail timestamp (milliseconds since 1970 as a string), UTC."""
    try:
        value = int(milliseconds)
    except ValueError:
        return EPOCH
    return EPOCH + timedelta(milliseconds=value) if 0 <= value < LATEST_MS else EPOCH


def decode_base64url(text: str) -> bytes:
    """Decode base64url with or without padding; ValueError when it is neither."""
    data = text.rstrip("=").encode("ascii")
    return pybase64.b64decode(data + b"=" * (-len(data) % 4), altchars=b"-_", validate=True)
