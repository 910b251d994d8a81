"""Gmail's search box, the part of it mail capture uses: words, operators, negation, OR and braces."""

import re
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from infra.local.google.mailbox import Stored
from infra.local.google.mime import decoded_header, headers_of

TOKEN = re.compile(r'\s*([{}()]|-?(?:\w+:)?"[^"]*"|-?(?:\w+:)?\([^)]*\)|[^\s{}()]+)')
UNITS = {"d": 86_400, "m": 30 * 86_400, "y": 365 * 86_400, "h": 3_600}
PACIFIC = ZoneInfo("America/Los_Angeles")  # a date without a time is midnight there

Test = Callable[[Stored], bool]


def compile_query(text: str, *, now: float) -> Test:
    """Return a test for messages.  Words beside each other must all hold; OR and {} mean any."""
    tokens = [term for term in TOKEN.findall(text) if term.strip()]
    return _all(tokens, now)


def _all(tokens: list[str], now: float) -> Test:
    groups: list[list[Test]] = []
    joined = False
    while tokens:
        term = tokens.pop(0)
        if term in {"}", ")"}:
            break
        if term == "OR":
            joined = True
            continue
        if term == "{":
            test = _any(tokens, now)
        elif term == "(":
            test = _all(tokens, now)
        else:
            test = _term(term, now)
        if joined and groups:
            groups[-1].append(test)
        else:
            groups.append([test])
        joined = False
    return lambda message: all(any(test(message) for test in group) for group in groups)


def _any(tokens: list[str], now: float) -> Test:
    tests = []
    while tokens and (term := tokens.pop(0)) != "}":
        tests.append(_term(term, now))
    return lambda message: any(test(message) for test in tests)


def _term(term: str, now: float) -> Test:
    if term.startswith("-") and len(term) > 1:
        inner = _term(term[1:], now)
        return lambda message: not inner(message)
    name, colon, value = term.partition(":")
    if not colon:
        return _text(term.strip('"'))
    return _operator(name.lower(), value.strip('"()'), now)


def _operator(name: str, value: str, now: float) -> Test:
    if name in {"from", "to", "cc", "bcc", "subject"}:
        return _header(name, value.lower())
    if name in {"after", "before", "newer_than", "older_than"}:
        return _date(name, value, now)
    if name in {"in", "is", "label"}:
        return _label(value.upper())
    if name == "rfc822msgid":
        return lambda message: message.message_id.strip("<>") == value.strip("<>")
    if name == "has" and value == "attachment":
        return lambda message: b"content-disposition: attachment" in message.raw.lower()
    return _text(f"{name}:{value}")


def _header(name: str, value: str) -> Test:
    names = ("to", "cc", "bcc") if name == "to" else (name,)

    def test(message: Stored) -> bool:
        found = headers_of(message.raw)
        return any(value in decoded_header(found.get(one, "")).lower() for one in names)

    return test


def _date(name: str, value: str, now: float) -> Test:
    if name.endswith("_than"):
        edge = now - int(value[:-1] or 0) * UNITS.get(value[-1:], 0)
    elif value.isdigit():
        edge = float(value)
    else:
        edge = datetime.strptime(value.replace("-", "/"), "%Y/%m/%d").replace(tzinfo=PACIFIC).timestamp()
    later = name in {"after", "newer_than"}
    return lambda message: (message.internal_ms >= edge * 1000) == later


def _label(value: str) -> Test:
    names = {"DRAFTS": "DRAFT", "CHATS": "CHAT"}
    wanted = names.get(value, value)
    if wanted == "ANYWHERE":
        return lambda _: True
    return lambda message: wanted in {label.upper() for label in message.labels}


def _text(word: str) -> Test:
    needle = word.lower().encode()
    return lambda message: needle in message.raw.lower()
