"""/api/email/oauth: a mailbox's owner is sent to Google, and comes back with a code.

The state is used once, within ten minutes, by the browser that was sent: it holds a secret in a cookie
of its own, from which the PKCE verifier is derived too.  Nothing of the callback's query is logged.
"""

import re
import secrets
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Response, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from shared.credentials.oauth import authorization_url, verifier
from shared.errors import MailroomError, Refused
from shared.store import audit, oauth_states
from shared.store.oauth_states import Consent
from watcher.consent import Consents, connect
from watcher.enrolment import checked
from watcher.web.deps import deps
from watcher.web.problems import from_error, problem
from watcher.web.signin import COOKIE, actor, api, caller_of, from_our_own_page, page

BROWSER = "mailroom_connect"
LASTS_SEC = 600
PATH = "/api/email/oauth"

CODE = re.compile(r"[a-z_]{1,40}")  # of an OAuth error
STALE = (
    "This link was used already, is older than ten minutes, or began in another browser: "
    "begin again at “Connect a mailbox”."
)

oauth = Blueprint("oauth", __name__, url_prefix=PATH)
pages = Blueprint("connect", __name__)


@oauth.get("/start")
@api("admin")
def start() -> AnyResponse:
    """Return where the owner of ?email= must be sent; the answer's cookie belongs to their browser."""
    return _send(request.args.get("email", ""), actor(), lambda url: jsonify(authorization_url=url))


@pages.get("/connect")
@page
def ask() -> AnyResponse | str:
    """Ask which mailbox is to be connected."""
    if not _an_admin():
        return problem(403, "Only an admin connects mailboxes: sign in with a token of the role admin.")
    answer = Response(render_template("connect.html", address=request.args.get("email", "")))
    # Browsers hold the redirect that answers a form against the policy of the page the form was on.
    google = urlsplit(_consents().app.auth_url)
    answer.headers["Content-Security-Policy"] = (
        f"default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; frame-ancestors 'none'; "
        f"base-uri 'none'; form-action 'self' {google.scheme}://{google.netloc}"
    )
    return answer


@pages.post("/connect")
@page
def send() -> AnyResponse | str:
    """Send the browser to Google.  Only an admin's own form of our own page may do that."""
    if not from_our_own_page():
        return problem(400, "This form was not sent by mailroom's own page: open /connect and try again.")
    if not _an_admin():
        return problem(403, "Only an admin connects mailboxes: sign in with a token of the role admin.")
    caller = caller_of(request.cookies.get(COOKIE))
    return _send(
        request.form.get("email", ""), caller.name if caller else "", lambda url: redirect(url, code=303)
    )


@oauth.get("/callback")
def callback() -> AnyResponse:
    """Google sends the browser back here: ?code=…&state=…, or ?error=access_denied."""
    here = _consents()
    state, secret = request.args.get("state", ""), request.cookies.get(BROWSER, "")
    with deps().db.transaction() as conn:
        consent = oauth_states.finish(conn, state=state, secret=secret)
    if consent is None:
        return _page(400, STALE)
    code = request.args.get("code", "")
    if not code:
        return _not_asked(consent, request.args.get("error", ""))
    account = connect(deps().db, here, consent, code=code, code_verifier=verifier(secret, state))
    answer = _page(200, f"{account.address} is connected: its mail is captured from now on.")
    answer.delete_cookie(BROWSER, path=PATH)
    return answer


def _not_asked(consent: Consent, said: str) -> Response:
    """Google sent the person back without a code: they said no, or were never asked."""
    why = said if CODE.fullmatch(said) else "nothing"
    with deps().db.transaction() as conn:
        audit.note(conn, actor=consent.actor, action="oauth.refused", subject=consent.address, why=why)
    if why == "access_denied":
        return _page(403, "Access was not given, so nothing was connected.  Begin again whenever you like.")
    return _page(403, f"Google did not ask ({why}): a Workspace admin must allow this app first.")


@oauth.errorhandler(MailroomError)
def _refused(error: MailroomError) -> AnyResponse:
    """A person stands in front of the callback, a program in front of the others."""
    answer = from_error(error)
    if not request.path.endswith("/callback"):
        return answer
    return _page(403 if isinstance(error, Refused) else answer.status_code, str(error))


def _send(email: str, who: str, answered: Callable[[str], AnyResponse]) -> AnyResponse:
    here = _consents()
    address = checked(email, deps().settings.workspace_domain)
    state, secret = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    with deps().db.transaction() as conn:
        oauth_states.begin(conn, state=state, secret=secret, address=address, actor=who)
    answer = answered(authorization_url(here.app, state=state, secret=secret, address=address))
    # Lax: the browser comes back from Google's site, by following a link.
    answer.set_cookie(
        BROWSER, secret, max_age=LASTS_SEC, httponly=True, secure=True, samesite="Lax", path=PATH
    )
    return answer


def _consents() -> Consents:
    here = deps().consents
    if here is None:
        raise Refused("mailboxes are not connected by consent here: CRM_GMAIL_AUTH_METHOD is not oauth")
    return here


def _an_admin() -> bool:
    caller = caller_of(request.cookies.get(COOKIE))
    return caller is not None and caller.role == "admin"


def _page(status: int, detail: str) -> Response:
    if "console" not in deps().serve:
        return Response(f"{detail}\n", status=status, content_type="text/plain; charset=utf-8")
    title = "Connected" if status == 200 else "Not connected"  # noqa: PLR2004 - the one success
    return Response(render_template("problem.html", title=title, detail=detail), status=status)
