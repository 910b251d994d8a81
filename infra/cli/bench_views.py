"""`mailroom bench-views`: how fast the CRM's views answer."""

import json
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table


@click.command("bench-views")
@click.option("--messages", default=1_000_000, show_default=True, help="How many are made.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per figure.")
@click.option("--plans", is_flag=True, help="Also print how PostgreSQL answers each question.")
def bench_views(messages: int, as_json: bool, plans: bool) -> None:
    """Make a fund's mail in a database of its own and ask what a CRM asks.

    A million messages take some five minutes, and five gigabytes of disk.  Each question is asked
    with many values, most about investors with much mail.  Beside it: the same question without
    what is kept for it.
    """
    from infra.local.bench import views

    found = list(views.answers(messages, Console(stderr=True).print))
    figures = list(views.figures(found))
    if as_json:
        for figure in figures:
            click.echo(json.dumps(asdict(figure)))
        return
    table = Table("", "value", "unit", "against", "ratio")
    for one in figures:
        ratio = "" if one.ratio is None else f"{one.ratio:.5f}"
        table.add_row(one.name, f"{one.value:,.2f}", one.unit, one.against, ratio)
    Console().print(table)
    for answer in found if plans else ():
        click.echo(f"\n{answer.question}\n{answer.plan}")
