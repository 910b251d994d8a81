"""Raw messages as Gmail's JSON shows them: headers decoded, text as UTF-8, attachments by id."""

import base64
import email
import email.header
import html
import random
import re
from collections.abc import Iterator
from email import policy
from email.message import Message
from typing import Any

LARGE_TEXT = 100_000  # bytes above which a text body comes as an attachment id; Gmail's own size is unknown
SNIPPET = 200
HEAD_END = re.compile(rb"(?:\A|\n)\r?\n")
HEADER = re.compile(r"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)


def head_of(raw: bytes) -> list[tuple[str, str]]:
    """Return the (name, value) lines of a message's head, in order; lines that are no header are passed over.

    Folds lose their line end and keep their white space, as Gmail shows them.
    """
    head = HEAD_END.split(raw, maxsplit=1)[0].decode("utf-8", "surrogateescape")
    lines = re.sub(r"\r?\n(?=[ \t])", "", head).splitlines()
    found = (HEADER.fullmatch(line) for line in lines)
    return [(match[1], match[2].strip(" \t")) for match in found if match]


def headers_of(raw: bytes) -> dict[str, str]:
    """Return the first of each header of the message's head, names in lower case, folding undone."""
    found: dict[str, str] = {}
    for name, value in head_of(raw):
        found.setdefault(name.lower(), value)
    return found


def crlf(raw: bytes) -> bytes:
    """Return *raw* with CRLF line ends, as Gmail hands every message out."""
    return re.sub(rb"\r?\n", b"\r\n", raw)


def base64url(data: bytes, *, padded: bool = True) -> str:
    """Encode as Gmail does; the padding is sometimes there and sometimes not."""
    text = base64.urlsafe_b64encode(data).decode()
    return text if padded else text.rstrip("=")


def decoded_header(value: str) -> str:
    """Undo folding (the white space stays) and decode encoded words; what cannot be decoded slips through."""
    text = re.sub(r"\r?\n(?=[ \t])", "", value)
    if "=?" not in text:
        return _printable(text)
    try:
        return _printable(str(email.header.make_header(email.header.decode_header(text))))
    except (LookupError, ValueError, email.errors.MessageError):
        return _printable(text)


def _printable(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Payload:
    """One message taken apart, remembering which attachment id stands for which part."""

    def __init__(self, raw: bytes, tokens: random.Random) -> None:
        self._root = email.message_from_bytes(raw, policy=policy.compat32)
        self._head = head_of(raw)
        self._tokens = tokens
        self.attachments: dict[str, bytes] = {}

    def headers(self, wanted: frozenset[str] | None = None) -> list[dict[str, str]]:
        """Return all headers in message order, duplicates kept; only the *wanted* (lower case) if given."""
        return [
            {"name": name, "value": decoded_header(value)}
            for name, value in self._head
            if wanted is None or name.lower() in wanted
        ]

    @property
    def media_type(self) -> str:
        """The type of the whole message."""
        return self._root.get_content_type()

    def full(self) -> dict[str, Any]:
        """Return the payload of format=full."""
        return self._part(self._root, "", depth=0) | {"headers": self.headers()}

    def _part(self, part: "Message[str, str]", part_id: str, *, depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "partId": part_id,
            "mimeType": part.get_content_type(),
            "filename": _file_name(part),
            "headers": [{"name": str(n), "value": decoded_header(str(v))} for n, v in part.raw_items()],
        }
        children = part.get_payload() if part.is_multipart() and depth < 100 else None  # noqa: PLR2004
        if isinstance(children, list):
            prefix = f"{part_id}." if part_id else ""
            shown["body"] = {"size": 0}
            shown["parts"] = [
                self._part(child, f"{prefix}{number}", depth=depth + 1)
                for number, child in enumerate(children)
            ]
        else:
            shown["body"] = self._body(part, shown["filename"])
        return shown

    def _body(self, part: "Message[str, str]", filename: str) -> dict[str, Any]:
        data = _content(part)
        text = part.get_content_maintype() == "text" and not filename
        if text:
            data = _as_utf8(data, part.get_content_charset())
        if not data:
            return {"size": 0}
        if text and len(data) <= LARGE_TEXT:
            return {"size": len(data), "data": base64url(data, padded=self._tokens.random() < 0.5)}  # noqa: PLR2004
        token = "ANGjdJ" + base64url(self._tokens.randbytes(150), padded=False)
        self.attachments[token] = data
        return {"attachmentId": token, "size": len(data)}

    def snippet(self) -> str:
        """Return about 200 characters of text, HTML-escaped as Gmail has them."""
        for part in _walk(self._root):
            if part.get_content_type() in {"text/plain", "text/html"} and not _file_name(part):
                text = _as_utf8(_content(part)[: SNIPPET * 20], part.get_content_charset()).decode(
                    "utf-8", "replace"
                )
                if part.get_content_type() == "text/html":
                    text = html.unescape(re.sub(r"<[^<>]{0,500}>", " ", text))
                return html.escape(" ".join(text.split())[:SNIPPET])
        return ""


def _walk(part: "Message[str, str]") -> Iterator["Message[str, str]"]:
    todo = [part]
    while todo:
        here = todo.pop()
        children = here.get_payload()
        if here.is_multipart() and isinstance(children, list):
            todo.extend(child for child in reversed(children) if isinstance(child, Message))
        else:
            yield here


def _file_name(part: "Message[str, str]") -> str:
    try:
        return decoded_header(part.get_filename() or "")
    except (LookupError, ValueError, TypeError, AttributeError):
        return ""


def _content(part: "Message[str, str]") -> bytes:
    try:
        data = part.get_payload(decode=True)
    except (LookupError, ValueError, TypeError, AssertionError):
        data = None
    return data if isinstance(data, bytes) else b""


def _as_utf8(data: bytes, charset: str | None) -> bytes:
    """Text parts are handed out as UTF-8 while their own header still names the old charset."""
    for name in (charset or "ascii", "utf-8", "latin-1"):
        try:
            return data.decode(name).encode("utf-8", "replace")
        except (LookupError, ValueError):
            continue
    return data
