"""multipart/mixed batches: each part is a call of its own, answered in any order.

Lines may end in LF (the Python client sends them so) or CRLF; the answer has CRLF.  Content-IDs come back
verbatim as <response-…>, blanks and plus signs included.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import responses
from secrets import token_urlsafe

from infra.local.google.errors import GoogleError, backend_error, of_status, too_many_concurrent
from infra.local.google.state import State
from infra.local.google.tree import parse
from infra.local.google.wire import Reply, html_page, ok, refused

PATHS = frozenset({"/batch", "/batch/gmail/v1"})
Call = Callable[[str, str, Mapping[str, str], bytes], Reply]


@dataclass(frozen=True, slots=True)
class Inner:
    """One call of a batch; an empty verb means that it could not be read."""

    content_id: str
    verb: str = ""
    target: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


def answer(state: State, call: Call, headers: Mapping[str, str], body: bytes) -> Reply:
    """Run every part; the outer answer is 200 whatever became of them."""
    outer = state.settings.batch_outer_status
    if outer:
        return _outer_fault(outer)
    calls = read(headers.get("content-type", ""), body)
    if not calls:
        return _bad("Failed to parse batch request, error: 0 items to process.")
    if len(calls) > state.settings.batch_most:
        return _bad(state.settings.batch_too_many_text)
    authorization = headers.get("authorization", "")
    answers = [
        _written(one.content_id, _run(state, call, one, number, authorization))
        for number, one in enumerate(calls)
    ]
    if state.settings.batch_shuffle:
        with state.lock:
            state.random.shuffle(answers)
    boundary = f"batch_{token_urlsafe(20)}"
    text = b"".join(f"--{boundary}\r\n".encode() + one for one in answers) + f"--{boundary}--\r\n".encode()
    return Reply(200, text, {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def read(content_type: str, body: bytes) -> list[Inner]:
    """Take a batch apart.  Any bytes will do; what is no multipart has no calls."""
    head = re.sub(r"[\r\n]", " ", content_type).encode("latin-1", "replace")
    if not head.lower().lstrip().startswith(b"multipart/"):
        return []
    outer = parse(b"Content-Type: " + head + b"\r\n\r\n" + body)
    return [_inner(part.header("content-id"), part.body) for part in outer.children]


def _inner(content_id: str, text: bytes) -> Inner:
    head, _, body = re.sub(rb"\A(?:\r?\n)+", b"", text).replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    request = re.fullmatch(r"([A-Z]+) (\S+)(?: HTTP/[0-9.]+)?", lines[0].strip())
    if request is None:
        return Inner(content_id)
    pairs = (line.partition(":") for line in lines[1:])
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    return Inner(content_id, request[1], request[2], headers, body)


def _run(state: State, call: Call, one: Inner, number: int, authorization: str) -> Reply:
    most = state.settings.batch_concurrency
    if most and number >= most:
        return refused(too_many_concurrent())
    if state.settings.batch_inner_status and number % 2:
        return refused(of_status(state.settings.batch_inner_status))
    if not one.verb:
        return _bad("Failed to parse batch request part.")
    # The batch's own token counts for a part that has none.
    reply = call(one.verb, one.target, {"authorization": authorization} | dict(one.headers), one.body)
    # The line of a part cannot be cut; Google's front end tells what is behind it did not answer.
    return reply if reply.cut is None else refused(backend_error(503))


def _written(content_id: str, reply: Reply) -> bytes:
    named = f"Content-ID: <response-{content_id.strip().removeprefix('<')}\r\n" if content_id else ""
    inner = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    head = (
        f"Content-Type: application/http\r\n{named}\r\n"
        f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Unknown')}\r\n{inner}"
        f"Content-Length: {len(reply.body)}\r\n\r\n"
    )
    return head.encode("utf-8", "surrogateescape") + reply.body + b"\r\n"


def _outer_fault(status: int) -> Reply:
    """Fail as a whole; Google's front end speaks HTML when what is behind it does not answer."""
    if status in {502, 504}:
        return html_page(status, "Server Error", "The server encountered a temporary error.")
    error = GoogleError(status, "The service is currently unavailable.", "backendError")
    return refused(error)


def _bad(message: str) -> Reply:
    error = {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}
    first = {"message": message, "domain": "global", "reason": "badRequest"}
    return ok({"error": error | {"errors": [first]}}, status=400)
