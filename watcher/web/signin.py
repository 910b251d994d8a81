"""Who is asking: a bearer token for the API, a cookie holding the same token for pages.

The cookie is HttpOnly, Secure and SameSite=Strict, and pages only ever read: no state changes by
cookie, so nothing can be forged through one.  It lasts as long as its token at most.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from flask import redirect, request
from werkzeug.wrappers import Response as AnyResponse

from shared.errors import NotAuthentic
from shared.store import tokens
from shared.store.tokens import ApiRole, Caller
from watcher.web.deps import deps
from watcher.web.problems import problem

P = ParamSpec("P")
COOKIE = "mailroom"
COOKIE_LASTS_SEC = 12 * 3600
LONGEST = 200  # characters of a token; ours have 46
NEEDS = {"member": ("member", "admin"), "admin": ("admin",)}

View = Callable[P, AnyResponse]
Page = Callable[P, AnyResponse | str]


def caller_of(token: str | None) -> Caller | None:
    """Return who a token speaks for, or None."""
    if not token or len(token) > LONGEST or not token.startswith(tokens.PREFIX):
        return None
    with deps().db.transaction() as conn:
        return tokens.caller(conn, token)


def api(role: ApiRole) -> Callable[[View[P]], View[P]]:
    """Let only bearers of *role* call a view, and only while capture is on; an admin may all a member may."""

    def decorate(view: View[P]) -> View[P]:
        @wraps(view)
        def guarded(*args: P.args, **kwargs: P.kwargs) -> AnyResponse:
            caller = _bearer()
            if caller.role not in NEEDS[role]:
                return problem(403, f"this needs a token with the role {role}")
            if not deps().settings.enabled:
                return problem(
                    503, "capture is switched off: set CRM_GMAIL_INTEGRATION_ENABLED to true and restart"
                )
            request.environ["mailroom.caller"] = caller.name
            return view(*args, **kwargs)

        return guarded

    return decorate


def _bearer() -> Caller:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    caller = caller_of(token.strip()) if scheme.lower() == "bearer" else None
    if caller is None:
        raise NotAuthentic("send a valid token: Authorization: Bearer mr_… (mailroom token create makes one)")
    return caller


def actor() -> str:
    """Return the name of the token behind the current request, for the audit log."""
    return str(request.environ.get("mailroom.caller", ""))


def page(view: Page[P]) -> Page[P]:
    """Let only signed-in people see a page; others are sent to sign in."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> AnyResponse | str:
        caller = caller_of(request.cookies.get(COOKIE))
        if caller is None:
            return redirect("/signin", code=303)
        request.environ["mailroom.role"] = caller.role
        return view(*args, **kwargs)

    return guarded


def for_an_admin() -> bool:
    """Tell whether the page being made is for an admin."""
    return bool(request.environ.get("mailroom.role") == "admin")


def from_our_own_page() -> bool:
    """Tell whether a form was sent by a page of ours, not by another site's.

    Our pages have the policy no-referrer, under which browsers say "Origin: null" even to us;
    Sec-Fetch-Site tells the truth then, and no page can set it.  Whatever sends neither is no
    browser, and has no cookie to abuse.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site in {"same-origin", "none"}
    # The host alone: behind a TLS proxy we see http where the browser sees https.
    return origin is None or origin.partition("://")[2] == request.host


def remember(answer: AnyResponse, token: str) -> AnyResponse:
    """Sign a browser in.  Browsers take a Secure cookie over plain http from this machine's own address."""
    answer.set_cookie(
        COOKIE,
        token,
        max_age=COOKIE_LASTS_SEC,
        httponly=True,
        secure=True,
        samesite="Strict",
        path="/",
    )
    return answer


def forget(answer: AnyResponse) -> AnyResponse:
    """Sign a browser out."""
    answer.delete_cookie(COOKIE, path="/", httponly=True, secure=True, samesite="Strict")
    return answer
