"""One API call, taken apart: who asks, about which mailbox, with which parameters."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

from infra.local.google.state import Access
from infra.local.google.wire import bad_value, unknown_parameter

# Every method takes these.
STANDARD = frozenset({"alt", "fields", "prettyPrint", "quotaUser", "key", "access_token", "$.xgafv"})
SNAKE = {
    "maxResults": "max_results", "startHistoryId": "start_history_id", "historyTypes": "history_types",
    "includeSpamTrash": "include_spam_trash", "format": "format",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Request:
    """One call as the methods see it."""

    method: str
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

    def text(self, name: str, default: str = "") -> str:
        """Return the last value of a parameter."""
        return self.query.get(name, [default])[-1]

    def number(self, name: str, default: int, *, most: int, kind: str = "TYPE_UINT32") -> int:
        """Return a number, at most *most*; Google's own words when it is none."""
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()):
            raise bad_value(SNAKE.get(name, name), kind, value)
        return min(int(value), most)

    def choice(self, name: str, default: str, allowed: frozenset[str], kind: str) -> str:
        """Return one of an enum's names."""
        value = self.text(name, default)
        if value not in allowed:
            raise bad_value(SNAKE.get(name, name), kind, value)
        return value


def split_target(target: str) -> tuple[list[str], dict[str, list[str]]]:
    """Split a path with its query into decoded segments and parameters."""
    path, _, query = target.partition("?")
    return [unquote(part) for part in path.split("/") if part], parse_qs(query, keep_blank_values=True)
