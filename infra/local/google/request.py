"""One API call, taken apart: who asks, about which mailbox, with which parameters."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from infra.local.google.errors import GoogleError, bad_value, unknown_field, unknown_parameter
from infra.local.google.state import Access
from infra.local.google.wire import Json, json_body

STANDARD = frozenset(
    "alt fields prettyPrint quotaUser userIp key access_token oauth_token callback upload_protocol "
    "uploadType $.xgafv $.alt $.fields $.prettyPrint".split()
)


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the methods see it."""

    path: tuple[str, ...]  # decoded segments after /gmail/v1/users/{userId}
    query: Mapping[str, list[str]]
    body: bytes
    email: str  # of the mailbox, in its own spelling
    access: Access

    def only(self, *names: str) -> None:
        """Refuse a query parameter the method does not have."""
        for name in self.query:
            if name not in STANDARD and name not in names:
                raise unknown_parameter(name)

    def several(self, name: str) -> list[str]:
        """Return every value of a repeated parameter."""
        return self.query.get(name, [])

    def text(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter."""
        return self.query.get(name, [default])[-1]

    def number(self, name: str, default: int, *, bits: int = 32) -> int:
        """Return an unsigned number; Google's own words when it is none."""
        value = self.text(name, str(default))
        if not re.fullmatch(r"[0-9]{1,20}", value) or int(value) >= 2**bits:
            raise bad_value(snake(name), f"TYPE_UINT{bits}", value)
        return int(value)

    def page_size(self) -> int:
        """Return maxResults: 100 by default, 500 at most."""
        return min(self.number("maxResults", 100) or 100, 500)

    def choice(self, name: str, default: str, allowed: frozenset[str], kind: str) -> str:
        """Return one of an enum's names, given in any case."""
        value = self.text(name, default)
        if value.lower() not in allowed:
            raise bad_value(snake(name), kind, value)
        return value.lower()

    def truth(self, name: str) -> bool:
        """Return a boolean, false by default."""
        return self.choice(name, "false", frozenset({"true", "false"}), "TYPE_BOOL") == "true"

    def json(self, *names: str) -> Json:
        """Return the body's object; Google's 400 when it is none or has a field not among *names*."""
        try:
            body = json_body(self.body)
        except ValueError:
            raise GoogleError(400, "Invalid JSON payload received. Parse error.", "parseError") from None
        for name in body:
            if name not in names:
                raise unknown_field(name)
        return body


def snake(name: str) -> str:
    """Return a field's name as Google's errors spell it: maxResults is max_results."""
    return re.sub(r"([A-Z])", lambda match: f"_{match[1].lower()}", name)


def split_target(target: str) -> tuple[list[str], dict[str, list[str]]]:
    """Split a path with its query into decoded segments and parameters."""
    path, _, query = target.partition("?")
    path = re.sub(r"^https?://[^/]*", "", path)
    try:
        parameters = parse_qs(query, keep_blank_values=True, max_num_fields=10_000)
    except ValueError:
        raise GoogleError(400, "Invalid query string.", "badRequest") from None
    return [unquote(part) for part in path.split("/") if part], parameters
