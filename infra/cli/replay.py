"""`mailroom replay [ACCOUNT]`: try again what was given up."""

import json
from dataclasses import dataclass

import click
from rich.table import Column, Table
from rich.text import Text

from infra.cli import tables, wiring
from shared.errors import MailroomError
from shared.store import accounts, audit, deltas, ledger
from shared.store.accounts import Account
from shared.store.database import Database
from shared.store.ledger import Dead


@dataclass(frozen=True, slots=True)
class Given:
    """An account and the messages it gave up."""

    account: Account
    dead: list[Dead]


@click.command()
@click.argument("account", required=False)
@click.option("--message", "gmail_id", help="Only this one, by its Gmail id.  Needs ACCOUNT.")
@click.option("--list", "only_list", is_flag=True, help="Only show them, and why each was given up.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per message.")
def replay(account: str | None, gmail_id: str | None, *, only_list: bool, as_json: bool) -> None:
    """Try messages again that were given up after every retry (state "dead"), of ACCOUNT or of all.

    They wait anew with all their retries before them, and running consumers take them at once.  Do
    this when the reason is gone: a disk that was full, an outage, a newer version that reads them.
    """
    if gmail_id and not account:
        raise click.UsageError("--message names one message of one mailbox: name the mailbox too")
    settings = wiring.settings()
    try:
        with wiring.database(settings, most=1) as db:
            given = _given(wiring.migrated(db), account, gmail_id)
            if not only_list:
                _replay(db, given, gmail_id)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if as_json:
        for line in _lines(given, replayed=not only_list):
            click.echo(line)
    else:
        _show(given, replayed=not only_list)


def _given(db: Database, address: str | None, gmail_id: str | None) -> list[Given]:
    with db.transaction() as conn:
        chosen = [one for one in accounts.every(conn) if address in (None, one.address)]
        if not chosen and address is not None:
            raise click.UsageError(f"{address} is not enrolled: `mailroom verify` lists those that are")
        found = [
            Given(one, [dead for dead in ledger.dead(conn, one.id) if gmail_id in (None, dead.gmail_id)])
            for one in chosen
        ]
    if gmail_id and not found[0].dead:
        raise click.UsageError(f"{gmail_id} is none of {address}'s dead messages: see mailroom replay --list")
    return [one for one in found if one.dead]


def _replay(db: Database, given: list[Given], gmail_id: str | None) -> None:
    with db.transaction() as conn:
        for one in given:
            number = ledger.replay(conn, one.account.id, gmail_id)
            audit.note(
                conn, actor="command", action="messages.replayed", subject=one.account.address, number=number
            )
        deltas.wake(conn, [one.account.id for one in given])


def _lines(given: list[Given], *, replayed: bool) -> list[str]:
    return [
        json.dumps(
            {
                "account": one.account.address,
                "message": dead.gmail_id,
                "error": dead.error,
                "given_up_at": dead.at.isoformat(),
                "replayed": replayed,
            }
        )
        for one in given
        for dead in one.dead
    ]


def _show(given: list[Given], *, replayed: bool) -> None:
    if not given:
        click.echo("No message was given up.")
        return
    table = Table(Column("account", no_wrap=True), Column("message", no_wrap=True), "given up", "because")
    for one in given:
        for dead in one.dead:
            table.add_row(one.account.address, dead.gmail_id, f"{dead.at:%Y-%m-%d %H:%M}", Text(dead.error))
    tables.show(tables.screen(), table)
    if replayed:
        click.echo("They wait again; consumers take them now.")
        for one in given:
            if one.account.status != "active":
                click.echo(
                    f"{one.account.address} is {one.account.status}: its messages wait until it is active."
                )
