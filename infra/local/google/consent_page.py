"""The HTML of the consent page and of its refusals.  Everything shown is escaped."""

from collections.abc import Iterable
from html import escape

from infra.local.google.wire import HTML_TYPE, Reply

STYLE = """body{font:16px/1.5 sans-serif;max-width:34rem;margin:3rem auto;padding:0 1rem;color:#202124}
fieldset{border:1px solid #dadce0;border-radius:8px;margin:0 0 1rem;padding:1rem}
label{display:block;margin:.4rem 0;overflow-wrap:anywhere}
button{font:inherit;padding:.6rem 1.4rem;border-radius:4px;border:1px solid #1a73e8;margin-right:1rem}
button[value=allow]{background:#1a73e8;color:#fff}button[value=deny]{background:#fff;color:#1a73e8}"""
# The page may post to itself and is answered with a redirect to the client: form-action would forbid that.
SAFE = {
    "Content-Type": HTML_TYPE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class PageError(Exception):
    """Ends a request for consent on a page: nothing is sent to an address that is not trusted."""

    def __init__(self, status: int, error: str, sentence: str) -> None:
        super().__init__(error)
        text = f"<h1>Access blocked</h1><p>{escape(sentence)}</p><p>Error {status}: {escape(error)}</p>"
        self.reply = _html(status, "Error", text)


def shown(*, action: str, app: str, boxes: tuple[str, ...], accounts: Iterable[str], chosen: str) -> Reply:
    """Return the page with its form; *action* is the address it was asked under."""
    people = "".join(_choice("radio", "account", one, on=one == chosen) for one in accounts)
    if len(boxes) > 1:
        asks = "".join(_choice("checkbox", "scope", one, on=False) for one in boxes)
    else:
        asks = "".join(f"<p>{escape(one)}</p>" for one in boxes)
    return _html(
        200,
        "Sign in",
        f"<h1>{escape(app)} wants access to your account</h1><p>This is a local stand-in, not Google.</p>"
        f'<form method="post" action="{escape(action)}">'
        f"<fieldset><legend>Choose an account</legend>{people or '<p>There is none.</p>'}</fieldset>"
        f"<fieldset><legend>What it may do</legend>{asks or '<p>See who you are.</p>'}</fieldset>"
        '<button name="decision" value="allow">Allow</button>'
        '<button name="decision" value="deny" formnovalidate>Cancel</button></form>',
    )


def _choice(kind: str, name: str, value: str, *, on: bool) -> str:
    # A radio group is required as a whole; a box may stay empty.
    extra = (" checked" if on else "") + (" required" if kind == "radio" else "")
    text = escape(value)
    return f'<label><input type="{kind}" name="{name}" value="{text}"{extra}> {text}</label>'


def _html(status: int, title: str, body: str) -> Reply:
    page = (
        f'<!DOCTYPE html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<main>{body}</main></html>\n"
    )
    return Reply(status, page.encode("utf-8", "replace"), dict(SAFE))
