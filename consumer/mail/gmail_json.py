"""Gmail's JSON of one message becomes the same value as its raw bytes.

In format full Gmail has taken the message apart already: header values have their encoded words
decoded, every text part is UTF-8 whatever its own header still says, and larger parts are only an
attachmentId.  From there on the rules are parse()'s own.
"""

import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from consumer.mail.build import MOST_PARTS
from consumer.mail.head import limited
from consumer.mail.headers import from_headers
from consumer.mail.message import Mail
from consumer.mail.parse import EPOCH, assemble, opaque, parse
from consumer.mail.tree import Leaf, Place, Tree, leaf_of
from consumer.mail.verdict import RECEIVER
from consumer.mail.words import base64_bytes

NOT_FETCHED = "part-attachment-not-fetched"
UNCERTAIN = "people-uncertain"

# A name with a comma, which only an encoded word could hold without quotes.
NAME_WITH_COMMA = re.compile(r"([^<>()@\"\\,;:]*+[,;:][^<>()@\"\\]*+)(<[^<>()\s]+>)\s*")


class NotAMessage(ValueError):
    """The JSON holds no Gmail message."""


def mail_of(resource: Mapping[str, Any], *, otherwise: datetime, receiver: str = RECEIVER) -> Mail:
    """Read a users.messages.get answer: format raw, format full, or an export {"full": ..., "raw": ...}.

    *otherwise* stands in for an absent internalDate, *receiver* is as in parse().  Raises NotAMessage
    when nothing in it is one.
    """
    wrapped = [part for key in ("raw", "full", "message") if isinstance(part := resource.get(key), dict)]
    for message in (*wrapped, resource):
        received_at = _internal_date(message) or otherwise
        if isinstance(raw := message.get("raw"), str):
            return parse(_bytes(raw), received_at=received_at, receiver=receiver)
        if isinstance(payload := message.get("payload"), dict):
            return _assembled(payload, _fetched(resource), received_at, receiver)
    raise NotAMessage('neither "raw" nor "payload" is in it: ask Gmail for format=raw or format=full')


def _assembled(
    payload: Mapping[str, Any], fetched: Mapping[str, str], received_at: datetime, receiver: str
) -> Mail:
    try:
        tree = tree_of(payload, fetched)
        mail = assemble(tree, received_at=received_at, receiver=receiver)
        certain = _is_certain(mail, tree.headers)
    except Exception:  # noqa: BLE001 - as parse(): a hostile message costs itself alone
        return opaque(repr(payload).encode(), received_at=received_at, defect="parse-failed")
    return mail if certain else replace(mail, defects=tuple(sorted({*mail.defects, UNCERTAIN})))


def _is_certain(mail: Mail, headers: list[tuple[str, bytes]]) -> bool:
    """Whether the raw message must name the same people.

    Once decoded, a bracket or a quote inside a name looks like one that takes the header apart.  So
    everybody the headers could mean must be who was read, and our receiver must not vouch for another
    author than we found.
    """
    meant = from_headers([(name, value.decode("utf-8", "replace")) for name, value in headers])
    found = {(person.role, person.address) for person in mail.participants}
    another = mail.verdict.dmarc == "pass" and not mail.verdict.verified
    return found == {(person.role, person.address) for person in meant} and not another


def tree_of(payload: Mapping[str, Any], fetched: Mapping[str, str] | None = None) -> Tree:
    """Turn a payload into the tree its raw bytes would give; *fetched* is base64url by attachmentId."""
    tree = Tree([], [])
    tree.headers = list(limited(_headers(payload), tree.defects))
    for leaf in _leaves(payload, fetched or {}, tree):
        if len(tree.leaves) >= MOST_PARTS:
            tree.defects.add("part-limit")
            break
        tree.leaves.append(leaf)
    return tree


def _leaves(payload: Mapping[str, Any], fetched: Mapping[str, str], tree: Tree) -> Iterator[Leaf]:
    todo: list[tuple[Mapping[str, Any], Place]] = [(payload, Place())]
    while todo:
        part, place = todo.pop()
        media_type = _text(part.get("mimeType")).lower() or "text/plain"
        children = part.get("parts")
        if isinstance(children, list) and media_type.startswith("multipart/"):
            numbered = [(child, place.child(n, media_type)) for n, child in enumerate(children)]
            todo += [one for one in reversed(numbered) if isinstance(one[0], dict)]
        else:
            yield _leaf(part, place, media_type, _content(part, fetched, tree))


def _leaf(part: Mapping[str, Any], place: Place, media_type: str, content: bytes) -> Leaf:
    leaf = leaf_of(place, dict(reversed(list(limited(_headers(part))))), media_type, content)
    leaf.part_id = _text(part.get("partId")) or place.part_id
    leaf.type_parameters["charset"] = "utf-8"  # Gmail has converted the text
    leaf.filename = _text(part.get("filename")) or leaf.filename
    return leaf


def _content(part: Mapping[str, Any], fetched: Mapping[str, str], tree: Tree) -> bytes:
    body = part.get("body")
    body = body if isinstance(body, dict) else {}
    data = body.get("data") or fetched.get(_text(body.get("attachmentId")))
    if data is None and body.get("attachmentId"):
        tree.defects.add(NOT_FETCHED)
    return _bytes(_text(data))


def _fetched(resource: Mapping[str, Any]) -> dict[str, str]:
    """Return what an export has beside the message: {attachmentId: {"data": ...}}."""
    beside = resource.get("attachments")
    found = beside.items() if isinstance(beside, dict) else ()
    return {key: _text(value.get("data")) for key, value in found if isinstance(value, dict)}


def _headers(part: Mapping[str, Any]) -> list[tuple[str, bytes]]:
    headers = part.get("headers")
    return [
        _header(_text(one.get("name")).strip().lower(), _text(one.get("value")))
        for one in (headers if isinstance(headers, list) else ())
        if isinstance(one, dict)
    ]


def _header(name: str, value: str) -> tuple[str, bytes]:
    if name == "from" and (unquoted := NAME_WITH_COMMA.fullmatch(value)):
        value = f'"{unquoted[1].strip()}" {unquoted[2]}'
    return name, value.encode("utf-8", "replace")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _bytes(base64url: str) -> bytes:
    plain = base64url.encode("ascii", "ignore").translate(bytes.maketrans(b"-_", b"+/"))
    try:
        return binascii.a2b_base64(plain, strict_mode=True)
    except binascii.Error:  # without padding, or damaged
        return base64_bytes(plain)


def _internal_date(message: Mapping[str, Any]) -> datetime | None:
    digits = str(message.get("internalDate", ""))
    if not re.fullmatch(r"[0-9]{1,15}", digits):
        return None
    try:
        return EPOCH + timedelta(milliseconds=int(digits))
    except OverflowError:
        return None
