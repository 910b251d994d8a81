"""`mailroom backfill [ACCOUNT]`: find and capture the past of a mailbox; preview it, follow it, cancel it."""

import sys
from collections.abc import Sequence

import click

from infra.cli import backfill_preview, wiring
from infra.cli.backfill_progress import Following
from shared.errors import MailroomError
from shared.store import accounts, audit, deltas, searches
from shared.store.accounts import Account
from shared.store.database import Database
from shared.store.searches import Cancelled

ORDERED = {
    "begun": "ordered",
    "resumed": "goes on where it was cancelled",
    "under way": "is under way already",
}


TEACH = """Capture the past of ACCOUNT's mailbox, or of all: investors' mail that Gmail holds and is not here.

Every mailbox does this by itself when it is enrolled; order it again after a cancel, or to be sure.
What was stored or judged before is not paid for again.  Running consumers do the work, old mail
after new mail; this command orders it and shows how far it has come.

\b
What will it cost?         mailroom backfill --dry-run
                           exactly, from listing ids alone, 5 units per 500
Order it and follow it:    mailroom backfill ADDRESS
                           Ctrl-C ends the following only
How far are all of them?   mailroom backfill --status
Not now:                   mailroom backfill ADDRESS --cancel
                           nothing more of its past is listed, read or checked; new mail is
                           captured as before, and ordered again it goes on where it stopped

Exit code 0: done, ordered or shown; 1: something was given up, or a mailbox is not active;
130: Ctrl-C.
"""


@click.command(help=TEACH)
@click.argument("account", required=False)
@click.option("--dry-run", is_flag=True, help="Count ids, units and minutes; change nothing.")
@click.option("--status", is_flag=True, help="Show how far it has come, and order nothing.")
@click.option("--cancel", is_flag=True, help="End it.  Needs ACCOUNT.")
@click.option(
    "--follow/--no-follow", default=True, help="Show its progress until it is done.  [default: follow]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per account; per change while following."
)
def backfill(  # noqa: PLR0913 - one parameter per option
    account: str | None, *, dry_run: bool, status: bool, cancel: bool, follow: bool, as_json: bool
) -> None:
    """See TEACH."""
    if sum((dry_run, status, cancel)) > 1:
        raise click.UsageError("--dry-run, --status and --cancel are three different things: choose one")
    if cancel and not account:
        raise click.UsageError("--cancel ends the backfill of one mailbox: name it")
    settings = wiring.settings("gmail") if dry_run else wiring.settings()
    try:
        with wiring.database(settings, most=2) as db:
            chosen = _chosen(wiring.migrated(db), account)
            if dry_run:
                sys.exit(backfill_preview.show(db, settings, chosen, as_json=as_json))
            following = Following(db, settings, [one.id for one in chosen], as_json=as_json)
            if cancel:
                _cancel(db, chosen[0])
            if status or (cancel and as_json):
                sys.exit(following.once())
            if cancel:
                return
            _order(db, chosen, quiet=as_json)
            sys.exit(following.until_done() if follow else following.once() if as_json else 0)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None


def _chosen(db: Database, address: str | None) -> list[Account]:
    with db.transaction() as conn:
        if address is None:
            if not (every := accounts.every(conn)):
                click.echo("No mailbox is enrolled yet: enrolling one begins its backfill.", err=True)
            return every
        one = accounts.by_address(conn, address)
    if one is None:
        raise click.UsageError(
            f"{address} is not enrolled: `mailroom backfill --status` lists those that are"
        )
    return [one]


def _order(db: Database, chosen: Sequence[Account], *, quiet: bool) -> None:
    with db.transaction() as conn:
        for one in chosen:
            ordered = searches.order(conn, one.id)
            if ordered != "under way":
                audit.note(conn, actor="command", action=f"backfill.{ordered}", subject=one.address)
            waits = "" if one.status == "active" else f"; it waits, for the mailbox is {one.status}"
            if not quiet:
                click.echo(f"{one.address}: {ORDERED[ordered]}{waits}")
        deltas.wake(conn, [one.id for one in chosen])


def _cancel(db: Database, one: Account) -> None:
    with db.transaction() as conn:
        already = searches.is_cancelled(conn, one.id)
        done = searches.cancel(conn, one.id)
        if done.searches or done.held:
            audit.note(
                conn, actor="command", action="backfill.cancelled", subject=one.address, held=done.held
            )
    click.echo(f"{one.address}: {_cancelled(one.address, done, already=already)}", err=True)


def _cancelled(address: str, done: Cancelled, *, already: bool) -> str:
    """Say what was cancelled, and what goes on."""
    goes_on = (
        "  Gmail had forgotten its history, and the recovery from that goes on: it cannot be cancelled, for"
        " it keeps the promise that no new mail is lost.  It lists and captures the past too."
        if done.recovering
        else ""
    )
    if not (done.searches or done.held):
        is_so = "is cancelled already" if already else "nothing to cancel, no backfill is under way"
        return f"{is_so}.{goes_on}"
    says = [
        "cancelled, and new mail is captured as before.",
        f"{done.held:,} messages it had found stay unread." if done.held else "",
        "Until it goes on, mailroom does not check this mailbox for mail it missed." if done.unlisted else "",
        f"`mailroom backfill {address}` goes on where it stopped.{goes_on}",
    ]
    return "  ".join(filter(None, says))
