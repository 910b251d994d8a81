"""`mailroom bench`: how fast, beside what."""

import json
from collections.abc import Sequence
from dataclasses import asdict

import click
from rich.console import Console
from rich.table import Table

from infra.local.bench.figure import Figure


@click.command()
@click.argument("what", type=click.Choice(["all", "quota", "flood"]), default="all")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per figure.")
@click.option("--messages", default=150, show_default=True, help="Live messages of the latency run.")
@click.option(
    "--minutes", type=click.FloatRange(2), default=3.0, show_default=True, help="Of each scene of `quota`."
)
def bench(what: str, as_json: bool, messages: int, minutes: float) -> None:
    """Measure parsing, matching, the Gmail client, our own latency, and the price of capture on this machine.

    A figure is worth something beside its alternative of the same run; absolute times belong to
    this machine and moment.  `mailroom bench quota` measures, for some minutes, how much of Gmail's
    units a backfill uses and what live mail notices of it; `mailroom bench flood` what thousands of
    notifications for one mailbox cost, and what its neighbours notice of them (four minutes).
    """
    from infra.local.bench import client, flood, latency, matching, parsing, quota

    if what == "quota":
        figures = list(quota.figures(minutes))
    elif what == "flood":
        figures = list(flood.figures())
    else:
        figures = [*parsing.figures(), *client.figures(), *matching.figures(), *latency.figures(messages)]
    show(figures, as_json=as_json)


def show(figures: Sequence[Figure], *, as_json: bool) -> None:
    """Print figures as a table, or one JSON object per line."""
    if as_json:
        for figure in figures:
            click.echo(json.dumps(asdict(figure)))
        return
    table = Table("", "value", "unit", "against", "ratio")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.3g}"
        table.add_row(figure.name, f"{figure.value:,.2f}", figure.unit, figure.against, ratio)
    Console().print(table)
