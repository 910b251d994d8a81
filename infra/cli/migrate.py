"""`mailroom migrate`."""

import click

from infra.cli import wiring
from shared.store import migrate as steps


@click.command()
@click.option("--down", is_flag=True, help="Undo every step and remove all of mailroom's data.")
@click.option("--yes", is_flag=True, help="With --down: do not ask.")
def migrate(down: bool, yes: bool) -> None:
    """Create or update the tables and views.  Safe to repeat, and safe while mailroom runs."""
    if down and not yes:
        click.confirm("This erases every stored message and setting. Go on?", abort=True)
    with wiring.database_url(wiring.settings()) as url:
        done = (steps.down if down else steps.up)(url, say=click.echo)
    verb = "undone" if down else "applied"
    click.echo(
        f"{len(done)} step(s) {verb}; "
        + ("nothing of mailroom is left." if down else "views are up to date.")
    )
