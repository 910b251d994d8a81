"""What the web process needs from outside; the command line builds the real things, a test its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, cast

from flask import Flask, current_app

from shared.config import Settings
from shared.gmail.client import GmailFactory
from shared.store.database import Database
from watcher.consent import Consents
from watcher.push_token import PushTokens

Part = Literal["push", "api", "console"]
PARTS: tuple[Part, ...] = ("push", "api", "console")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything with a side effect.  What only parts that are not served need may be None."""

    db: Database
    settings: Settings
    push_tokens: PushTokens | None  # part "push"
    gmail_factory: GmailFactory | None  # part "api"
    consents: Consents | None = None  # part "api", where mailboxes are connected by consent
    now: Callable[[], datetime] = _utc_now  # aware, UTC
    serve: tuple[Part, ...] = PARTS


def attach(app: Flask, deps: Deps) -> None:
    """Hang *deps* on an app."""
    app.extensions["mailroom"] = deps


def deps() -> Deps:
    """Return what the current app was built with."""
    return cast("Deps", current_app.extensions["mailroom"])
