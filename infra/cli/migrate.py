"""`mailroom migrate`."""

import click
import psycopg

from infra.cli import wiring
from shared.errors import Refused
from shared.store import migrate as steps


@click.command()
@click.option("--down", is_flag=True, help="Undo every step and remove all of mailroom's data.")
@click.option("--yes", is_flag=True, help="With --down: do not ask.")
def migrate(down: bool, yes: bool) -> None:
    """Create or update the tables and views.  Safe to repeat, and safe while mailroom runs."""
    if down and not yes:
        click.confirm("This erases every stored message and setting. Go on?", abort=True)
    with wiring.database_url(wiring.settings()) as url:
        try:
            done = (steps.down if down else steps.up)(url, say=click.echo)
        except psycopg.Error as failed:
            raise wiring.stopped(Refused(_in_words(failed))) from None
    verb = "undone" if down else "applied"
    click.echo(
        f"{len(done)} step(s) {verb}; "
        + ("nothing of mailroom is left." if down else "views are up to date.")
    )


def _in_words(failed: psycopg.Error) -> str:
    """Only a server's own first line is repeated: what the driver says may quote the URL and its password."""
    if isinstance(failed, psycopg.errors.InsufficientPrivilege):
        told = failed.diag.message_primary
        return f"the database's user may not do this ({told}): use the owner of the database"
    if failed.diag.message_primary:
        return f"the database refused, nothing was changed: {failed.diag.message_primary}"
    return "the database did not answer: is DATABASE_URL right, and is it running?"
