"""`mailroom token create`."""

import sys
from datetime import timedelta
from typing import Literal

import click

from infra.cli import wiring
from shared.errors import Refused
from shared.store import audit, tokens


@click.group()
def token() -> None:
    """API tokens: who may use the admin API and the console."""


@token.command()
@click.option(
    "--role", type=click.Choice(["admin", "member"]), required=True, help="An admin sets up; a member reads."
)
@click.option("--name", default="", help="Who or what it is for.  [default: the role]")
@click.option("--days", type=click.IntRange(1, 3650), help="Let it expire.  [default: never]")
def create(role: Literal["admin", "member"], name: str, days: int | None) -> None:
    """Make a token and print it: the only time it can be read.  Only its hash is kept."""
    lasts = timedelta(days=days) if days else None
    try:
        with wiring.database(wiring.settings()) as db, db.transaction() as conn:
            made = tokens.create(conn, name=name or role, role=role, lasts=lasts)
            audit.note(conn, actor="cli", action="token.create", subject=name or role, role=role)
    except Refused as taken:
        click.secho(f"mailroom: {taken}", err=True, fg="red")
        sys.exit(2)
    click.echo(made)
    click.echo("Keep it now: it cannot be shown again.", err=True)
