"""`mailroom units`: where Gmail's quota units go."""

import json
from datetime import datetime

import click
from rich.table import Column, Table

from infra.cli import tables, wiring
from shared.errors import MailroomError
from shared.store import units as spending
from shared.store.units import DaySpent, Troubled


@click.command()
@click.option(
    "--days", type=click.IntRange(1, 366), default=7, show_default=True, help="Today and the days before."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def units(days: int, as_json: bool) -> None:
    """Show what was spent, by account and method, and which budgets Gmail's refusals hold down.

    A day is Google's: it begins at midnight Pacific time.
    """
    settings = wiring.settings()
    try:
        with wiring.database(settings, most=1) as db, wiring.migrated(db).transaction() as conn:
            spent, troubled = spending.since(conn, days), spending.troubled(conn)
    except MailroomError as refused:
        raise wiring.stopped(refused) from None
    if as_json:
        for line in (*map(_spent_json, spent), *map(_troubled_json, troubled)):
            click.echo(json.dumps(line))
        return
    if not spent and not troubled:
        click.echo(f"Nothing was spent in the last {days} day(s).")
        return
    _show(spent, troubled, settings.day_units)


def _spent_json(one: DaySpent) -> dict[str, object]:
    spent = one.spent
    return {
        "day": one.day.isoformat(),
        "account": spent.account,
        "method": spent.method,
        "units": spent.units,
        "calls": spent.calls,
        "refusals": spent.refusals,
    }


def _troubled_json(one: Troubled) -> dict[str, object]:
    def written(when: datetime | None) -> str | None:
        return when.isoformat() if when else None

    return {
        "budget": one.key or "all accounts",
        "share": round(one.share, 3),
        "lowered_at": written(one.lowered_at),
        "paused_until": written(one.paused_until),
    }


def _show(spent: list[DaySpent], troubled: list[Troubled], day_units: int) -> None:
    table = Table(
        Column("day", no_wrap=True),
        Column("account", no_wrap=True),
        "method",
        "units",
        "calls",
        "refused",
        box=None,
    )
    for one in spent:
        cells = (one.spent.units, one.spent.calls, one.spent.refusals)
        table.add_row(
            one.day.isoformat(), one.spent.account, one.spent.method, *(f"{cell:,}" for cell in cells)
        )
    console = tables.screen()
    tables.show(console, table)
    newest = spent[0].day if spent else None
    total = sum(one.spent.units for one in spent if one.day == newest)
    if newest and day_units:
        console.print(f"{newest}: {total:,} units, {total / day_units:.2%} of the project's day")
    for held in troubled:
        console.print(_said(held), style="yellow")


def _said(held: Troubled) -> str:
    whose = held.key or "all accounts"
    pause = f"; paused until {held.paused_until:%Y-%m-%d %H:%M:%S} UTC" if held.paused_until else ""
    lowered = f": refusals lowered its rate to {held.share:.0%}" if held.share < 1 else ""
    return f"{whose}{lowered}{pause}"
