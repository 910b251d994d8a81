"""What a Gmail call is: built from Google's own description of the API, sent by others.

The description comes with google-api-python-client and is read once; building it needs neither
network nor credentials, and one service serves all accounts.  `user` is the account's address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal
from urllib.parse import quote, urlsplit

import httplib2
from googleapiclient.discovery import build

Format = Literal["minimal", "metadata", "full", "raw"]
ThreadFormat = Literal["minimal", "metadata", "full"]

# What deciding whether a message could be an investor's needs, and no more.
WEIGHED_HEADERS = ("From", "To", "Cc", "Bcc", "Sender", "Reply-To")
# Singular, unlike the fields of the answer; the plural is a 400.
HISTORY_TYPES = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")
# Cannot be part of an address: its slashes would be encoded.
ANY_MESSAGE = "/messages/any?"
AROUND_DATA = 4096  # bytes of JSON around an attachment's base64
MOST_LISTED = 500  # of one page, for history and messages alike


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to travel alone or inside a batch."""

    method_id: str  # "gmail.users.messages.get"
    http_method: str
    path: str  # with the query, from "/gmail/v1/..." on
    body: bytes | None = None
    packed: bool = True  # ask for gzip: unpacking a raw message costs more than the bytes saved
    most: int | None = None  # bytes of the answer, unpacked; None: what the transport takes
    body_type: str = "application/json"


def get_profile(user: str) -> Call:
    """users.getProfile: 1 unit."""
    return _call(_resource("users").getProfile(userId=user))


def history_list(user: str, start: int, page_token: str | None, *, max_results: int = MOST_LISTED) -> Call:
    """users.history.list from *start* (exclusive): 2 units a page.

    No label filter: it looks at the labels of the time, and hides moves that matter here.
    """
    return _call(
        _resource("history").list(
            userId=user,
            startHistoryId=str(start),
            maxResults=max_results,
            pageToken=page_token,
            historyTypes=list(HISTORY_TYPES),
        )
    )


def messages_list(  # noqa: PLR0913 - Gmail's own parameters
    user: str,
    *,
    page_token: str | None = None,
    q: str | None = None,
    max_results: int = MOST_LISTED,
    include_spam_trash: bool = False,
    label_ids: Sequence[str] = (),
) -> Call:
    """users.messages.list: 5 units a page of at most 500 ids.  Several labels: messages that have all."""
    return _call(
        _resource("messages").list(
            userId=user,
            pageToken=page_token,
            q=q,
            maxResults=max_results,
            includeSpamTrash=include_spam_trash,
            labelIds=list(label_ids) or None,
        )
    )


def message_get(user: str, message_id: str, *, format_: Format, headers: Sequence[str] = ()) -> Call:
    """users.messages.get: 20 units in every format.  *headers* narrows the metadata format."""
    shape = _message_shape(user, format_, tuple(headers))
    path = shape.path.replace(ANY_MESSAGE, f"/messages/{quote(message_id, safe='')}?", 1)
    return Call(shape.method_id, shape.http_method, path, packed=shape.packed)


@lru_cache(maxsize=4096)
def _message_shape(user: str, format_: Format, headers: tuple[str, ...]) -> Call:
    """Build the call once for all messages: only the id differs, and building costs as much as sending."""
    request = _resource("messages").get(
        userId=user, id="any", format=format_, metadataHeaders=list(headers) or None
    )
    return _call(request, packed=format_ != "raw")


def threads_get(user: str, thread_id: str, *, format_: ThreadFormat, headers: Sequence[str] = ()) -> Call:
    """users.threads.get: 40 units for the whole thread; there is no raw format."""
    return _call(
        _resource("threads").get(
            userId=user, id=thread_id, format=format_, metadataHeaders=list(headers) or None
        )
    )


def attachment_get(user: str, message_id: str, attachment_id: str, *, most: int | None = None) -> Call:
    """users.messages.attachments.get: 20 units; the id comes from a recent messages.get.

    *most* bytes of the attachment: a larger answer is not read to its end.
    """
    request = _resource("attachments").get(userId=user, messageId=message_id, id=attachment_id)
    return _call(request, packed=False, most=None if most is None else most * 4 // 3 + AROUND_DATA)


def watch(user: str, topic: str) -> Call:
    """users.watch on all labels: 100 units.  A label filter would hide moves we need."""
    return _call(_resource("users").watch(userId=user, body={"topicName": topic}))


def stop(user: str) -> Call:
    """users.stop: 50 units."""
    return _call(_resource("users").stop(userId=user))


def labels_list(user: str) -> Call:
    """users.labels.list: 1 unit."""
    return _call(_resource("labels").list(userId=user))


def send_as_list(user: str) -> Call:
    """users.settings.sendAs.list: the mailbox's own addresses."""
    return _call(_resource("sendAs").list(userId=user))


@cache
def _resource(name: str) -> Any:
    """Return one of the API's collections; building it costs ten times as much as a call made from it."""
    if name == "users":
        # A transport is given so that the library asks the environment for no credentials.
        return build(
            "gmail", "v1", http=httplib2.Http(), static_discovery=True, cache_discovery=False
        ).users()
    parents = {"attachments": "messages", "settings": "users", "sendAs": "settings"}
    return getattr(_resource(parents.get(name, "users")), name)()


def _call(request: Any, *, packed: bool = True, most: int | None = None) -> Call:
    parts = urlsplit(request.uri)
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    body = request.body.encode() if request.body else None
    return Call(request.methodId, request.method, path, body, packed, most)
