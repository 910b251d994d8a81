"""/api/email/sync: look now instead of in a few minutes."""

from flask import Blueprint, Response, jsonify

from shared.errors import Refused
from shared.store import accounts, audit, deltas
from shared.store.accounts import Account
from shared.store.database import Connection
from watcher.web.body import fields
from watcher.web.deps import deps
from watcher.web.limits import limiter
from watcher.web.problems import problem
from watcher.web.signin import actor, api

MOST_A_MINUTE = 60  # by one token; each look costs quota units

sync = Blueprint("sync", __name__, url_prefix="/api/email/sync")


@sync.post("/run-now")
@api("admin")
def run_now() -> Response:
    """Make one account ({"email": …}) or all ({}) due at once; 202, the work follows."""
    if limiter().spent(f"run-now {actor()}", most=MOST_A_MINUTE):
        return problem(
            429,
            "too many looks were asked for: accounts are looked at by themselves every few minutes",
            Retry_After="60",
        )
    limiter().count(f"run-now {actor()}")
    email = fields(email=False).get("email")
    with deps().db.transaction() as conn:
        chosen = accounts.every(conn) if email is None else [_one(conn, email)]
        woken = deltas.wake(conn, [account.id for account in chosen])
        audit.note(
            conn,
            actor=actor(),
            action="sync.run-now",
            subject=chosen[0].address if email is not None else "all",
            accounts=woken,
        )
    answer = jsonify(due=woken)
    answer.status_code = 202
    return answer


def _one(conn: Connection, email: str) -> Account:
    account = accounts.by_address(conn, email)
    if account is None:
        raise Refused("no account has this address: GET /api/email/accounts lists them")
    if account.status != "active":
        why = account.status_reason or "no reason given"
        raise Refused(
            f"this account is not active but {account.status} ({why}): "
            "POST /api/email/accounts/enroll starts it again"
        )
    return account
