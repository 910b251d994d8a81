"""multipart/mixed batches: each part is a call of its own, answered in any order."""

import email
import re
from collections.abc import Callable, Mapping
from http.client import responses
from secrets import token_urlsafe

from infra.local.google.state import State
from infra.local.google.wire import GoogleError, Reply

MOST = 100
Call = Callable[[str, str, Mapping[str, str], bytes], Reply]


def answer(state: State, call: Call, headers: Mapping[str, str], body: bytes) -> Reply:
    """Run every part; the outer answer is 200 whatever became of them."""
    content_type = headers.get("content-type", "")
    if "boundary=" not in content_type:
        return GoogleError(400, "Missing boundary in multipart request", "badRequest").reply()
    outer = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    parts = outer.get_payload()
    if not isinstance(parts, list) or len(parts) > MOST:
        return GoogleError(400, f"The batch request must hold 1 to {MOST} calls.", "badRequest").reply()
    answers = [
        _part(state, call, headers, number, str(part.get("Content-ID", "")), part.get_payload(decode=True))
        for number, part in enumerate(parts)
    ]
    if state.settings.batch_shuffle:
        state.random.shuffle(answers)
    boundary = f"batch_{token_urlsafe(20)}"
    text = b"".join(f"--{boundary}\r\n".encode() + one for one in answers) + f"--{boundary}--\r\n".encode()
    return Reply(200, text, {"Content-Type": f"multipart/mixed; boundary={boundary}"})


def _part(  # noqa: PLR0913, PLR0917 - one call and where it stands
    state: State, call: Call, outer: Mapping[str, str], number: int, content_id: str, inner: bytes | None
) -> bytes:
    reply = _run(state, call, outer, number, inner or b"")
    head = "".join(f"{name}: {value}\r\n" for name, value in reply.headers.items())
    return (
        (
            "Content-Type: application/http\r\n"
            f"Content-ID: <response-{content_id.strip().removeprefix('<')}\r\n\r\n"
            f"HTTP/1.1 {reply.status} {responses.get(reply.status, 'Unknown')}\r\n{head}"
            f"Content-Length: {len(reply.body)}\r\n\r\n"
        ).encode()
        + reply.body
        + b"\r\n"
    )


def _run(state: State, call: Call, outer: Mapping[str, str], number: int, inner: bytes) -> Reply:
    most = state.settings.batch_concurrency
    if most and number >= most:
        return GoogleError(
            429, "Too many concurrent requests for user", "rateLimitExceeded", domain="usageLimits"
        ).reply()
    head, _, body = inner.replace(b"\r\n", b"\n").partition(b"\n\n")
    lines = head.decode("utf-8", "replace").split("\n")
    request = re.fullmatch(r"([A-Z]+) (\S+)(?: HTTP/1\.[01])?", lines[0].strip())
    if request is None:
        return GoogleError(400, "Failed to parse batch part", "badRequest").reply()
    pairs = (line.partition(":") for line in lines[1:])
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    headers.setdefault("authorization", outer.get("authorization", ""))
    target = re.sub(r"^https?://[^/]+", "", request[2])
    return call(request[1], target, headers, body)
