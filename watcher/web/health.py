"""Is the process alive, and can it work?"""

from flask import Blueprint, Response

from shared.errors import TryLater
from shared.store import migrate
from watcher.web.deps import deps
from watcher.web.problems import problem

health = Blueprint("health", __name__)


@health.get("/healthz")
def alive() -> Response:
    """The process answers; nothing else is promised."""
    return Response("ok\n", content_type="text/plain")


@health.get("/readyz")
def ready() -> Response:
    """The database answers and has the shape this version knows."""
    try:
        with deps().db.transaction() as conn:
            current = migrate.current(conn)
    except TryLater as down:
        return problem(503, str(down))
    return (
        Response("ready\n", content_type="text/plain")
        if current
        else problem(503, "run mailroom migrate first")
    )
