"""/api/email/status: is everything running?"""

from collections import Counter

from flask import Blueprint, Response, jsonify

from shared.store import accounts, rejects, serve
from watcher.web.deps import deps
from watcher.web.signin import api

status = Blueprint("status", __name__)


@status.get("/api/email/status")
@api("admin")
def show() -> Response:
    """How many accounts, messages and looks stand how, when a watch ends first, what was rejected."""
    with deps().db.transaction() as conn:
        enrolled, due = accounts.every(conn), serve.due(conn)
        totals, rejected = serve.ledger_totals(conn), rejects.count(conn)
    active = [account for account in enrolled if account.status == "active"]
    ends = [account.watch_expires_at for account in active if account.watch_expires_at]
    return jsonify(
        enabled=deps().settings.enabled,
        accounts=Counter(account.status for account in enrolled),
        messages={"waiting": 0, "dead": 0} | totals,
        deltas={"due": due.accounts, "oldest_due_seconds": due.oldest.total_seconds()},
        watches={
            "live": sum(end > deps().now() for end in ends),
            "failing": sum(bool(account.watch_error) for account in active),
            "soonest_expiry": min(ends).isoformat() if ends else None,
        },
        rejected_notifications=rejected,
    )
