"""`mailroom watch`."""

import signal
import sys
from datetime import UTC, datetime
from threading import Event

import click

from infra.cli import metering, wiring
from shared.errors import TryLater
from shared.log import logger

log = logger("watcher")
EVERY_SEC = 30.0  # how often accounts are asked whether a renewal is due


@click.command()
@click.option("--once", is_flag=True, help="One pass, for a scheduler; exit 1 when a renewal failed.")
def watch(once: bool) -> None:
    """Start and renew Gmail's watches: each account once a day, more often after a failure."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = wiring.settings(when_on=("gmail", "watch"))
    if not settings.enabled:
        log.warning("watcher.idle", why="CRM_GMAIL_INTEGRATION_ENABLED is not true: nothing is watched")
        if not once:
            stop.wait()
        return
    sys.exit(_watch(settings, stop, once=once))


def _watch(settings: wiring.Settings, stop: Event, *, once: bool) -> int:
    """Renew until told to stop, or once; return the exit code."""
    from watcher.renewal import Outcome, renew_due
    from watcher.silence import tend

    with (
        wiring.database(settings, most=2, name="mailroom-watch") as db,
        metering.gmail(settings, db, stop=stop) as gmail,
    ):
        while True:
            try:
                outcome = renew_due(db, gmail, settings.pubsub_topic, now=datetime.now(UTC))
                tend(db, gmail, settings.pubsub_topic, now=datetime.now(UTC))
            except TryLater as later:
                log.warning("watcher.waits", why=str(later))
                outcome = Outcome(renewed=0, failed=1)
            if once:
                log.info("watcher.done", renewed=outcome.renewed, failed=outcome.failed)
                return 1 if outcome.failed else 0
            if stop.wait(EVERY_SEC):
                return 0
