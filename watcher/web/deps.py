"""What the web process needs from outside; the command line builds the real things, a test its own."""

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from shared.config import Settings
from shared.gmail.client import GmailFactory
from shared.store.database import Database
from watcher.push_token import PushTokens


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything with a side effect.  Parts that are not served may be None."""

    db: Database
    settings: Settings
    push_tokens: PushTokens | None
    gmail: GmailFactory | None


def attach(app: Flask, deps: Deps) -> None:
    """Hang *deps* on an app."""
    app.extensions["mailroom"] = deps


def deps() -> Deps:
    """Return what the current app was built with."""
    return cast("Deps", current_app.extensions["mailroom"])
