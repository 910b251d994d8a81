"""`mailroom consume`."""

import os
import signal
from threading import Event

import click

from infra.cli import metering, wiring
from shared.log import logger

log = logger("consumer")

# Time for a step under way to end before the process goes; a killed one is taken over after its lease.
GRACE_SEC = 10.0


@click.command()
@click.option("--threads", default=4, show_default=True, help="Accounts worked on at the same time.")
@click.option("--parsers", default=0, help="Child processes that parse mail.  [default: one per core]")
def consume(threads: int, parsers: int) -> None:
    """Capture mail: lease due accounts, read what changed, store what is an investor's.

    Run as many as you like, on as many machines as you like: they share the work through the
    database.  SIGTERM lets the step under way end and gives the accounts back.
    """
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = wiring.settings(when_on=("gmail",))
    if not settings.enabled:
        log.warning("consumer.idle", why="CRM_GMAIL_INTEGRATION_ENABLED is not true: nothing is captured")
        stop.wait()
        return
    _consume(settings, stop, threads=threads, parsers=parsers or os.cpu_count() or 1)


def _consume(settings: wiring.Settings, stop: Event, *, threads: int, parsers: int) -> None:
    from consumer.matching import Matching
    from consumer.parsing import Parsers
    from consumer.run import Deps
    from consumer.worker import Workers
    from shared.blobs import open_store
    from shared.store.attachments import MEBIBYTE

    largest = settings.max_message_mb * MEBIBYTE
    with (
        wiring.database(settings, most=2 * threads + 5, name="mailroom-consume") as db,
        metering.gmail(settings, db, stop=stop) as gmail,
        Parsers(parsers, settings.authserv_id, largest=largest) as children,
    ):
        matching = Matching(db, settings.own_domains)
        deps = Deps(db, gmail, open_store(settings.blob_place), children, settings, stop.is_set, matching)
        workers = Workers(deps, threads=threads, stop=stop)
        workers.start()
        log.info("consumer.started", threads=threads, parsers=parsers)
        stop.wait()
        workers.join(timeout=GRACE_SEC)
    log.info("consumer.stopped")
