"""Tables: every address whole, on a narrow terminal and in a pipe."""

import io

import pytest
from rich.console import Console
from rich.table import Column, Table

from infra.cli import tables

ADDRESS = "ada.lindqvist@hartwellventures.example"
LONG = "the mailbox does not exist any more " * 6


@pytest.fixture
def table():
    made = Table(
        Column("account", no_wrap=True), *(Column(f"units {n}", no_wrap=True) for n in range(6)), "why"
    )
    made.add_row(ADDRESS, *["1,234,567"] * 6, LONG)
    return made


def test_in_a_pipe_a_row_is_one_line(table, capsys):
    tables.show(tables.screen(), table)

    [line] = [one for one in capsys.readouterr().out.splitlines() if ADDRESS in one]
    assert line.count("1,234,567") == 6
    assert LONG.strip() in line


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_on_a_narrow_terminal_nothing_is_cut_and_no_line_is_too_long(table, width):
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=width)

    tables.show(console, table)

    told = console.file.getvalue()
    assert ADDRESS in told
    assert told.count("1,234,567") == 6
    assert "…" not in told
    assert max(map(len, told.splitlines())) <= width
