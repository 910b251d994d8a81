"""What stalwart mail-parser states: a parse tree beside some mails (*.expected.json)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from consumer.mail.addresses import normal
from consumer.mail.text import decode
from consumer.mail.tree import Leaf, take_apart
from infra.local.corpus.model import Claim, Corpus, addresses


def claims(corpus: Corpus) -> Iterator[Claim]:
    """Compare the leaves in order, their text, and the headers the tree has values for."""
    for path in sorted(corpus.root.glob("*/*.expected.json")):
        file = str(path.relative_to(corpus.root)).replace(".expected.json", ".eml")
        stated = json.loads(path.read_text())
        theirs = [part for part in stated["parts"] if not _kind(part, "Multipart")]
        ours = take_apart(corpus.raw(file)).leaves
        yield Claim(file, "leaves", [_type(part) for part in theirs], [leaf.media_type for leaf in ours])
        yield Claim(
            file,
            "leaf texts",
            list(filter(None, map(_stated_text, theirs))),
            list(filter(None, map(_text, ours))),
        )
        yield from _headers(corpus, file, stated["parts"][0]["headers"])


def _kind(part: dict[str, Any], kind: str) -> bool:
    return isinstance(part["body"], dict) and kind in part["body"]


def _type(part: dict[str, Any]) -> str:
    value = _value(part["headers"], "content_type", "ContentType")
    default = "message/rfc822" if _kind(part, "Message") else "text/plain"
    return f"{value['c_type']}/{value['c_subtype'] or ''}".lower() if value else default


def _stated_text(part: dict[str, Any]) -> str:
    body = part["body"]
    if not _type(part).startswith("text/"):
        return ""
    return " ".join(str(body.get("Text") or body.get("Html") or "").split()) if isinstance(body, dict) else ""


def _text(leaf: Leaf) -> str:
    if not leaf.media_type.startswith("text/"):
        return ""
    return " ".join(decode(leaf.content, leaf.type_parameters.get("charset"))[0].split())


def _headers(corpus: Corpus, file: str, headers: list[dict[str, Any]]) -> Iterator[Claim]:
    mail = corpus.mail(file)
    subject = _value(headers, "subject", "Text")
    if subject is not None:
        yield Claim(file, "subject", " ".join(subject.split()), mail.subject)
    for role in ("from", "to"):
        value = _value(headers, role, "Address")
        if value is not None:
            stated = list(dict.fromkeys(filter(None, (normal(one or "") for one in _addresses(value)))))
            ours = [mail.author.address] if role == "from" and mail.author else addresses(mail, role)
            yield Claim(file, role, stated, ours)
    date = _value(headers, "date", "DateTime")
    if date is not None:
        yield Claim(file, "date", _moment(date), mail.date if mail.date_source == "header" else None)
    identifier = _value(headers, "message_id", "Text")
    if identifier is not None:
        yield Claim(file, "message-id", identifier, mail.message_id)


def _value(headers: list[dict[str, Any]], name: str, kind: str) -> Any:
    values = [one["value"] for one in headers if one["name"] == name and isinstance(one["value"], dict)]
    return next((value[kind] for value in values if kind in value), None)


def _addresses(value: dict[str, Any]) -> list[str]:
    groups = value.get("Group") or [{"addresses": value.get("List", [])}]
    return [one["address"] for group in groups for one in group["addresses"]]


def _moment(date: dict[str, Any]) -> datetime | None:
    offset = timedelta(hours=date["tz_hour"], minutes=date["tz_minute"])
    zone = timezone(-offset if date["tz_before_gmt"] else offset)
    try:
        parts = (date["year"], date["month"], date["day"], date["hour"], date["minute"], date["second"])
        return datetime(*parts, tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None
