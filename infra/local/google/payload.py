"""What messages.get shows of a message: payloads of the formats, snippets.  Pure; chance is a Random.

Gmail: text parts are handed out as UTF-8 while their Content-Type still names the old charset; attachments
have an id that differs on each get and no data; a single-part message has its data in the root's body.
"""

import html
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from infra.local.google.heads import known_charset, shown
from infra.local.google.tree import Part
from infra.local.google.wire import Json, base64url

SNIPPET = 200  # characters, about
SNIPPET_SOURCE = 8_000  # characters of text read for it


@dataclass(frozen=True, slots=True)
class Manner:
    """How bodies are shown: the switches of the control side that concern one get."""

    transcode: bool  # text parts to UTF-8
    untouched: frozenset[str]  # charsets left as they are all the same
    most_inline: int  # bytes above which even a text body becomes an attachment id
    padding: str  # of base64url: random, always, never


def padded(padding: str, dice: random.Random) -> bool:
    """Whether the next base64url carries its padding; Gmail is seen doing both."""
    return padding == "always" or (padding == "random" and dice.random() < 0.5)  # noqa: PLR2004 - a coin


def headers(part: Part, wanted: frozenset[str] | None = None) -> list[Json]:
    """Return headers in message order, duplicates kept; only the *wanted* (lower case) if given."""
    return [
        {"name": name, "value": shown(value)}
        for name, value in part.headers
        if wanted is None or name.lower() in wanted
    ]


def metadata(root: Part, wanted: Iterable[str], *, extras: bool) -> Json:
    """Return the payload of format=metadata; *extras* are keys that only some captures show."""
    names = frozenset(name.lower() for name in wanted)
    payload: Json = {"mimeType": root.media_type, "headers": headers(root, names or None)}
    return {"partId": "", "filename": "", "body": {"size": 0}} | payload if extras else payload


def full(part: Part, manner: Manner, dice: random.Random, token: Callable[[str], str], at: str = "") -> Json:
    """Return the payload of format=full; *token* makes an attachment id for a partId."""
    payload: Json = {
        "partId": at,
        "mimeType": part.media_type,
        "filename": part.filename,
        "headers": headers(part),
        "body": _body(part, manner, dice, token, at),
    }
    if part.children:
        prefix = f"{at}." if at else ""
        children = enumerate(part.children)
        payload["parts"] = [full(one, manner, dice, token, f"{prefix}{number}") for number, one in children]
    return payload


def _body(part: Part, manner: Manner, dice: random.Random, token: Callable[[str], str], at: str) -> Json:
    if part.children and part.media_type != "message/rfc822":
        return {"size": 0}
    text = part.media_type.startswith("text/") and not part.filename
    data = as_text(part, manner) if text else part.content
    if not data:
        return {"size": 0}
    if text and len(data) <= manner.most_inline:
        return {"size": len(data), "data": base64url(data, padded=padded(manner.padding, dice))}
    return {"attachmentId": token(at), "size": len(data)}


def attached(part: Part, manner: Manner) -> bytes:
    """Return what attachments.get hands out for a part: a file's own bytes, a large text as full shows it."""
    text = part.media_type.startswith("text/") and not part.filename
    return as_text(part, manner) if text else part.content


def as_text(part: Part, manner: Manner) -> bytes:
    """Return a text part's bytes as UTF-8, or as they were where the manner says so."""
    if not manner.transcode or part.charset in manner.untouched:
        return part.content
    return utf8(part.content, part.charset)


def utf8(data: bytes, charset: str) -> bytes:
    """Read *data* by its declared charset, else as UTF-8, else byte by byte; return it as UTF-8."""
    for name in (charset if known_charset(charset) else "ascii", "utf-8"):
        try:
            return data.decode(name).encode("utf-8", "replace")
        except ValueError:
            continue
    return data.decode("latin-1").encode()


def snippet(root: Part) -> str:
    """Return the first 200 characters or so of text, HTML-escaped as Gmail has them.

    Where there are both, genuine captures show the HTML's words and not the plain text's.
    """
    found: dict[str, str] = {}
    for part in root.walk():
        if part.media_type in {"text/plain", "text/html"} and not part.filename:
            found.setdefault(part.media_type, _words(part))
    words = found.get("text/html") or found.get("text/plain", "")
    return html.escape(_cut(words)).replace("&#x27;", "&#39;")


def _words(part: Part) -> str:
    # Cut after decoding: half a character at the end would make the rest unreadable.
    text = utf8(part.content, part.charset).decode("utf-8", "replace")[:SNIPPET_SOURCE]
    return " ".join((_without_tags(text) if part.media_type == "text/html" else text).split())


def _cut(text: str) -> str:
    """Return the start of *text*, without the word that would go over the limit."""
    if len(text) <= SNIPPET:
        return text
    whole = re.sub(r"\w+\Z", "", text[: SNIPPET + 1])[:SNIPPET].rstrip()
    return whole or text[:SNIPPET]


def _without_tags(text: str) -> str:
    text = re.sub(r"<(style|script|title)\b.{0,8000}?</\1>", " ", text, flags=re.IGNORECASE | re.DOTALL)
    return html.unescape(re.sub(r"<[^<>]{0,500}>", " ", text))
