"""`mailroom verify [ACCOUNT]`: is everything Gmail lists accounted for?"""

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from consumer.matching import Matching
from infra.cli import metering, wiring
from infra.cli.deep import Deep, Means, agreed, plan, read
from shared.errors import MailroomError
from shared.gmail.client import Gmail
from shared.store import accounts, audit, deltas, ledger, searches
from shared.store.accounts import Account
from shared.store.database import Database

# What we have of a mailbox, or still want.  Nobody's mail, and what is left out, may be deleted as anybody
# likes: nothing is kept of it, and no check asks whether it is still there.
HELD = frozenset({"stored", "waiting", "dead"})


@dataclass(frozen=True, slots=True)
class Difference:
    """One account's ledger beside what Gmail lists now."""

    account: str
    listed: int  # messages Gmail lists, without spam and the bin
    stored: int
    missing: tuple[str, ...]  # in Gmail, not in the ledger
    vanished: tuple[str, ...]  # stored or still to be, no longer in Gmail
    waiting: int
    dead: int
    error: str = ""
    deep: Deep | None = None  # None: nothing was read

    @property
    def complete(self) -> bool:
        """Nothing is missing, waiting or dead, and nothing that was read says otherwise."""
        differs = self.missing or self.vanished or self.waiting or self.dead or self.error
        return not differs and (self.deep is None or self.deep.clean)


@click.command()
@click.argument("account", required=False)
@click.option("--deep", is_flag=True, help="Also read the headers of what only Gmail's search has judged.")
@click.option("--everything", is_flag=True, help="With --deep: of all that is unmatched.")
@click.option("--yes", is_flag=True, help="With --deep: start reading without asking.")
@click.option("--repair", is_flag=True, help="Have running consumers mend what differs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per account.")
def verify(  # noqa: PLR0913 - options
    account: str | None, *, deep: bool, everything: bool, yes: bool, repair: bool, as_json: bool
) -> None:
    """Compare the ledger with what Gmail lists, for ACCOUNT or for all.

    Costs 10 units per 500 messages and changes nothing.  “+n” are messages in Gmail that the
    ledger does not know, “-n” are messages stored or still to be stored that Gmail no longer lists.
    Consumers do the same by themselves once a day.  --repair orders it now for accounts that are
    not complete, and tries their dead messages again: verify once more when nothing waits.

    --deep reads the headers of unmatched messages (20 units each, 40 for a thread of more) and
    judges them by today's rules, and looks whether what is stored is in the views as it should
    be; it says what that costs before it starts.  With --repair what should have been stored
    waits for consumers, and what was read counts as proved.  Nothing of a header is kept.

    Exit code 0: complete; 1: something differs, waits or failed.
    """
    if (everything or yes) and not deep:
        raise click.UsageError("--everything and --yes say how to read: add --deep")
    settings, console = wiring.settings("gmail"), Console(stderr=True)
    with wiring.database(settings) as db, metering.gmail(settings, db) as factory:
        chosen = _chosen(db, account)
        means = Means(db, factory, settings, Matching(db, settings.own_domains), repair)
        works = plan(means, chosen, everything=everything) if deep else []
        ask = not yes and console.is_terminal and sys.stdin.isatty()
        if deep and not agreed(works, console, rate=settings.rate_units_sec, ask=ask):
            raise click.Abort
        found = [_compare(db, factory.account(one.address), one) for one in chosen]
        if deep:
            told = read(means, works, console)
            found = [replace(one, deep=said) for one, said in zip(found, told, strict=True)]
        if repair:
            _repair(db, [one for one, seen in zip(chosen, found, strict=True) if not seen.complete])
    if as_json:
        for one in found:
            click.echo(json.dumps(_without_none(asdict(one)) | {"complete": one.complete}))
    else:
        _show(found, repair=repair)
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
    held = {gmail_id for gmail_id, state in states.items() if state in HELD}
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


def _without_none(told: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in told.items() if value is not None}


def _show(found: list[Difference], *, repair: bool) -> None:
    deep = any(one.deep for one in found)
    read = ("read", "wrongly unmatched", "misfiled", "units") if deep else ()
    address = Column("account", overflow="fold")  # an address is of use only whole
    table = Table(address, "in Gmail", "stored", "difference", "waiting", "dead", *read, "")
    for one in found:
        error = one.error or (one.deep.error if one.deep else "")
        verdict = "[green]complete[/]" if one.complete else f"[red]{escape(error) or 'incomplete'}[/]"
        sign = f"+{len(one.missing)} -{len(one.vanished)}"
        cells = (one.listed, one.stored, sign, one.waiting, one.dead, *_read_cells(one.deep))
        table.add_row(one.account, *map(str, cells), verdict)
    console = Console()
    console.print(table)
    if any(one.deep and (one.deep.wrongly_unmatched or one.deep.misfiled) for one in found):
        said = "Consumers capture them now." if repair else "--repair has consumers capture them."
        console.print(f"Wrongly unmatched: an investor's by today's rules, and not stored. {said}")
    for one in found:
        if one.deep and one.deep.unread:
            console.print(f"{one.account}: Gmail gave no answer about {one.deep.unread} messages. Try again.")


def _read_cells(deep: Deep | None) -> tuple[object, ...]:
    if deep is None:
        return ()
    return (deep.read, len(deep.wrongly_unmatched), len(deep.misfiled), f"{deep.units:,}")
