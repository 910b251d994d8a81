"""`mailroom exclusions`: what is never captured."""

import json

import click
from rich.table import Column, Table
from rich.text import Text

from consumer.match import canonical, normal_exclusion
from infra.cli import metering, tables, wiring
from shared.errors import MailroomError, Refused
from shared.store import accounts, audit
from shared.store import exclusions as store
from shared.store.database import Connection

KINDS = click.Choice(["address", "domain", "label", "account"])
MANY = 50  # messages; whoever makes more disappear is asked whether that is meant

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
    if not found:
        click.echo("Nothing is excluded: `mailroom exclusions add --help` shows how.")
        return
    table = Table("number", "kind", Column("what", no_wrap=True), "why", "since", box=None)
    for one in found:
        table.add_row(str(one.id), one.kind, one.value, Text(one.note), f"{one.created_at:%Y-%m-%d}")
    tables.show(tables.screen(), table)


@exclusions.command()
@click.argument("kind", type=KINDS)
@click.argument("value")
@click.option("--note", default="", help="Why, for whoever reads the list later.")
@click.option("--dry-run", is_flag=True, help="Say what would disappear; change nothing.")
@click.option("--yes", is_flag=True, help=f"Go ahead when more than {MANY} messages disappear.")
def add(kind: str, value: str, note: str, dry_run: bool, yes: bool) -> None:
    """Leave out VALUE from now on, and in the past."""
    settings = wiring.settings()
    try:
        wanted = normal_exclusion(kind, value)
    except ValueError as why:
        raise click.UsageError(str(why)) from None
    try:
        with wiring.database(settings, most=1) as db, wiring.migrated(db).transaction() as conn:
            _refuse_ourselves(conn, kind, wanted, settings.own_domains)
            what = f"{kind} {wanted}"
            if any((one.kind, one.value) == (kind, wanted) for one in store.every(conn)):
                click.echo(f"{what}: was left out already")
                return
            shown, gone = store.disappears(conn, kind, wanted)
            loss = f"{gone} of the {shown} messages the CRM sees"
            if dry_run:
                click.echo(f"{what}: {loss} would disappear; nothing changed (--dry-run)")
                return
            if gone > MANY and not yes:
                raise Refused(f"{what}: {loss} would disappear; nothing changed. If that is meant, add --yes")
            number = store.add(conn, kind=kind, value=wanted, note=note)
            audit.note(conn, actor="cli", action="exclusions.add", subject=wanted, kind=kind)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    click.echo(f"{what}: left out from now on (number {number}); {loss} disappear")


def _refuse_ourselves(conn: Connection, kind: str, value: str, domains: frozenset[str]) -> None:
    """Raise Refused when the exclusion would leave out the fund itself, or names a mailbox we do not have.

    An alias or a colleague who is not enrolled may be left out: that is somebody's private mail.
    """
    mailboxes = frozenset(one.address for one in accounts.every(conn))
    ours = domains | {address.rpartition("@")[2] for address in mailboxes}
    if kind == "address" and value in map(canonical, mailboxes):
        raise Refused(
            f"{value} is a mailbox of the fund, and takes part in everything it holds: "
            f"to leave out the mailbox, mailroom exclusions add account {value}"
        )
    if kind == "domain" and any(f".{own}".endswith(f".{value}") for own in ours):
        raise Refused(
            f"{value} is the fund's own domain: colleagues take part in every message. "
            "Name an address, or the domain of somebody outside"
        )
    mailbox = value if kind == "account" else value.rpartition(":")[0] if kind == "label" else ""
    if mailbox and mailbox not in mailboxes:
        known = f"enrolled are {', '.join(sorted(mailboxes))}" if mailboxes else "none is"
        raise Refused(f"{mailbox} is no enrolled mailbox; {known}")


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
