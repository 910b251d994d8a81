"""`mailroom backfill --dry-run`: what it will cost, shown."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.table import Table

from consumer.foresee import foresee
from consumer.preview import Preview, minutes
from infra.cli import metering, tables
from shared.config import Settings
from shared.errors import MailroomError
from shared.gmail.client import GmailFactory
from shared.gmail.meter import BULK_PACE
from shared.store import matching
from shared.store.accounts import Account
from shared.store.database import Database


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One account's preview, or why there is none."""

    account: str
    preview: Preview | None
    cost: int = 0  # units of the preview itself
    why: str = ""
    failed: bool = False


def show(db: Database, settings: Settings, chosen: Sequence[Account], *, as_json: bool) -> int:
    """Print the preview of each account; return the exit code."""
    console = Console(stderr=True)
    with metering.gmail(settings, db) as factory:
        busy = console.status("listing ids") if console.is_terminal else nullcontext()
        with busy:
            found = [_of(db, settings, factory, one) for one in chosen]
    if as_json:
        for one in found:
            click.echo(json.dumps(_json(one, settings)))
    else:
        _print(found, settings)
    return int(any(one.failed for one in found))


def _of(db: Database, settings: Settings, factory: GmailFactory, account: Account) -> Foreseen:
    with db.transaction() as conn:
        left_out = ("account", account.address) in matching.excluded(conn)
    if left_out:
        return Foreseen(account.address, None, why="left out by an exclusion: nothing of it is read")
    spent = list[int]()
    try:
        with factory.counting(spent.append):
            seen = foresee(db, factory.account(account.address), settings, account.id)
    except MailroomError as refused:
        return Foreseen(account.address, None, sum(spent), str(refused), failed=True)
    waits = f"{account.status}: it begins when the mailbox is active" if account.status != "active" else ""
    return Foreseen(account.address, seen, sum(spent), waits)


def _json(one: Foreseen, settings: Settings) -> dict[str, object]:
    told: dict[str, object] = {"account": one.account, "preview_units": one.cost, "note": one.why}
    if one.preview is None:
        return told
    rate = settings.rate_units_sec
    return told | asdict(one.preview) | {
        "until_stored": one.preview.until_stored,
        "units": one.preview.units,
        "minutes_until_stored": round(minutes(one.preview.until_stored, rate=rate), 2) if rate else None,
        "minutes": round(minutes(one.preview.units, rate=rate), 2) if rate else None,
    }  # fmt: skip


def _print(found: Sequence[Foreseen], settings: Settings) -> None:
    console = tables.screen()
    table = Table(box=None, pad_edge=False, header_style="dim", collapse_padding=True)
    for name in ("mailbox", "in Gmail", "known", "to read", "find", "read", "prove", "stored in", "all in"):
        table.add_column(name, justify="left" if name == "mailbox" else "right", no_wrap=True)
    shown = [one.preview for one in found if one.preview is not None]
    for one in found:
        if one.preview is not None:
            table.add_row(one.account, *_cells(one.preview, settings))
    if len(shown) > 1:
        table.add_row("together", *_together(shown, settings), style="bold")
    if shown:
        tables.show(console, table)
    for one in found:
        if one.why:
            console.print(f"{one.account}: {one.why}", style="red" if one.failed else "yellow", markup=False)
    if shown:
        for sentence in _explained(shown, settings, sum(one.cost for one in found)):
            console.print(sentence, style="dim", markup=False)


def _cells(seen: Preview, settings: Settings) -> list[str]:
    reading = seen.weighing + seen.fetching
    units = [f"{number:,}" for number in (seen.finding, reading, seen.proving)]
    listed = [f"{seen.listed:,}", f"{seen.known:,}"] if seen.listed else ["-", "-"]
    times = [_long(seen.until_stored, settings), _long(seen.units, settings)]
    return [*listed, f"{seen.messages + seen.headers:,}", *units, *times]


def _together(shown: Sequence[Preview], settings: Settings) -> list[str]:
    """Return the cells of all mailboxes together: they are read side by side, unless they share a budget."""
    sums = [
        sum(one.listed for one in shown),
        sum(one.known for one in shown),
        sum(one.messages + one.headers for one in shown),
        sum(one.finding for one in shown),
        sum(one.weighing + one.fetching for one in shown),
        sum(one.proving for one in shown),
    ]
    fold = sum if settings.rate_scope == "credential" else max
    stored, proved = fold(one.until_stored for one in shown), fold(one.units for one in shown)
    return [*(f"{number:,}" for number in sums), _long(stored, settings), _long(proved, settings)]


def _long(units: int, settings: Settings) -> str:
    """Return how long units take, for a person."""
    if not settings.rate_units_sec:
        return "unmetered"
    took = minutes(units, rate=settings.rate_units_sec)
    if took < 1:
        return f"{took * 60:.0f} s"
    return f"{took:,.0f} min" if took < 120 else f"{took / 60:,.1f} h"  # noqa: PLR2004 - two hours


def _explained(shown: Sequence[Preview], settings: Settings, cost: int) -> list[str]:
    """Say what the numbers mean, and what they leave out."""
    whole, raw = sum(one.threads for one in shown), sum(one.raw for one in shown)
    headers, at_most = sum(one.headers for one in shown), sum(one.at_most for one in shown)
    units = sum(one.units for one in shown)
    says = ["Find, read and prove are quota units.  What only a search has judged is proved by its headers."]
    if whole or raw:
        says.append(f"Read: {whole:,} conversations whole, {raw:,} messages by themselves.")
    if headers:
        says.append(f"Of {headers:,} messages the headers decide: each that matches costs another reading.")
    if at_most:
        says.append(f"At most {at_most:,} units on top, for what only reading tells.")
    if any(one.messages for one in shown):
        says.append(
            "Pictures inside a conversation, and what the proof finds, are one reading (20) each on top."
        )
    if settings.rate_units_sec:
        share = settings.rate_units_sec * BULK_PACE
        whose = "all mailboxes share it" if settings.rate_scope == "credential" else "of each mailbox"
        says.append(f"Old mail uses {share:,.0f} of {settings.rate_units_sec:,.0f} units a second, {whose}.")
    if settings.day_units and units > settings.day_units:
        says.append(
            f"{units:,} units are more than a day's {settings.day_units:,}: old mail will wait for the next."
        )
    return [*says, f"This preview cost {cost:,} units and changed nothing."]
