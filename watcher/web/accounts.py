"""/api/email/accounts: which mailboxes are captured, and enrolling one more."""

from dataclasses import asdict
from datetime import datetime, timedelta

from flask import Blueprint, Response, jsonify

from shared.errors import Refused
from shared.store import serve
from shared.store.serve import MailboxLine
from watcher.alarms import alarms
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
    return jsonify(accounts=[shown(line, deps().now()) for line in found])


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


def shown(line: MailboxLine, now: datetime) -> dict[str, object]:
    """Return a mailbox for JSON: times in ISO 8601 UTC, durations in seconds."""
    values = {name: _plain(value) for name, value in asdict(line).items()}
    return {"email": values.pop("address")} | values | {"alarms": alarms(line, now)}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return value.total_seconds() if isinstance(value, timedelta) else value
