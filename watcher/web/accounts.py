"""/api/email/accounts: which mailboxes are captured, and enrolling one more."""

from dataclasses import asdict
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify

from shared.errors import MailroomError, Refused
from shared.store import accounts as store
from shared.store import audit, serve
from shared.store.accounts import Account
from shared.store.database import Connection
from shared.store.serve import MailboxLine
from watcher.alarms import alarms
from watcher.consent import disconnect as forget_grant
from watcher.enrolment import enrol
from watcher.web.body import fields
from watcher.web.deps import deps
from watcher.web.signin import actor, api

accounts = Blueprint("accounts", __name__, url_prefix="/api/email/accounts")


@accounts.get("")
@api("admin")
def list_accounts() -> Response:
    """Every account, how it fares, and what an admin must do about it."""
    with deps().db.transaction() as conn:
        found = serve.mailboxes(conn)
    now, quiet_poll = deps().now(), deps().settings.quiet_poll
    return jsonify(accounts=[shown(line, now, quiet_poll=quiet_poll) for line in found])


@accounts.post("/enroll")
@api("admin")
def enroll() -> Response:
    """Start capturing one mailbox of our own domains: {"email": …}."""
    here = deps()
    email = fields(email=True)["email"]
    if here.gmail_factory is None:
        raise Refused("this process has no credentials for Gmail: enrol where mailroom web runs with them")
    account = enrol(here.db, here.gmail_factory, email, settings=here.settings, actor=actor())
    answer = jsonify(id=account.id, email=account.address, status=account.status)
    answer.status_code = 201
    return answer


@accounts.patch("/<email>")
@api("admin")
def change(email: str) -> Response:
    """Set who may see how much of a mailbox ({"visibility"}) or let it rest ({"status": "paused"})."""
    told = fields(visibility=False, status=False)
    visibility, status = told.get("visibility"), told.get("status")
    if visibility not in {None, "full", "subject", "metadata"}:
        raise Refused("visibility is full, subject or metadata")
    if status not in {None, "paused"}:
        raise Refused("status may be set to paused; POST /api/email/accounts/enroll starts an account again")
    with deps().db.transaction() as conn:
        account = _known(conn, email)
        if visibility:
            store.set_visibility(conn, account.id, visibility)
        if status:
            store.set_status(conn, account.id, status, "paused by an admin")
        audit.note(conn, actor=actor(), action="account.change", subject=account.address, **told)
    return jsonify(email=account.address, changed=told)


@accounts.delete("/<email>")
@api("admin")
def disconnect(email: str) -> Response:
    """Stop capturing a mailbox: its watch ends, its grant is revoked and forgotten.  What is stored stays."""
    here = deps()
    with here.db.transaction() as conn:
        account = _known(conn, email)
    stopped = _stop_watch(account.address)
    revoked = forget_grant(here.db, here.consents, account)
    with here.db.transaction() as conn:
        store.set_status(conn, account.id, "paused", "disconnected by an admin")
        audit.note(
            conn,
            actor=actor(),
            action="account.disconnect",
            subject=account.address,
            grant_revoked=int(revoked),
        )
    return jsonify(email=account.address, status="paused", watch_stopped=stopped, grant_revoked=revoked)


def _stop_watch(address: str) -> bool:
    """Best effort: without access there is nothing to stop, and the watch ends by itself within a week."""
    gmail = deps().gmail_factory
    try:
        if gmail is not None:
            gmail.account(address, live=True).stop()
    except MailroomError:
        return False
    return gmail is not None


def _known(conn: Connection, email: str) -> Account:
    account = store.by_address(conn, email)
    if account is None:
        raise Refused("no account has this address: GET /api/email/accounts lists them")
    return account


def shown(line: MailboxLine, now: datetime, *, quiet_poll: timedelta) -> dict[str, object]:
    """Return a mailbox for JSON: times in ISO 8601 UTC, durations in seconds."""
    values = {name: _plain(value) for name, value in asdict(line).items()}
    return {"email": values.pop("address")} | values | {"alarms": alarms(line, now, quiet_poll=quiet_poll)}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
