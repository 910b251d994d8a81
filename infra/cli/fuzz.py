"""`mailroom fuzz`: damaged mail through the parser, for as long as you like."""

import os
import sys
import time
from pathlib import Path

import click

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"


@click.command()
@click.option("--minutes", default=5.0, show_default=True, help="How long.")
@click.option("--seed", default=None, type=int, help="Make the same mails again.  [default: the time]")
@click.option(
    "--keep",
    default=Path("data/fuzz"),
    show_default=True,
    type=click.Path(path_type=Path),
    help="Where faulty mails go.",
)
def fuzz(minutes: float, seed: int | None, keep: Path) -> None:
    """Damage honest mails at random, read them in child processes, and check what must always hold.

    Starts from the sample fund's mail, and from the corpus beside the repository where there is one.
    Exit code 1 when a mail breaks a rule; its bytes are kept.
    """
    from infra.local.fuzz.run import Job
    from infra.local.fuzz.run import fuzz as run
    from infra.local.fuzz.samples import samples

    seed = int(time.time()) if seed is None else seed
    end = time.monotonic() + minutes * 60
    click.echo(f"Seed {seed}; {minutes:g} minutes.")
    job = Job(seed=seed, children=os.cpu_count() or 1, keep=keep, say=_progress)
    done, found = run(samples(CORPUS), job, until=lambda _: time.monotonic() > end)
    click.echo()
    for digest, wrong in found.items():
        click.echo(f"{keep / digest}.eml: {', '.join(wrong)}")
    click.echo(f"{done:,} mails read, {len(found)} with a fault.")
    sys.exit(1 if found else 0)


def _progress(mails: int, seconds: float) -> None:
    click.echo(f"\r{mails:,} mails, {mails / max(seconds, 1):,.0f} a second", nl=False)
