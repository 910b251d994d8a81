"""Put the parts together: each process serves the ones it is told to."""

from flask import Flask, Response

from watcher.web import limits, problems
from watcher.web.accounts import accounts
from watcher.web.console import console
from watcher.web.deps import Deps, attach
from watcher.web.health import health
from watcher.web.oauth import oauth, pages
from watcher.web.push import push
from watcher.web.status import status
from watcher.web.sync import sync

BLUEPRINTS = {"push": (push,), "api": (accounts, status, sync, oauth), "console": (console, pages)}

LARGEST_BODY = 1024 * 1024  # bytes; a push may have 64 KiB

# Pages load nothing from anywhere else and run one script of ours.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)


def create_app(deps: Deps) -> Flask:
    """Build the application; nothing is read from the environment here."""
    app = Flask("mailroom", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    attach(app, deps)
    limits.install(app, deps.now)
    problems.install(app)
    app.register_blueprint(health)
    for part in deps.serve:
        for blueprint in BLUEPRINTS[part]:
            app.register_blueprint(blueprint)
    app.after_request(_harden)
    return app


def _harden(answer: Response) -> Response:
    answer.headers.setdefault("Content-Security-Policy", POLICY)
    answer.headers.setdefault("X-Content-Type-Options", "nosniff")
    answer.headers.setdefault("Referrer-Policy", "no-referrer")
    # Unlike setdefault: Flask marks static files "no-cache", which keeps and asks again; pages are not kept.
    if not answer.headers.get("Cache-Control"):
        answer.headers["Cache-Control"] = "no-store"
    return answer
