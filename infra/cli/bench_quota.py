"""`mailroom bench-quota`: what capturing a mailbox costs in Gmail's quota units."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table


@click.command("bench-quota")
@click.option(
    "--json", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the rows to FILE."
)
@click.option("--messages", default=50_000, show_default=True, help="Size of the reference mailbox.")
@click.option(
    "--investors",
    default=(400, 4_000, 40),
    multiple=True,
    show_default=True,
    help="How many; may be repeated.",
)
@click.option("--mailboxes", default=50, show_default=True, help="Among which a new investor is looked for.")
def bench_quota(file: Path | None, messages: int, investors: tuple[int, ...], mailboxes: int) -> None:
    """Capture a generated mailbox with the real consumer and count the units Gmail would charge.

    Until the last 90 days are there, until everything is, and until all of it is proved; beside
    reading every message's headers and then each match and attachment by itself (the scaffold's
    way), and beside reading every message whole.  Then what a new investor costs over many mailboxes
    of a thousand messages, and expired history over a fifth of the messages.  Units do not depend on
    this machine; seconds do.
    """
    from infra.local.bench import past, price
    from shared import log

    log.hush()
    errors = Console(stderr=True)
    figures = [
        *price.figures(messages, investors, errors.print),
        *past.new_investor(mailboxes, 1_000, errors.print),
        *past.recovery(max(messages // 5, 1), errors.print),
    ]
    if file is not None:
        file.write_text(json.dumps([asdict(one) for one in figures], indent=1) + "\n", encoding="utf-8")
    table = Table("", "value", "unit", "against", "ratio")
    for one in figures:
        table.add_row(one.name, f"{one.value:,.2f}", one.unit, one.against, f"{one.ratio or 0:.4f}")
    Console().print(table)
