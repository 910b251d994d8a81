"""Gmail with the budget that all processes share through the database."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from threading import Event

from infra.cli import wiring
from shared.config import Settings
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget, Rules
from shared.gmail.recording import recording
from shared.store.database import Database
from shared.store.units import Units


@contextmanager
def gmail(settings: Settings, db: Database, *, stop: Event | None = None) -> Generator[GmailFactory]:
    """Yield Gmail; what it spends is recorded every few seconds and at the end of the block.

    A wait for units ends when *stop* is set.
    """
    with recording(budget(settings, db, stop=stop)) as shared:
        yield wiring.gmail(settings, shared, db)


def budget(settings: Settings, db: Database, *, stop: Event | None = None) -> Budget:
    """Return the budget the settings describe, kept in *db*."""
    rules = Rules(
        prices=settings.prices,
        per_account=settings.rate_scope == "account",
        day_units=settings.day_units,
        concurrency=settings.concurrency,
    )
    sleep = stop.wait if stop else time.sleep
    return Budget(settings.rate_units_sec, rules=rules, allowance=Units(db), sleep=sleep)
