"""Pages: opaque tokens of twenty digits, bound to the query that made them.

A list is not a snapshot: a token says how far a reader has come, and items may shift before the next page.
"""

import re
import zlib
from collections.abc import Iterable
from itertools import islice
from typing import TypeVar

from infra.local.google.errors import invalid_argument
from infra.local.google.request import Request

T = TypeVar("T")
IGNORED = frozenset({"pageToken", "maxResults", "alt", "fields", "prettyPrint", "access_token", "quotaUser"})


def position(request: Request) -> int:
    """Return how far the reader has come; Google's 400 for a token of another query."""
    token = request.text("pageToken")
    if not token:
        return 0
    if not re.fullmatch(r"[0-9]{20}", token) or int(token[:10]) != _binding(request):
        raise invalid_argument("Invalid pageToken")
    return int(token[10:])


def token(request: Request, at: int) -> str:
    """Return the token of the page that starts at *at*."""
    return f"{_binding(request):010d}{at:010d}"


def page(request: Request, items: Iterable[T]) -> tuple[list[T], str]:
    """Return the items of the page asked for and the token of the next, empty at the end."""
    start, size = position(request), request.page_size()
    found = list(islice(items, start, start + size + 1))
    return found[:size], token(request, start + size) if len(found) > size else ""


def _binding(request: Request) -> int:
    asked = sorted((name, values) for name, values in request.query.items() if name not in IGNORED)
    return zlib.crc32(f"{request.path[0]} {asked}".encode("utf-8", "replace"))
