"""The console's pages: signing in, and the list of conversations."""

from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, request
from werkzeug.wrappers import Response

from shared.store import serve
from watcher.web.console.words import ago, exactly
from watcher.web.deps import deps
from watcher.web.signin import COOKIE, caller_of, page, remember

PAGE = 50

console = Blueprint(
    "console", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)
console.add_app_template_filter(exactly)


@console.get("/")
def home() -> Response:
    """The list of conversations is the front page."""
    return redirect("/threads", code=303)


@console.get("/signin")
def signin() -> str:
    """Ask for an API token."""
    return render_template("signin.html", wrong=False)


@console.post("/signin")
def sign_in() -> Response | tuple[str, int]:
    """Exchange a token for a cookie.  Only a form of our own page may do that."""
    if request.headers.get("Origin") not in {None, "null", request.host_url.rstrip("/")}:
        abort(400)
    token = request.form.get("token", "").strip()
    if caller_of(token) is None:
        return render_template("signin.html", wrong=True), 401
    return remember(redirect("/threads", code=303), token)


@console.post("/signout")
def sign_out() -> Response:
    """Forget the cookie."""
    answer = redirect("/signin", code=303)
    answer.delete_cookie(COOKIE, path="/")
    return answer


@console.get("/threads")
@page
def threads() -> str:
    """Conversations, the one with the newest mail first."""
    before = _moment(request.args.get("before", ""))
    with deps().db.transaction() as conn:
        found = serve.newest_threads(conn, before=before, limit=PAGE + 1)
    now = datetime.now(UTC)
    lines = [(thread, ago(thread.last_at, now)) for thread in found[:PAGE]]
    older = found[PAGE - 1].last_at.isoformat() if len(found) > PAGE else None
    return render_template("threads.html", lines=lines, older=older, newest=before is None)


def _moment(text: str) -> datetime | None:
    """Read the paging position; anything else than a time with a zone starts at the newest."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
