"""The console's pages: signing in, and the list of conversations."""

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from shared.store import serve
from shared.store.serve import ThreadLine
from watcher.alarms import alarms
from watcher.web.console.paging import Position
from watcher.web.console.words import ago, exactly, marked
from watcher.web.deps import deps
from watcher.web.limits import limiter
from watcher.web.problems import problem
from watcher.web.signin import caller_of, for_an_admin, forget, from_our_own_page, page, remember

PAGE = 50  # conversations
MOST_WRONG_A_MINUTE = 20  # tokens from one address

console = Blueprint(
    "console", __name__, template_folder="templates", static_folder="static", static_url_path="/static"
)
console.add_app_template_filter(exactly)
console.add_app_template_filter(marked)


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
    """Exchange a token for a cookie.  Only a form of our own page may do that.

    Only wrong tokens are braked: behind a proxy everybody has one address, and whoever tries wrong ones
    from it must not keep out who has a right one.  Nobody guesses 256 random bits, with or without a brake.
    """
    if not from_our_own_page():
        return problem(400, "This form was not sent by mailroom's own page: open /signin and try again.")
    token = request.form.get("token", "").strip()
    if caller_of(token) is not None:
        return remember(redirect("/threads", code=303), token)
    tries = f"signin {request.remote_addr}"
    if limiter().spent(tries, most=MOST_WRONG_A_MINUTE):
        return problem(429, "Too many wrong tokens: wait a minute, then try again.", Retry_After="60")
    limiter().count(tries)
    return render_template("signin.html", wrong=True), 401


@console.post("/signout")
def sign_out() -> Response:
    """Forget the cookie."""
    if not from_our_own_page():
        return problem(400, "This form was not sent by mailroom's own page: nothing was done.")
    return forget(redirect("/signin", code=303))


@console.get("/threads")
@page
def threads() -> str:
    """Conversations, the one with the newest mail first."""
    after = Position.parse(request.args.get("after", ""))
    found = _threads(after)
    now = deps().now()
    shown = found[:PAGE]
    return render_template(
        "threads.html",
        lines=[(thread, ago(thread.last_at, now)) for thread in shown],
        older=Position(shown[-1].last_at, shown[-1].id) if len(found) > PAGE else None,
        newest=after is None,
        alarms=_alarms() if after is None and for_an_admin() else [],
        by_consent=deps().consents is not None,
    )


def _alarms() -> list[tuple[str, str]]:
    """Return (address, sentence) for every mailbox that needs somebody, for the top of the front page."""
    with deps().db.transaction() as conn:
        watched = serve.watches(conn)
    now, quiet_poll = deps().now(), deps().settings.quiet_poll
    return [(one.address, said) for one in watched for said in alarms(one, now, quiet_poll=quiet_poll)]


def _threads(after: Position | None) -> list[ThreadLine]:
    """One more than a page holds tells whether there is another."""
    with deps().db.transaction() as conn:
        behind = None if after is None else (after.last_at, after.id)
        return serve.newest_threads(conn, after=behind, limit=PAGE + 1)
