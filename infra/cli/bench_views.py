"""`mailroom bench-views`: how fast the CRM's views answer."""

import click
from rich.console import Console

from infra.cli.bench import show


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
    show(list(views.figures(found)), as_json=as_json)
    for answer in found if plans and not as_json else ():
        click.echo(f"\n{answer.question}\n{answer.plan}")
