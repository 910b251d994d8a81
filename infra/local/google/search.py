"""What a query finds.  Gmail's search is loose: it compares words and finds more than was meant."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import assert_never
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.local.google import query
from infra.local.google.heads import headers_of, shown
from infra.local.google.mailbox import Stored
from infra.local.google.query import All, Any, Node, Not, Term

UNITS = {"h": 3_600, "d": 86_400, "w": 7 * 86_400, "m": 30 * 86_400, "y": 365 * 86_400}
SIZES = {"": 1, "k": 1_000, "m": 1_000_000}
HEADERS = {
    "from": ("from",), "to": ("to", "cc", "bcc"), "cc": ("cc",), "bcc": ("bcc",), "subject": ("subject",),
    "deliveredto": ("delivered-to",), "list": ("list-id",),
}  # fmt: skip
INDEXED = frozenset(name for names in HEADERS.values() for name in names)
LABEL_OPERATORS = frozenset({"in", "is", "label", "category"})
SYNONYMS = {"drafts": "draft", "chats": "chat", "bin": "trash", "read": "-unread", "primary": "personal"}
HIDDEN = frozenset({"anywhere", "spam", "trash", "bin"})  # asking for one of these includes spam and the bin

WORDS = re.compile(r"[^\W_]+")

Test = Callable[[Stored], bool]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a query is read against."""

    now: float  # the stand-in's time
    user_labels: dict[str, str]  # id: name


def compiled(node: Node, setting: Setting) -> Test:
    """Return a test for messages."""
    match node:
        case Term():
            return _term(node, setting)
        case Not(part):
            inner = compiled(part, setting)
            return lambda message: not inner(message)
        case All(parts):
            tests = [compiled(part, setting) for part in parts]
            return lambda message: all(test(message) for test in tests)
        case Any(parts):
            tests = [compiled(part, setting) for part in parts]
            return lambda message: any(test(message) for test in tests)
        case _:
            assert_never(node)


def asks_for_hidden(node: Node) -> bool:
    """Whether a query reaches into spam and the bin by itself."""
    return any(
        term.operator in {"in", "label", "is"} and term.value.lower() in HIDDEN for term in query.terms(node)
    )


def _term(term: Term, setting: Setting) -> Test:
    operator, value = term.operator, term.value
    found: Test | None = None
    if operator in HEADERS:
        return _header(HEADERS[operator], value)
    if operator in LABEL_OPERATORS:
        return _label(operator, value.lower(), setting)
    if operator == "rfc822msgid":
        return lambda message: message.rfc_id == value.strip("<> ")
    if operator in {"after", "before", "newer", "older", "newer_than", "older_than"}:
        found = _date(operator, value, setting.now)
    elif operator in {"larger", "smaller", "size"}:
        found = _size(operator, value)
    elif operator == "has" and value.lower() == "attachment":
        return _has_attachment
    return found or _anywhere(f"{operator} {value}" if operator else value)


def words(text: str) -> str:
    """Return the words of *text* in lower case, each with a space on both sides."""
    return f" {' '.join(WORDS.findall(text.lower()))} "


def _indexed(message: Stored) -> dict[str, str]:
    if message.words is None:
        found = headers_of(message.head)
        message.words = {name: words(shown(found[name])) for name in INDEXED & found.keys()}
    return message.words


def _header(names: tuple[str, ...], value: str) -> Test:
    wanted = words(value)

    def test(message: Stored) -> bool:
        index = _indexed(message)
        return any(wanted in index.get(name, "") for name in names)

    return test


def _anywhere(value: str) -> Test:
    wanted = words(value)
    # Bodies are searched as they were transferred: enough for a stand-in, and encoded text is not found.
    return lambda message: wanted in words(message.raw.decode("utf-8", "replace"))


def _has_attachment(message: Stored) -> bool:
    return b"content-disposition: attachment" in message.raw.lower()


def _date(operator: str, value: str, now: float) -> Test | None:
    edge = _ago(value, now) if operator.endswith("_than") else _moment(value)
    if edge is None:
        return None
    later = operator in {"after", "newer", "newer_than"}
    return lambda message: (message.internal_ms >= edge * 1000) == later


def _ago(value: str, now: float) -> float | None:
    match = re.fullmatch(r"([0-9]{1,6})([hdwmy])", value.lower())
    return now - int(match[1]) * UNITS[match[2]] if match else None


def _moment(value: str) -> float | None:
    """Return seconds since 1970: given as such, or as a date, which means midnight Pacific time."""
    if re.fullmatch(r"[0-9]{5,15}", value):
        return float(value)
    match = re.fullmatch(r"([0-9]{4})[/-]([0-9]{1,2})[/-]([0-9]{1,2})", value)
    if not match:
        return None
    try:
        return datetime(int(match[1]), int(match[2]), int(match[3]), tzinfo=pacific()).timestamp()
    except (ValueError, OverflowError):
        return None


def pacific() -> tzinfo:
    """Return California's time zone; UTC on a machine without zone data."""
    try:
        return ZoneInfo("America/Los_Angeles")
    except ZoneInfoNotFoundError:
        return UTC


def _size(operator: str, value: str) -> Test | None:
    match = re.fullmatch(r"([0-9]{1,12})([km]?)b?", value.lower())
    if not match:
        return None
    edge = int(match[1]) * SIZES[match[2]]
    return lambda message: message.size < edge if operator == "smaller" else message.size >= edge


def _label(operator: str, value: str, setting: Setting) -> Test:
    name = SYNONYMS.get(value, value)
    if name == "anywhere":
        return lambda _: True
    if name == "-unread":
        return lambda message: "UNREAD" not in message.labels
    wanted = {name.upper(), f"CATEGORY_{name.upper()}" if operator == "category" else name.upper()}
    wanted |= {id_ for id_, told in setting.user_labels.items() if _dashed(told) == _dashed(name)}
    wanted |= {id_ for id_ in setting.user_labels if id_.lower() == name}
    return lambda message: bool(wanted & message.labels)


def _dashed(name: str) -> str:
    """Return a label's name as queries spell it: blanks and slashes become dashes."""
    return re.sub(r"[\s/]", "-", name.lower())
