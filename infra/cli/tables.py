"""Tables that stay readable: whole lines in a pipe, one block per row where a terminal is too narrow."""

from rich.console import Console
from rich.measure import Measurement
from rich.table import Column, Table
from rich.text import Text

WIDE = 1_000  # columns of what is no terminal: whoever reads lines wants them whole


def screen(*, stderr: bool = False) -> Console:
    """Return a console that wraps lines on a terminal only."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = WIDE
    return console


def show(console: Console, table: Table) -> None:
    """Print a table; row by row, when its words and its no_wrap columns do not fit beside each other."""
    frame = len(table.columns) * (1 + (not table.collapse_padding) + (table.box is not None)) + 1
    if frame + sum(_needed(console, column) for column in table.columns) <= console.width:
        console.print(table)
        return
    for row in zip(*(column.cells for column in table.columns), strict=True):
        lines = Table.grid(padding=(0, 2))
        for column, cell in zip(table.columns, row, strict=True):
            lines.add_row(Text(f"{column.header}", style="dim"), cell)
        console.print(lines, "")


def _needed(console: Console, column: Column) -> int:
    """Return how many columns it takes at least: of a text that may wrap, its longest word."""
    options = console.options.update(max_width=WIDE)
    found = [Measurement.get(console, options, cell) for cell in (column.header, *column.cells)]
    return max(one.maximum if column.no_wrap else one.minimum for one in found)
