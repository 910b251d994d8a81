"""`mailroom token create`."""

from datetime import timedelta

import click

from infra.cli import wiring
from shared.errors import MailroomError
from shared.store import audit, tokens
from shared.store.tokens import ApiRole


@click.group()
def token() -> None:
    """API tokens: who may use the admin API and the console."""


@token.command()
@click.option(
    "--role", type=click.Choice(["admin", "member"]), required=True, help="An admin sets up; a member reads."
)
@click.option("--name", default="", help="Who or what it is for.  [default: the role]")
@click.option("--days", type=click.IntRange(1, 3650), help="Let it expire.  [default: never]")
def create(role: ApiRole, name: str, days: int | None) -> None:
    """Make a token and print it: the only time it can be read.  Only its hash is kept."""
    name = name.strip() or role
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            lasts = timedelta(days=days) if days else None
            made = tokens.create(conn, name=name, role=role, lasts=lasts)
            audit.note(conn, actor="cli", action="token.create", subject=name, role=role, days=days or 0)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    click.echo(made)
    click.echo("Keep it now: it cannot be shown again.", err=True)
