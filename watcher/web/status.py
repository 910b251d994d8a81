"""/api/email/status: is everything running?"""

from collections import Counter

from flask import Blueprint, Response, jsonify

from shared.store import rejects, serve
from watcher.alarms import stalled
from watcher.schedule import alarm
from watcher.web.deps import deps
from watcher.web.signin import api

status = Blueprint("status", __name__)


@status.get("/api/email/status")
@api("admin")
def show() -> Response:
    """How many accounts, messages and looks stand how, how watches fare, what was rejected."""
    now, quiet_poll = deps().now(), deps().settings.quiet_poll
    with deps().db.transaction() as conn:
        enrolled, due = serve.watches(conn), serve.due(conn)
        totals, rejected = serve.ledger_totals(conn), rejects.count(conn)
    active = [account for account in enrolled if account.status == "active"]
    ends = [account.watch_expires_at for account in active if account.watch_expires_at]
    return jsonify(
        enabled=deps().settings.enabled,
        accounts=Counter(account.status for account in enrolled),
        messages={"waiting": 0, "dead": 0} | totals,
        deltas={
            "due": due.accounts,
            "oldest_due_seconds": due.oldest.total_seconds(),
            "stalled": sum(stalled(account, now, quiet_poll=quiet_poll) for account in active),
        },
        watches={
            "live": sum(end > now for end in ends),
            "ending": sum(end > now and alarm(end, now) != "none" for end in ends),
            "ended": sum(end <= now for end in ends),
            "push_broken": sum(account.push_broken_at is not None for account in active),
            "failing": sum(bool(account.watch_error) for account in active),
            "soonest_expiry": min(ends).isoformat() if ends else None,
        },
        rejected_notifications=rejected,
    )
