"""Delivery reports: whom a message did not reach, and why (RFC 3464, and what old systems write in prose)."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from consumer.mail import head
from consumer.mail.addresses import normal
from consumer.mail.failures import Recipient, Report
from consumer.mail.report_words import ORIGINAL_FOLLOWS, PERMANENT_LINE, WAITS
from consumer.mail.text import decode, one_line
from consumer.mail.tree import Leaf
from consumer.mail.words import decoded

MOST = 100  # recipients of one report
READ = 64 * 1024  # bytes of one part that are looked at
LONGEST = 500  # characters of what a server said
ACTIONS = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})

FIELD = re.compile(r"^([A-Za-z][A-Za-z-]{1,40})[ \t]*:[ \t]*(.*(?:\n[ \t]+\S.*)*)", re.MULTILINE)
ADDRESS = re.compile(r"(?<![^\s<>()\[\],;:\"'])[^\s<>()\[\],;:\"'@]{1,64}@[^\s<>()\[\],;:\"'@]{1,255}")
ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d.]*\d)")
REPLY = re.compile(r"(?<![\d./-])(?<!\w:)([245][0-5]\d)(?=[\s:,;-]|\Z)(?!-\d\d-)")
# What the other server answered is more exact than what ours made of it.
ANSWERED = re.compile(r"(?<!\d)[245][0-5]\d[ -]{1,3}['\"<(\[#]{0,2}([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
VAGUE = ("", "5.0.0", "4.0.0")


def read(headers: Mapping[str, str], leaves: Sequence[Leaf], text: str) -> Report:
    """Read a delivery report; *headers* are first values by lower-case name, *text* its prose."""
    statuses = [_text(leaf) for leaf in leaves if leaf.media_type.endswith("delivery-status")]
    prose = _prose(text[:READ])
    said = _code(prose), _first(REPLY, prose)
    found = list(islice(_recipients(_groups(statuses or _attached(leaves) or [prose]), *said), MOST))
    if not found:
        found = list(islice(_told(headers, prose, leaves), MOST))
    return Report(tuple(found), _original(leaves, text))


def _text(leaf: Leaf) -> str:
    text = decode(leaf.content[:READ], leaf.type_parameters.get("charset") or "utf-8")[0]
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _attached(leaves: Sequence[Leaf]) -> list[str]:
    """Return the text of a report that somebody labelled as a plain file."""
    named = [leaf for leaf in leaves if leaf.media_type.startswith(("text/", "message/")) and leaf.content]
    return [
        text
        for text in map(_text, named)
        if re.search(r"^Final-Recipient:", text, re.IGNORECASE | re.MULTILINE)
    ]


def _groups(statuses: Iterable[str]) -> Iterator[dict[str, str]]:
    for status in statuses:
        for group in re.split(r"\n\s*\n", status.strip()):
            yield {name.lower(): value for name, value in reversed(FIELD.findall(group))}


def _recipients(groups: Iterable[Mapping[str, str]], code: str, answer: str) -> Iterator[Recipient]:
    """Yield one recipient a group; *code* and *answer* are those of the prose, where a group has none."""
    for group in groups:
        stated = group.get("final-recipient") or group.get("original-recipient")
        if stated is None or not {"action", "status", "diagnostic-code"} & group.keys():
            continue
        action = group.get("action", "").split("(")[0].strip().lower()
        reason = group.get("diagnostic-code", "")
        status = _first(ENHANCED, group.get("status", ""))
        if status in VAGUE:  # what the other server said is more exact
            status = _code(reason) or code or status
        reply = _first(REPLY, reason) or answer
        address = _address(stated) or _address(group.get("original-recipient", ""))
        yield Recipient(
            address, action if action in ACTIONS else "failed", status, reply, one_line(reason)[:LONGEST]
        )


def _told(headers: Mapping[str, str], prose: str, leaves: Sequence[Leaf]) -> Iterator[Recipient]:
    """Read the prose of a system that writes no status part."""
    lines = [line for line in prose.split("\n") if PERMANENT_LINE.search(line) or REPLY.search(line)]
    reason = one_line(" ".join(lines))[:LONGEST]
    action = "delayed" if WAITS.search(headers.get("subject", "") + "\n" + prose) else "failed"
    named = _failed(headers, prose) or _addressed(leaves)
    for address in named or [""]:
        yield Recipient(address, action, _code(prose), _first(REPLY, prose), reason)


def _failed(headers: Mapping[str, str], prose: str) -> list[str]:
    listed = [_address(one) for one in headers.get("x-failed-recipients", "").split(",")]
    if any(listed):
        return list(dict.fromkeys(filter(None, listed)))
    ours = {_address(headers.get(name, "")) for name in ("to", "from", "delivered-to", "envelope-to")}
    alone, anywhere = list[str](), list[str]()
    for line in prose.split("\n")[:400]:
        found = [
            address for one in ADDRESS.findall(line[:500]) if (address := _address(one)) not in {*ours, ""}
        ]
        anywhere += found
        if found and re.fullmatch(
            r"[\W\d]{0,12}(?:(?:to|recipient|rcpt)\W{1,4})?[^\s@]+@[^\s@]+\W{0,8}",
            line.strip(),
            re.IGNORECASE,
        ):
            alone += found[:1]
    return list(dict.fromkeys(alone))[:MOST] or anywhere[:1]


def _addressed(leaves: Sequence[Leaf]) -> list[str]:
    """Return whom the returned message was addressed to, when the report names nobody."""
    for leaf in leaves:
        if leaf.media_type in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            found = dict(reversed(head.alone(leaf.content)))
            address = _address(decoded(found.get("to", b"")))
            return [address] if address else []
    return []


def _original(leaves: Sequence[Leaf], text: str) -> str:
    for leaf in leaves:
        if leaf.media_type in {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers"}:
            found = dict(reversed(head.alone(leaf.content))).get("message-id", b"")
            return one_line(decoded(found)).strip("<> ")[:998]
    below = ORIGINAL_FOLLOWS.search(text[:READ])
    named = (
        re.search(
            r"^message-id:\s*<([^<>\s]{1,998})>", text[below.start() : READ], re.IGNORECASE | re.MULTILINE
        )
        if below
        else None
    )
    return one_line(named[1]) if named else ""


def _prose(text: str) -> str:
    """Return what the system says, without the message it returns."""
    below = ORIGINAL_FOLLOWS.search(text)
    return text[: below.start()] if below and below.start() > 20 else text  # noqa: PLR2004 - never nothing


def _address(stated: str) -> str:
    found = ADDRESS.search(one_line(stated.partition(";")[2] or stated)[:1000])
    return (normal(found[0].rstrip(".")) or "") if found else ""


def _code(text: str) -> str:
    answered = ANSWERED.search(text)
    return answered[1] if answered else _first(ENHANCED, text)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
