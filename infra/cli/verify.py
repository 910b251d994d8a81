"""`mailroom verify [ACCOUNT]`: is everything Gmail lists accounted for?"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.table import Table

from infra.cli import metering, wiring
from shared.errors import MailroomError
from shared.gmail.client import Gmail
from shared.store import accounts, audit, deltas, ledger, searches
from shared.store.accounts import Account
from shared.store.database import Database


@dataclass(frozen=True, slots=True)
class Difference:
    """One account's ledger beside what Gmail lists now."""

    account: str
    listed: int  # messages Gmail lists, without spam and the bin
    stored: int
    missing: tuple[str, ...]  # in Gmail, not in the ledger
    vanished: tuple[str, ...]  # held as present, no longer in Gmail
    waiting: int
    dead: int
    error: str = ""

    @property
    def complete(self) -> bool:
        """Nothing is missing, waiting or dead."""
        return not (self.missing or self.vanished or self.waiting or self.dead or self.error)


@click.command()
@click.argument("account", required=False)
@click.option("--repair", is_flag=True, help="Have running consumers mend what differs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per account.")
def verify(account: str | None, *, repair: bool, as_json: bool) -> None:
    """Compare the ledger with what Gmail lists, for ACCOUNT or for all.

    Costs 10 units per 500 messages and changes nothing.  “+n” are messages in Gmail that the
    ledger does not know, “-n” are messages it holds as present and Gmail no longer lists.
    Consumers do the same by themselves once a day.  --repair orders it now for accounts that are
    not complete, and tries their dead messages again: verify once more when nothing waits.
    Exit code 0: complete; 1: something differs, waits or failed.
    """
    settings = wiring.settings("gmail")
    with wiring.database(settings) as db, metering.gmail(settings, db) as factory:
        chosen = _chosen(db, account)
        found = [_compare(db, factory.account(one.address), one) for one in chosen]
        if repair:
            _repair(db, [one for one, seen in zip(chosen, found, strict=True) if not seen.complete])
    if as_json:
        for one in found:
            click.echo(json.dumps(asdict(one) | {"complete": one.complete}))
    else:
        _show(found)
    sys.exit(0 if all(one.complete for one in found) else 1)


def _chosen(db: Database, address: str | None) -> list[Account]:
    with db.transaction() as conn:
        if address is None:
            return accounts.every(conn)
        one = accounts.by_address(conn, address)
    if one is None:
        raise click.UsageError(f"{address} is not enrolled: see `GET /api/email/accounts` for those that are")
    return [one]


def _compare(db: Database, gmail: Gmail, account: Account) -> Difference:
    try:
        # Listed first, ledger second: what arrives in between is in the ledger or nowhere.
        visible, everything = set(_ids(gmail, spam_trash=False)), set(_ids(gmail, spam_trash=True))
    except MailroomError as refused:
        return Difference(account.address, 0, 0, (), (), 0, 0, error=str(refused))
    with db.transaction() as conn:
        states = ledger.all_states(conn, account.id)
    held = {gmail_id for gmail_id, state in states.items() if state != "gone"}
    return Difference(
        account=account.address,
        listed=len(visible),
        stored=sum(state == "stored" for state in states.values()),
        missing=tuple(sorted(visible - states.keys())),
        vanished=tuple(sorted(held - everything)),
        waiting=sum(state == "waiting" for state in states.values()),
        dead=sum(state == "dead" for state in states.values()),
    )


def _repair(db: Database, incomplete: list[Account]) -> None:
    """Order a whole comparison, and let dead messages wait again: consumers do the rest."""
    with db.transaction() as conn:
        for one in incomplete:
            searches.check_now(conn, one.id)
            if searches.is_cancelled(conn, one.id):
                says = f"{one.address}: its backfill was cancelled; `mailroom backfill {one.address}` goes on"
                click.echo(says, err=True)
            ledger.replay(conn, one.id)
            audit.note(conn, actor="command", action="account.repair", subject=one.address)
        deltas.wake(conn, [one.id for one in incomplete])


def _ids(gmail: Gmail, *, spam_trash: bool) -> Iterator[str]:
    token: str | None = None
    while True:
        page = gmail.list_ids(page_token=token, include_spam_trash=spam_trash)
        yield from (ref.id for ref in page.messages)
        token = page.next_page_token
        if not token:
            return


def _show(found: list[Difference]) -> None:
    table = Table("account", "in Gmail", "stored", "difference", "waiting", "dead", "")
    for one in found:
        verdict = "[green]complete[/]" if one.complete else f"[red]{one.error or 'incomplete'}[/]"
        sign = f"+{len(one.missing)} -{len(one.vanished)}"
        table.add_row(one.account, *map(str, (one.listed, one.stored, sign, one.waiting, one.dead)), verdict)
    Console().print(table)
