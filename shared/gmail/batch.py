"""Gmail's multipart batch: several calls in one request.  Saves round trips, not quota.

The parts of one batch run at the same time for one account, and a hundred of them draw refusals
where 25 do not.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared.gmail.calls import Call

PATH = "/batch/gmail/v1"
MOST = 25
BOUNDARY = "mailroom-batch"
CONTENT_TYPE = f'multipart/mixed; boundary="{BOUNDARY}"'

CONTENT_ID = re.compile(rb"^content-id:\s*<?response-(?:<)?(?:item-)(\d+)>?", re.IGNORECASE | re.MULTILINE)
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


@dataclass(frozen=True, slots=True)
class Part:
    """The answer to one call of a batch."""

    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


def encode(calls: Sequence[Call]) -> bytes:
    """Write the body of a batch; the n-th call is `item-n`.  ValueError above 25 calls."""
    if len(calls) > MOST:
        raise ValueError(f"a batch holds at most {MOST} calls, not {len(calls)}")
    parts = [
        f"--{BOUNDARY}\r\nContent-Type: application/http\r\nContent-ID: <item-{number}>\r\n\r\n"
        f"{call.http_method} {call.path} HTTP/1.1\r\nAccept: application/json\r\n\r\n"
        for number, call in enumerate(calls)
    ]
    return ("".join(parts) + f"--{BOUNDARY}--\r\n").encode()


def decode(content_type: str, body: bytes) -> dict[int, Part]:
    """Read a batch's answer: {number of the call: its answer}, in whatever order they came.

    Parts that cannot be read are left out; the caller treats a missing one as not answered.
    """
    boundary = re.search(r'boundary="?([^";]+)', content_type)
    if boundary is None:
        return {}
    pieces = body.split(b"--" + boundary[1].encode())
    return dict(part for piece in pieces[1:] if (part := _part(piece)))


def _part(piece: bytes) -> tuple[int, Part] | None:
    """Split one part: its own headers, the inner status line and headers, the JSON."""
    outer, _, inner = _split(piece.lstrip(b"\r\n"))
    number, status = CONTENT_ID.search(outer), STATUS.match(inner)
    if number is None or status is None:
        return None
    head, _, body = _split(inner)
    return int(number[1]), Part(int(status[1]), _headers(head), body.strip(b"\r\n"))


def _split(text: bytes) -> tuple[bytes, bytes, bytes]:
    """Split at the first empty line, whichever line ends are used."""
    crlf, lf = text.find(b"\r\n\r\n"), text.find(b"\n\n")
    if crlf >= 0 and (lf < 0 or crlf < lf):
        return text[:crlf], text[crlf : crlf + 4], text[crlf + 4 :]
    return text.partition(b"\n\n")


def _headers(head: bytes) -> dict[str, str]:
    lines = (line.partition(b":") for line in head.split(b"\n")[1:])
    return {
        name.strip().lower().decode("latin-1"): value.strip().decode("latin-1") for name, _, value in lines
    }
