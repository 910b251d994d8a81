"""What a Gmail call is: built from Google's own description of the API, sent by others.

The description comes with google-api-python-client and is read once; building it needs neither
network nor credentials, and one service serves all accounts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal
from urllib.parse import urlsplit

import httplib2
from googleapiclient.discovery import build

Format = Literal["minimal", "metadata", "full", "raw"]

# What deciding whether a message could be an investor's needs, and no more.
WEIGHED_HEADERS = ("From", "To", "Cc", "Bcc", "Sender", "Reply-To")
HISTORY_TYPES = ("messageAdded", "messageDeleted", "labelAdded", "labelRemoved")


@dataclass(frozen=True, slots=True)
class Call:
    """One call, ready to travel alone or inside a batch."""

    method_id: str  # "gmail.users.messages.get"
    http_method: str
    path: str  # with the query, from "/gmail/v1/..." on
    body: bytes | None = None


@cache
def _users() -> Any:
    service = build("gmail", "v1", http=httplib2.Http(), static_discovery=True, cache_discovery=False)
    return service.users()


@cache
def _messages() -> Any:
    # Building this object costs ten times as much as the call made from it.
    return _users().messages()


@cache
def _history() -> Any:
    return _users().history()


def _call(request: Any) -> Call:
    parts = urlsplit(request.uri)
    body = request.body.encode() if request.body else None
    return Call(
        request.methodId, request.method, f"{parts.path}?{parts.query}" if parts.query else parts.path, body
    )


def get_profile(user: str) -> Call:
    """users.getProfile: 1 unit."""
    return _call(_users().getProfile(userId=user))


def history_list(user: str, start: int, page_token: str | None) -> Call:
    """users.history.list from *start* (exclusive): 2 units a page of at most 500 records."""
    return _call(
        _history().list(
            userId=user,
            startHistoryId=str(start),
            maxResults=500,
            pageToken=page_token,
            historyTypes=list(HISTORY_TYPES),
        )
    )


def messages_list(
    user: str, *, page_token: str | None, q: str | None, max_results: int, include_spam_trash: bool
) -> Call:
    """users.messages.list: 5 units a page of at most 500 ids."""
    return _call(
        _messages().list(
            userId=user,
            pageToken=page_token,
            q=q,
            maxResults=max_results,
            includeSpamTrash=include_spam_trash,
        )
    )


def message_get(user: str, message_id: str, *, format_: Format, headers: Sequence[str] = ()) -> Call:
    """users.messages.get: 20 units in every format."""
    return _call(
        _messages().get(userId=user, id=message_id, format=format_, metadataHeaders=list(headers) or None)
    )


def watch(user: str, topic: str) -> Call:
    """users.watch on all labels: 100 units.  A label filter would hide moves we need."""
    return _call(_users().watch(userId=user, body={"topicName": topic}))


def stop(user: str) -> Call:
    """users.stop: 50 units."""
    return _call(_users().stop(userId=user))
