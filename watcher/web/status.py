"""/api/email/status: is everything running?"""

from collections import Counter

from flask import Blueprint, Response, jsonify

from shared.store import rejects, serve
from watcher.web.deps import deps
from watcher.web.signin import api

status = Blueprint("status", __name__)


@status.get("/api/email/status")
@api("admin")
def show() -> Response:
    """Counts by account status and ledger state, how far behind we are, what was rejected."""
    with deps().db.transaction() as conn:
        lines, totals, rejected = serve.mailboxes(conn), serve.ledger_totals(conn), rejects.count(conn)
    ends = [line.watch_expires_at for line in lines if line.watch_expires_at]
    return jsonify(
        enabled=deps().settings.enabled,
        accounts=Counter(line.status for line in lines),
        messages=totals,
        most_behind_seconds=max((line.behind.total_seconds() for line in lines), default=0),
        watch_ends_first=min(ends).isoformat() if ends else None,
        rejected_notifications=rejected,
    )
