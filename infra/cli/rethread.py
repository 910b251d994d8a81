"""`mailroom rethread`: work out every conversation anew."""

import json
from contextlib import nullcontext

import click
from rich.console import Console
from rich.progress import Progress

from consumer.rethread import rethread as rethread_all
from infra.cli import wiring
from shared.errors import MailroomError
from shared.store import threads


@click.command()
@click.option("--dry-run", is_flag=True, help="Only count what would move.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def rethread(dry_run: bool, as_json: bool) -> None:
    """Work out from stored headers which conversation every message belongs to, and put right what differs.

    Nothing is asked of Gmail.  Consumers wait with storing meanwhile.  On a healthy database nothing
    moves; run it after restoring a backup, after CRM_GMAIL_INTERNAL_DOMAINS was changed, or when the
    changelog says so.
    """
    settings = wiring.settings()
    console = Console(stderr=True)
    try:
        with wiring.database(settings, most=1) as db:
            with wiring.migrated(db).transaction() as conn:
                total = threads.total(conn)
            with Progress(console=console, transient=True) if console.is_terminal else nullcontext() as bar:
                task = bar.add_task("reading", total=total) if bar else None

                def seen(number: int) -> None:
                    if bar and task is not None:
                        bar.update(task, completed=number)

                moved = rethread_all(db, settings.own_domains, dry_run=dry_run, seen=seen)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if as_json:
        click.echo(json.dumps({"messages": total, "moved": moved, "dry_run": dry_run}))
    else:
        click.echo(
            f"{moved:,} of {total:,} messages {'would move' if dry_run else 'moved'} to another conversation."
        )
