"""From a request's path to its method: authenticate, charge, act.  Batches come through here part by part."""

import re
from collections.abc import Mapping

from infra.local.google import methods, tokens, watches
from infra.local.google.methods import Method
from infra.local.google.request import Request, split_target
from infra.local.google.state import State
from infra.local.google.watches import Publisher
from infra.local.google.wire import GoogleError, Reply

# (HTTP method, path after the user with {} for an id, name in the price list, what does it)
ROUTES: tuple[tuple[str, str, str, Method | None], ...] = (
    ("GET", "profile", "getProfile", methods.get_profile),
    ("GET", "messages", "messages.list", methods.list_messages),
    ("GET", "messages/{}", "messages.get", methods.get_message),
    ("GET", "messages/{}/attachments/{}", "attachments.get", methods.get_attachment),
    ("GET", "threads", "threads.list", methods.list_threads),
    ("GET", "threads/{}", "threads.get", methods.get_thread),
    ("GET", "labels", "labels.list", methods.list_labels),
    ("GET", "labels/{}", "labels.get", methods.get_label),
    ("GET", "history", "history.list", methods.list_history),
    ("GET", "settings/sendAs", "sendAs.list", methods.list_send_as),
    ("POST", "watch", "watch", None),
    ("POST", "stop", "stop", None),
)
PATTERNS = tuple(
    (method, re.compile(re.escape(path).replace(r"\{\}", "[^/]+")), name, act)
    for method, path, name, act in ROUTES
)


class Gmail:
    """The API of gmail.googleapis.com."""

    def __init__(self, state: State, publisher: Publisher) -> None:
        self._state, self._publisher = state, publisher

    def call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one call; *target* is the path with its query, *headers* have names in lower case."""
        try:
            with self._state.lock:
                return self._call(method, target, headers, body)
        except GoogleError as refused:
            return refused.reply()

    def _call(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        segments, query = split_target(target)
        if segments[:3] != ["gmail", "v1", "users"] or len(segments) < 5:  # noqa: PLR2004 - /gmail/v1/users/U/x
            raise _no_such_path()
        name, act = _route(method, segments[4:])
        access = tokens.access(self._state, headers.get("authorization", ""))
        email = tokens.mailbox_of(self._state, segments[3], access)
        self._state.count(email, name)
        request = Request(method, tuple(segments[4:]), query, body, email, access)
        box = self._state.mailboxes[email]
        if name == "watch":
            return watches.start_watch(self._state, self._publisher, box, request)
        if act is None:
            return watches.stop_watch(self._state, box, request)
        return act(self._state, box, request)


def _route(method: str, segments: list[str]) -> tuple[str, Method | None]:
    # An id may hold an encoded slash; it stays one segment.
    path = "/".join(segment.replace("/", "%2F") for segment in segments)
    for wanted, pattern, name, act in PATTERNS:
        if wanted == method and pattern.fullmatch(path):
            return name, act
    raise _no_such_path()


def _no_such_path() -> GoogleError:
    return GoogleError(404, "Method not found.", "notFound", name="NOT_FOUND")
