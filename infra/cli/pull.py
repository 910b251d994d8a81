"""`mailroom pull`."""

import os
import signal
from threading import Event

import click

from infra.cli import wiring
from shared.errors import Refused, TryLater
from shared.log import logger
from shared.store import migrate
from shared.store.database import Database

log = logger("pull")


TEACH = """Take Gmail's notifications from a Pub/Sub subscription, where no public address can be had.

Does what the push endpoint does, the other way round: nothing has to reach this machine.
Each notification makes its account due; it is acknowledged after that is committed.
Run it beside `mailroom watch` and `mailroom consume`, instead of `mailroom web --serve push`.
Two of them share the work.

\b
It needs a pull subscription on the topic of CRM_GMAIL_PUBSUB_TOPIC:
  gcloud pubsub subscriptions create mailroom --topic=gmail --expiration-period=never
  gcloud pubsub subscriptions add-iam-policy-binding mailroom \\
    --member=serviceAccount:NAME@PROJECT.iam.gserviceaccount.com --role=roles/pubsub.subscriber
  CRM_GMAIL_PUBSUB_SUBSCRIPTION=projects/PROJECT/subscriptions/mailroom
Credentials are those of the machine (Application Default Credentials).
For Google's emulator set PUBSUB_EMULATOR_HOST.

SIGTERM ends it within ten seconds, with nothing half done.
Exit code 2: the settings or a grant cannot work; the sentence says which.
"""


@click.command(help=TEACH)
def pull() -> None:
    """See TEACH."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = wiring.settings(when_on=("pull",))
    if not settings.enabled:
        log.warning("pull.idle", why="CRM_GMAIL_INTEGRATION_ENABLED is not true: nothing is pulled")
        stop.wait()
        return
    # Half a second of imports that no other command needs.
    from watcher.pull import Puller

    with wiring.database(settings, most=2, name="mailroom-pull") as db:
        _check(db)
        log.info("pull.started", emulator=os.environ.get("PUBSUB_EMULATOR_HOST", ""))
        try:
            Puller(db, settings.pubsub_subscription, stop).run()
        except Refused as refused:
            raise wiring.stopped(refused) from None
        log.info("pull.stopped")


def _check(db: Database) -> None:
    """Stop when the tables are not there; a database that is away is waited for."""
    try:
        with db.transaction() as conn:
            if not migrate.current(conn):
                raise wiring.stopped(wiring.not_migrated(conn))
    except TryLater as away:
        log.warning("pull.waits", why=str(away))
