"""`mailroom contacts import FILE.csv`."""

import csv
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TextIO

import click

from consumer.freemail import is_free_mail
from consumer.match import normal_rule
from infra.cli import tables, wiring
from shared.store import accounts, audit, investors
from shared.store.database import Database
from shared.store.investors import InvestorRow

COLUMNS = ("investor", "firm", "address", "domain")
SEPARATORS = ",;\t"  # the first wins a tie; spreadsheets of many countries write semicolons
LONGEST_NAME = 200  # characters; an index holds both names


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row that was not imported: its line in the file, and why."""

    line: int
    why: str


@click.group()
def contacts() -> None:
    """Investors: the people and firms whose mail is captured."""


TEACH = """Import investors from FILE, a CSV with the columns investor, firm, address, domain.

\b
investor,firm,address,domain
Ada Lindqvist,Nordwind Family Office,ada@nordwind.example,
Nordwind Family Office,Nordwind Family Office,,nordwind.example

Semicolons or tabs may stand for the commas, and capitals in the first line make no difference.
Each row has an address or a domain, or both.  A domain stands for everybody in it and below
it.  Repeating an import changes nothing.  Rows that cannot be read are named by line, the
others are kept, and the exit code is 1.
"""


@contacts.command(name="import", help=TEACH)
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--dry-run", is_flag=True, help="Read and report; write nothing.")
def import_(file: Path, dry_run: bool) -> None:
    """See TEACH."""
    settings = wiring.settings()
    with wiring.database(settings) as db:
        imported = import_csv(wiring.migrated(db), file, own=settings.own_domains, dry_run=dry_run)
    _report(imported, dry_run=dry_run)
    sys.exit(1 if imported.bad else 0)


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did."""

    read: int  # good rules read
    bad: tuple[BadRow, ...]
    investors: int  # new ones
    addresses: int  # new ones, domains included


def import_csv(db: Database, file: Path, *, own: frozenset[str], dry_run: bool = False) -> Imported:
    """Import investors from a CSV in one transaction; *own* are the fund's domains."""
    with db.transaction() as conn:
        ours = own | {address.rpartition("@")[2] for address in accounts.own_addresses(conn)}
        rows, bad = _read(file, frozenset(one for one in ours if not is_free_mail(one)))
        people, addresses = investors.upsert(conn, rows) if rows and not dry_run else (0, 0)
        if not dry_run:
            audit.note(conn, actor="cli", action="contacts.import", rows=len(rows), bad=len(bad))
    return Imported(len(rows), tuple(bad), people, addresses)


def _read(file: Path, own: frozenset[str]) -> tuple[list[InvestorRow], list[BadRow]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as stream:
            return read_rows(stream, own)
    except UnicodeDecodeError:
        raise click.UsageError(f"{file} is not UTF-8 text: save it as “CSV UTF-8” and try again") from None


def read_rows(stream: TextIO, own: frozenset[str]) -> tuple[list[InvestorRow], list[BadRow]]:
    """Read the CSV: good rows, normalised, and bad ones with the reason.

    *own* are the fund's domains: a colleague is never an investor.  Raises click.UsageError when
    the header is not ours.  Values are separated as the header's names are: by commas, semicolons or tabs.
    """
    first = stream.readline()
    separator = max(SEPARATORS, key=first.count)
    reader = csv.DictReader(chain([first], stream), restkey="extra", restval="", delimiter=separator)
    try:
        header = [name.strip().lower() for name in reader.fieldnames or ()]
    except csv.Error as why:
        raise click.UsageError(f"the first line is not CSV ({why}): save the file as “CSV UTF-8”") from None
    if missing := [name for name in COLUMNS if name not in header]:
        raise click.UsageError(
            f"the first line must name the columns {', '.join(COLUMNS)}; missing: {', '.join(missing)}; "
            f"found: {_clean(first)[:LONGEST_NAME] or 'nothing'}"
        )
    reader.fieldnames = header
    good, bad = list[InvestorRow](), list[BadRow]()
    try:
        for row in reader:
            try:
                good += _rules(row, own)
            except ValueError as why:
                bad.append(BadRow(reader.line_num, str(why)))
    except csv.Error as why:
        bad.append(BadRow(reader.line_num, f"not CSV from here on: {why}"))
    return good, bad


def _rules(row: dict[str, str], own: frozenset[str]) -> Iterator[InvestorRow]:
    name, firm = _clean(row["investor"]), _clean(row["firm"])
    if not name:
        raise ValueError("the column investor is empty")
    if len(name) > LONGEST_NAME or len(firm) > LONGEST_NAME:
        raise ValueError(f"a name is longer than {LONGEST_NAME} characters: is a quote missing?")
    if "extra" in row:
        raise ValueError("more values than columns: quote values that contain the separator")
    given = [(kind, row[kind].strip()) for kind in ("address", "domain") if row[kind].strip()]
    if not given:
        raise ValueError("neither an address nor a domain")
    rules = [(kind, normal_rule(kind, value)) for kind, value in given]
    for _, value in rules:
        domain = value.rpartition("@")[2]
        if any(domain == ours or domain.endswith(f".{ours}") for ours in own):
            raise ValueError(f"{domain} is the fund's own domain: colleagues are not investors")
    return iter([InvestorRow(name, firm, kind, value) for kind, value in rules])


def _clean(text: str) -> str:
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _report(imported: Imported, *, dry_run: bool) -> None:
    errors = tables.screen(stderr=True)
    for row in imported.bad:
        errors.print(f"line {row.line}: {row.why}", style="yellow", markup=False)
    counts = f"{imported.read} good row(s), {len(imported.bad)} bad"
    if dry_run:
        click.echo(f"{counts}; nothing written (--dry-run).")
    else:
        click.echo(
            f"{counts}: {imported.investors} new investor(s), "
            f"{imported.addresses} new address(es) or domain(s)."
        )
