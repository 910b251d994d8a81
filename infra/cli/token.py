"""`mailroom token`: make, list and revoke API tokens."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches

import click
from rich.table import Column, Table
from rich.text import Text

from infra.cli import tables, wiring
from shared.errors import MailroomError, Refused
from shared.store import audit, tokens
from shared.store.tokens import ApiRole, Token


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


@token.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_(as_json: bool) -> None:
    """Show every token: for whom, until when, and when it was last used (to an hour)."""
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            found = tokens.every(conn)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if as_json:
        for one in found:
            click.echo(json.dumps(_plain(one)))
        return
    if not found:
        click.echo("There is no token: `mailroom token create --role admin` makes one.")
        return
    table = Table(Column("name", no_wrap=True), "role", "created", "expires", "last used", box=None)
    for one in found:
        ends = "expired" if one.expired else _said(one.expires_at, "never")
        used = _said(one.last_used_at, "not seen")
        table.add_row(Text(one.name), one.role, _said(one.created_at), ends, used)
    tables.show(tables.screen(), table)


def _plain(one: Token) -> dict[str, object]:
    times = {"created_at": one.created_at, "expires_at": one.expires_at, "last_used_at": one.last_used_at}
    said = {name: at and at.isoformat() for name, at in times.items()}
    return {"name": one.name, "role": one.role} | said | {"expired": one.expired}


def _said(moment: datetime | None, otherwise: str = "") -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else otherwise


@token.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Take the token NAME back: from now on it opens nothing, and whoever is signed in with it is out."""
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            role = tokens.revoke(conn, name)
            left = tokens.every(conn)
            if role is None:
                raise Refused(_unknown(name, [one.name for one in left]))
            audit.note(conn, actor="cli", action="token.revoke", subject=name, role=role)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    click.echo(f"{name} ({role}): revoked; it opens nothing any more, neither the API nor the console")
    if not any(one.role == "admin" and not one.expired for one in left):
        click.echo("No admin token is left: `mailroom token create --role admin` makes one.", err=True)


def _unknown(name: str, known: Sequence[str]) -> str:
    near = get_close_matches(name, known, n=1)
    if near:
        hint = f"is {near[0]!r} meant?"
    else:
        hint = "`mailroom token list` shows them all" if known else "there is none at all"
    return f"no token is named {name!r}, so nothing was revoked: {hint}"
