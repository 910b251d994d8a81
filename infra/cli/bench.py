"""`mailroom bench`: how fast, beside what."""

import json
from dataclasses import asdict, dataclass

import click
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value beside a named alternative of the same run."""

    name: str
    value: float
    unit: str
    against: str
    ratio: float | None  # value / alternative; None when there is nothing to compare with


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per figure.")
@click.option("--messages", default=150, show_default=True, help="Live messages of the latency run.")
def bench(as_json: bool, messages: int) -> None:
    """Measure parsing, our own latency, and the price of capture on this machine.

    A figure is worth something beside its alternative of the same run; absolute times belong to
    this machine and moment.
    """
    from infra.local.bench import latency, parsing

    figures = [*parsing.figures(), *latency.figures(messages)]
    if as_json:
        for figure in figures:
            click.echo(json.dumps(asdict(figure)))
        return
    table = Table("", "value", "unit", "against", "ratio")
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        table.add_row(figure.name, f"{figure.value:,.1f}", figure.unit, figure.against, ratio)
    Console().print(table)
