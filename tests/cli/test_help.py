"""What `--help` says, of every command."""

import click
import pytest
from click.testing import CliRunner

from infra.cli import main


def commands(group=main, words=()):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield (*words, name)
        if isinstance(command, click.Group):
            yield from commands(command, (*words, name))


@pytest.mark.parametrize("words", list(commands()), ids=" ".join)
def test_no_commands_help_shows_a_mark_meant_for_the_formatter(words):
    told = CliRunner().invoke(main, [*words, "--help"])

    assert told.exit_code == 0
    assert "\\b" not in told.output
    assert "See TEACH" not in told.output
