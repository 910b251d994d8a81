"""/api/email/sync: look now instead of in a few minutes."""

from flask import Blueprint, Response, jsonify

from shared.errors import Refused
from shared.store import accounts, audit, deltas
from watcher.web.body import fields
from watcher.web.deps import deps
from watcher.web.signin import actor, api

sync = Blueprint("sync", __name__, url_prefix="/api/email/sync")


@sync.post("/run-now")
@api("admin")
def run_now() -> Response:
    """Make one account ({"email": …}) or all ({}) due at once; 202, the work follows."""
    email = fields(email=False).get("email")
    with deps().db.transaction() as conn:
        chosen = accounts.every(conn) if email is None else [accounts.by_address(conn, email)]
        ids = [account.id for account in chosen if account is not None]
        if email is not None and not ids:
            raise Refused("no account has this address: GET /api/email/accounts lists them")
        woken = deltas.wake(conn, ids)
        audit.note(conn, actor=actor(), action="sync.run-now", accounts=woken)
    answer = jsonify(due=woken)
    answer.status_code = 202
    return answer
