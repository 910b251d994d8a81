"""`mailroom corpus`: how far we agree with what others read in mail nobody here wrote."""

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
SHOWN = 300  # characters of one value


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=ROOT.parent / "shared" / "corpus")
@click.option("--all", "every", is_flag=True, help="List the explained disagreements too.")
def corpus(folder: Path, every: bool) -> None:
    """Read every mail of FOLDER and compare with what its own sources state about it.

    Disagreements are explained in docs/corpus.md; the exit code is 1 when one is not, when an
    explanation is out of date, or when reading a mail failed.
    """
    if not (folder / "MANIFEST.tsv").is_file():
        click.echo(f"No corpus at {folder}: nothing to compare. Name its folder: mailroom corpus FOLDER")
        return
    from infra.local.corpus.report import report

    found = report(folder, (ROOT / "docs" / "corpus.md").read_text(encoding="utf-8"))
    console = Console(highlight=False)
    table = Table("folder", "stated by", "what", "stated", "agreed", "explained", "open", box=None)
    for where, source, what, stated, agreed, explained in found.figures():
        table.add_row(
            where, source, what, *map(str, (stated, agreed, explained, stated - agreed - explained))
        )
    console.print(table)
    agreed = sum(one.agrees for _, one in found.claims)
    console.print(f"\n{found.read} files read, {len(found.failed)} failed.", end=" ")
    console.print(f"{agreed} of {len(found.claims)} statements agreed with.")
    pairs = found.pairs
    console.print(
        f"Conversations, in pairs of messages: precision {pairs.precision:.3f}, recall {pairs.recall:.3f}."
    )
    open_ = found.unexplained
    for one in [claim for _, claim in found.claims if not claim.agrees] if every else open_:
        console.print(f"{one.file} | {one.what}", markup=False)
        console.print(f"  they: {str(one.theirs)[:SHOWN]!r}\n  we:   {str(one.ours)[:SHOWN]!r}", markup=False)
    for file, what in found.settled:
        console.print(
            f"docs/corpus.md explains {file} | {what}, where we agree: take the row out.", markup=False
        )
    sys.exit(1 if open_ or found.settled or found.failed else 0)
