"""`mailroom exclusions`: what is never captured."""

import json

import click
from rich.console import Console
from rich.table import Table

from consumer.match import normal_exclusion
from infra.cli import metering, wiring
from shared.errors import MailroomError
from shared.store import audit
from shared.store import exclusions as store

KINDS = click.Choice(["address", "domain", "label", "account"])


TEACH = """Leave out mail by address, domain, label or mailbox, the past included.

\b
address  every message in which it takes part, in any role
domain   the same, for everybody in it and below it
label    copies that carry it: CATEGORY_PROMOTIONS, or ada@fund.example:Label_7
account  all copies of one mailbox

What is left out disappears from the CRM's views within seconds, and is back as fast when the exclusion
is removed.  Of an address or domain it is erased after CRM_GMAIL_UNMATCHED_RETENTION_DAYS.
"""


@click.group(help=TEACH)
def exclusions() -> None:
    """See TEACH."""


@exclusions.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_(as_json: bool) -> None:
    """Show every exclusion with its number."""
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            found = store.every(conn)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if as_json:
        for one in found:
            told = {"id": one.id, "kind": one.kind, "value": one.value, "note": one.note}
            click.echo(json.dumps(told | {"since": one.created_at.isoformat()}))
        return
    table = Table("", "kind", "what", "why", "since", box=None)
    for one in found:
        table.add_row(str(one.id), one.kind, one.value, one.note, f"{one.created_at:%Y-%m-%d}")
    Console().print(table if found else "Nothing is excluded: `mailroom exclusions add --help` shows how.")


@exclusions.command()
@click.argument("kind", type=KINDS)
@click.argument("value")
@click.option("--note", default="", help="Why, for whoever reads the list later.")
def add(kind: str, value: str, note: str) -> None:
    """Leave out VALUE from now on, and in the past."""
    try:
        wanted = normal_exclusion(kind, value)
    except ValueError as why:
        raise click.UsageError(str(why)) from None
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            number = store.add(conn, kind=kind, value=wanted, note=note)
            if number is not None:
                audit.note(conn, actor="cli", action="exclusions.add", subject=wanted, kind=kind)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    done = f"left out from now on (number {number})" if number else "was left out already"
    click.echo(f"{kind} {wanted}: {done}")


@exclusions.command()
@click.argument("number", type=int)
def remove(number: int) -> None:
    """Capture again what exclusion NUMBER left out; mail of the meantime is looked for."""
    try:
        with wiring.database(wiring.settings(), most=1) as db, wiring.migrated(db).transaction() as conn:
            removed = store.remove(conn, number)
            if removed is not None:
                audit.note(conn, actor="cli", action="exclusions.remove", subject=removed[1], kind=removed[0])
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if removed is None:
        raise click.UsageError(f"there is no exclusion {number}: see `mailroom exclusions list`")
    click.echo(f"{removed[0]} {removed[1]}: captured again")


@exclusions.command()
@click.argument("account")
def labels(account: str) -> None:
    """Show the labels of ACCOUNT's mailbox as `add label` takes them (1 quota unit)."""
    settings = wiring.settings("gmail")
    try:
        with wiring.database(settings, most=1) as db, metering.gmail(settings, db) as factory:
            found = factory.account(account).labels()
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    for one in found:
        click.echo(f"{one.id if one.type == 'system' else f'{account}:{one.id}'}\t{one.name}")
