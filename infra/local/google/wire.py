"""How answers travel: proto3 JSON, flat OAuth errors, HTML where Google does not speak JSON."""

import base64
import html
import json
from dataclasses import dataclass, field
from typing import Any

from infra.local.google.errors import GoogleError

Json = dict[str, Any]
JSON_TYPE = "application/json; charset=UTF-8"
HTML_TYPE = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None  # the line is cut after so many bytes of the body
    seconds: float = 0.0  # of silence before the answer, or of an answer that drips
    drip: bool = False


def encoded(value: object, *, pretty: bool = True) -> bytes:
    """Return JSON as UTF-8; half surrogate pairs (hostile mail, odd requests) become question marks."""
    text = json.dumps(
        value, ensure_ascii=False, indent=2 if pretty else None, separators=None if pretty else (",", ":")
    )
    return text.encode("utf-8", "replace") + b"\n"


def ok(value: Json, *, status: int = 200, pretty: bool = True) -> Reply:
    """Answer JSON, pretty-printed as Google does by default."""
    return Reply(status, encoded(value, pretty=pretty), {"Content-Type": JSON_TYPE})


def without_empty(value: Json) -> Json:
    """Leave out empty lists and strings: proto3 JSON never shows a field at its default."""
    return {name: content for name, content in value.items() if content not in ([], "")}


def no_content() -> Reply:
    """Answer 204 without a body, as for stop."""
    return Reply(204)


def refused(error: GoogleError) -> Reply:
    """Answer a refusal in Google's envelope."""
    reply = ok(error.refusal.envelope(), status=error.refusal.status)
    if error.refusal.status == 401:  # noqa: PLR2004 - HTTP asks for the challenge here
        reply.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/"'
    return reply


def html_page(status: int, title: str, text: str) -> Reply:
    """Answer the HTML page that Google's front end shows when no service does."""
    page = (
        f"<!DOCTYPE html>\n<html lang=en>\n  <title>Error {status} ({title})!!1</title>\n"
        f"  <p><b>{status}.</b> <ins>That's an error.</ins>\n  <p>{html.escape(text)} "
        "<ins>That's all we know.</ins>\n"
    )
    return Reply(status, page.encode("utf-8", "replace"), {"Content-Type": HTML_TYPE})


def no_such_path(path: str) -> Reply:
    """Answer a path nobody serves."""
    return html_page(404, "Not Found", f"The requested URL {path} was not found on this server.")


def base64url(data: bytes, *, padded: bool = True) -> str:
    """Encode as Gmail does; the padding is sometimes there and sometimes not."""
    text = base64.urlsafe_b64encode(data).decode()
    return text if padded else text.rstrip("=")


def unbase64url(text: str) -> bytes:
    """Decode either alphabet, padded or not.  ValueError when it is neither."""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    return base64.b64decode(bare + "=" * (-len(bare) % 4), validate=True)


def json_body(body: bytes) -> Json:
    """Read a JSON object; {} when there is none.  ValueError when it is something else."""
    try:
        value = json.loads(body) if body.strip() else {}
    except RecursionError:
        raise ValueError("too deep") from None
    if not isinstance(value, dict):
        raise ValueError("a JSON object is expected")  # noqa: TRY004 - like every other malformed body
    return value
