"""Gmail's multipart batch: several calls in one request.  Saves round trips, not quota.

The parts of one batch run at the same time for one account, and a hundred of them draw refusals
where 25 do not.  Answers come in any order and are matched by Content-ID.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.gmail.calls import Call

METHOD = "gmail.batch"
PATH = "/batch/gmail/v1"
MOST = 25
OK = 200
# Of one answer, unpacked: about ten times an ordinary batch of whole messages.  Larger ones come in halves,
# so that a few large files at once cannot fill this process's memory; a message by itself may be larger.
MOST_BYTES = 64 * 1024 * 1024
# Parts hold nothing but percent-encoded paths, so no part can contain it.
BOUNDARY = "mailroom-batch"
CONTENT_TYPE = f'multipart/mixed; boundary="{BOUNDARY}"'

GIVEN_BOUNDARY = re.compile(r'boundary="?([^";,\s]+)', re.IGNORECASE)
CONTENT_ID = re.compile(
    rb"^content-id:[ \t]*<?response-<?item-(\d{1,3})>{0,2}[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
STATUS = re.compile(rb"\s*HTTP/\d(?:\.\d)? (\d{3})(?= |\r|\n|$)")
EMPTY_LINE = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one call of a batch."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes = field(repr=False)


def call(calls: Sequence[Call]) -> Call:
    """Make one call of at most 25; raises ValueError as `encode` does."""
    packed = all(one.packed for one in calls)
    return Call(METHOD, "POST", PATH, encode(calls), packed=packed, most=MOST_BYTES, body_type=CONTENT_TYPE)


def encode(calls: Sequence[Call]) -> bytes:
    """Write the body of a batch; the n-th call is `item-n`.

    Raises ValueError above 25 calls, and for a call that has a body.
    """
    if len(calls) > MOST:
        raise ValueError(f"a batch holds at most {MOST} calls, not {len(calls)}")
    if any(call.body is not None for call in calls):
        raise ValueError("only calls without a body travel in batches")
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <item-{number}>\r\n\r\n"
        f"{call.http_method} {call.path} HTTP/1.1\r\nAccept: application/json\r\n\r\n\r\n"
        for number, call in enumerate(calls)
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode("ascii")


def decode(content_type: str, body: bytes) -> dict[int, Part]:
    """Read a batch's answer: {number of the call: its answer}, in whatever order they came.

    Parts that cannot be read are left out; the caller treats a missing one as not answered.  Of two
    answers to one call the first that succeeded counts: a repeat must not hide what was paid for.
    """
    boundary = GIVEN_BOUNDARY.search(content_type)
    if boundary is None:
        return {}
    found: dict[int, Part] = {}
    for number, part in filter(None, map(_part, _pieces(body, boundary[1].encode()))):
        if number not in found or part.status == OK != found[number].status:
            found[number] = part
    return found


def _pieces(body: bytes, boundary: bytes) -> list[bytes]:
    """Cut at the boundaries that begin a line: JSON has no line ends inside its strings."""
    before, *pieces = body.split(b"\n--" + boundary)
    first = before.removeprefix(b"--" + boundary)
    return pieces if first == before else [first, *pieces]


def _part(piece: bytes) -> tuple[int, Part] | None:
    """Split one part: its own headers, the inner status line and headers, the JSON."""
    outer, inner = _split(piece)
    number, status = CONTENT_ID.search(outer), STATUS.match(inner)
    if number is None or status is None:
        return None
    head, body = _split(inner.lstrip())
    return int(number[1]), Part(int(status[1]), _headers(head), body.strip(b"\r\n"))


def _split(text: bytes) -> tuple[bytes, bytes]:
    """Split at the first empty line, whichever line ends are used."""
    found = EMPTY_LINE.search(text)
    return (text[: found.start()], text[found.end() :]) if found else (text, b"")


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(b":") for line in head.split(b"\n")[1:])
    return {
        name.strip().lower().decode("latin-1"): value.strip().decode("latin-1") for name, _, value in lines
    }
