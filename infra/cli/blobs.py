"""`mailroom blobs`: what lies in the blob store."""

from datetime import timedelta

import click

from infra.cli import wiring
from shared.errors import MailroomError


@click.group()
def blobs() -> None:
    """Raw messages and attachments, kept once under their SHA-256."""


@blobs.command()
@click.option("--look", is_flag=True, help="Also list the whole store for what the database does not know.")
def sweep(look: bool) -> None:
    """End the retention of raw messages, and remove what nothing refers to.

    The consumer does the same every hour, without --look.  Safe at any time, beside running consumers,
    and safe to stop.  What --look finds is removed by a sweep an hour later.
    """
    from shared.blobs import open_store
    from shared.blobs.sweeping import sweep as sweep_now

    settings = wiring.settings()
    retention = timedelta(days=settings.raw_retention_days)
    try:
        with wiring.database(settings, most=2) as db:
            store = open_store(settings.blob_place)
            swept = sweep_now(wiring.migrated(db), store, raw_retention=retention, look=look)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    click.echo(f"{swept.expired} raw messages expired, {swept.removed} blobs removed")
    if look:
        click.echo(f"{swept.strangers} blobs had no row, {swept.dead} half-written files were cleared away")
