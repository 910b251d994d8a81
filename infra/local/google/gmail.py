"""From a request to its method: find, authenticate, meter, act.  Each part of a batch comes this way too."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from infra.local.google import changes, faults, fields, iam, messages, profile, scopes, tokens, watches
from infra.local.google.errors import GoogleError, NoSuchPath, failed_precondition
from infra.local.google.faults import Rule
from infra.local.google.mailbox import Mailbox
from infra.local.google.prices import units
from infra.local.google.publisher import Publisher
from infra.local.google.request import Request, split_target
from infra.local.google.state import State
from infra.local.google.wire import Json, Reply, no_content, no_such_path, ok, refused

Method = Callable[[State, Mailbox, Request], Json | None]


@dataclass(frozen=True, slots=True)
class Route:
    """One method of the API."""

    verb: str
    path: str  # after the user, {} for an id
    name: str  # in the price list
    rpc: str  # inside Google, as its errors show it
    act: Method
    takes_lock: bool = False  # by itself, rather than being called under it

    def fits(self, verb: str, path: str) -> bool:
        """Whether this is the route of a request."""
        return verb == self.verb and bool(
            re.fullmatch(re.escape(self.path).replace(r"\{\}", "[^/]+"), path, re.DOTALL)
        )


class Gmail:
    """The API of gmail.googleapis.com."""

    def __init__(self, state: State, publisher: Publisher) -> None:
        self._state = state
        self._routes = (*READING, *_watching(publisher))

    def call(self, verb: str, target: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer one call; *target* is the path with its query, *headers* have names in lower case."""
        try:
            verb, target = _overridden(verb, target, headers, body)
            segments, query = split_target(target)
            route = self._find(verb, segments)
            with self._state.lock:
                request = self._authenticate(route, segments, query, headers, body)
                box = self._meter(route, request)
                fault = self._fault(route, request)
                self._state.meter.enter(request.email, self._state.settings)
            try:
                if fault is not None and fault.effect in faults.BEFORE:
                    return faults.instead(fault)
                reply = _answer(request, self._act(route, box, request))
                return reply if fault is None else faults.spoiled(fault, reply)
            finally:
                with self._state.lock:
                    self._state.meter.leave(request.email)
        except GoogleError as error:
            return refused(error)
        except NoSuchPath:
            return no_such_path(target.partition("?")[0])

    def _find(self, verb: str, segments: list[str]) -> Route:
        # An id may hold an encoded slash; it stays one segment.
        path = "/".join(segment.replace("/", "%2F") for segment in segments[4:])
        if segments[:3] == ["gmail", "v1", "users"]:
            for route in self._routes:
                if route.fits(verb, path):
                    return route
        raise NoSuchPath

    def _authenticate(
        self,
        route: Route,
        segments: list[str],
        query: dict[str, list[str]],
        headers: Mapping[str, str],
        body: bytes,
    ) -> Request:
        access = tokens.access(self._state, headers.get("authorization", ""), query, route.rpc)
        if iam.GMAIL in self._state.grants.services_off:
            raise iam.gmail_off(access.project)
        scopes.check(route.name, route.rpc, access.scopes, query)
        email = tokens.mailbox_of(self._state, segments[3], access)
        return Request(tuple(segments[4:]), query, body, email, access)

    def _meter(self, route: Route, request: Request) -> Mailbox:
        """Charge the call, whatever comes of it.  Raises Google's refusal when the minute is spent."""
        state, access = self._state, request.access
        state.counters.charge(request.email, route.name)
        user = request.email
        if state.settings.service_account_is_one_user:
            user = f"project {access.project}"
        state.meter.charge(user, access.project, units(route.name), state.now(), state.settings)
        box = self._state.mailboxes[request.email]
        if box.no_mailbox:
            raise failed_precondition("Mail service not enabled")
        return box

    def _fault(self, route: Route, request: Request) -> Rule | None:
        """Return the fault on order for this call; raises when it is a refusal."""
        fault = self._state.faults.for_call(route.name, request.email)
        if fault is not None:
            faults.refuse(fault, self._state.now())
        return fault

    def _act(self, route: Route, box: Mailbox, request: Request) -> Json | None:
        if route.takes_lock:
            return route.act(self._state, box, request)
        with self._state.lock:
            return route.act(self._state, box, request)


def _overridden(verb: str, target: str, headers: Mapping[str, str], body: bytes) -> tuple[str, str]:
    """Return what a request means: Google's client posts a GET whose query is too long for a URL."""
    meant = headers.get("x-http-method-override", verb)
    if verb == "POST" and meant == "GET" and "form-urlencoded" in headers.get("content-type", ""):
        return meant, f"{target.partition('?')[0]}?{body.decode('ascii', 'replace')}"
    return verb, target


def _answer(request: Request, value: Json | None) -> Reply:
    if value is None:
        return no_content()
    mask = request.text("fields") or request.text("$.fields")
    pretty = request.text("prettyPrint", "true").lower() != "false"
    return ok(fields.keep(value, fields.parse(mask)) if mask else value, pretty=pretty)


def _watching(publisher: Publisher) -> tuple[Route, ...]:
    return (
        Route(
            "POST", "watch", "watch", "Watch",
            lambda state, box, request: watches.start_watch(state, publisher, box, request), takes_lock=True,
        ),
        Route("POST", "stop", "stop", "Stop", watches.stop_watch, takes_lock=True),
    )  # fmt: skip


READING = (
    Route("GET", "profile", "getProfile", "GetProfile", profile.get_profile),
    Route("GET", "messages", "messages.list", "ListMessages", messages.list_messages),
    Route("GET", "messages/{}", "messages.get", "GetMessage", messages.get_message),
    Route("GET", "messages/{}/attachments/{}", "attachments.get", "GetAttachment", messages.get_attachment),
    Route("GET", "threads", "threads.list", "ListThreads", messages.list_threads),
    Route("GET", "threads/{}", "threads.get", "GetThread", messages.get_thread),
    Route("GET", "labels", "labels.list", "ListLabels", profile.list_labels),
    Route("GET", "labels/{}", "labels.get", "GetLabel", profile.get_label),
    Route("GET", "history", "history.list", "ListHistory", changes.list_history),
    Route("GET", "settings/sendAs", "sendAs.list", "ListSendAs", profile.list_send_as),
)
