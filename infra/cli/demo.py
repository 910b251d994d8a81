"""`mailroom demo`."""

import shlex
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Event, Thread
from typing import Literal

import click

from infra.cli import wiring
from infra.local import ownmail
from infra.local.demo.play import Play, Verdict, wait_until_settled
from infra.local.demo.screen import Screen
from infra.local.demo.script import Delivery, Script, own_mail, sample_fund
from infra.local.demo.stack import Stack
from shared.errors import MailroomError
from shared.store import emails
from shared.store.database import Database

# Nothing has moved for this long: what has not arrived by then will not.
PATIENCE_SEC = 45.0


@click.command()
@click.option(
    "--once",
    is_flag=True,
    help="Stop when everything has arrived; exit 0 only if exactly the right mail did.",
)
@click.option("--eml", type=click.Path(path_type=Path), help="Your own mail: a folder of .eml files.")
@click.option(
    "--mbox", type=click.Path(path_type=Path), help="Your own mail: an mbox, such as Google Takeout's."
)
@click.option(
    "--investor",
    "investors",
    multiple=True,
    metavar="ADDRESS|DOMAIN",
    help="With your own mail: capture these (repeatable).  [default: every sender]",
)
@click.option(
    "--account", metavar="ADDRESS", help="With your own mail: whose mailbox it is.  [default: guessed]"
)
@click.option("--live", default=40, show_default=True, help="With --once: how many new messages arrive.")
@click.option(
    "--every", default=3.0, show_default=True, help="Seconds between new messages (without --once)."
)
@click.option("--seed", default=7, show_default=True, help="Another seed, another year of mail.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the console.  [default: a free one]")
@click.option(
    "--pubsub",
    "prefer",
    type=click.Choice(["auto", "emulator", "deliverer"]),
    default="auto",
    help="Google's emulator, or the built-in deliverer.  [default: the emulator when it is there]",
)
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    help="Where the demo keeps its files.  [default: data/demo]",
)
def demo(  # noqa: PLR0913 - one parameter per option
    *,
    once: bool,
    eml: Path | None,
    mbox: Path | None,
    investors: tuple[str, ...],
    account: str | None,
    live: int,
    every: float,
    seed: int,
    port: int | None,
    prefer: Literal["auto", "emulator", "deliverer"],
    data_dir: Path | None,
) -> None:
    """Everything on this machine: PostgreSQL, Pub/Sub, a local Google, the three services, a sample fund.

    A year of mail is captured first, then new mail arrives every few seconds until Ctrl-C.  With
    --eml or --mbox it is your own mail instead; nothing leaves this machine.
    """
    if eml and mbox:
        raise click.UsageError("give --eml or --mbox, not both")
    if (investors or account) and not (eml or mbox):
        raise click.UsageError("--investor and --account go with --eml or --mbox")
    began = time.monotonic()
    screen, stop = Screen(), Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    script = _script(eml, mbox, investors, account, seed)
    for sentence in (script.title, *script.notes):
        screen.say(sentence)
    folder = data_dir or wiring.settings().data_dir / "demo"
    try:
        with Stack(folder, domain=script.domain, web_port=port, prefer=prefer, say=screen.say) as stack:
            verdict = _play(stack, script, screen, stop, once=once, live=live, every=every, began=began)
    except MailroomError as trouble:
        click.echo(f"The demo stopped: {trouble}", err=True)
        sys.exit(2)
    sys.exit(0 if verdict.good or not once else 1)


def _script(
    eml: Path | None, mbox: Path | None, investors: tuple[str, ...], account: str | None, seed: int
) -> Script:
    source = eml or mbox
    if source is None:
        return sample_fund(seed)
    try:
        mails = list(ownmail.read_eml_dir(source) if eml else ownmail.read_mbox(source))
        return own_mail(mails, source, investors=investors, account=account)
    except ValueError as why:
        raise click.UsageError(str(why)) from None


def _play(  # noqa: PLR0913 - what the command was told
    stack: Stack,
    script: Script,
    screen: Screen,
    stop: Event,
    *,
    once: bool,
    live: int,
    every: float,
    began: float,
) -> Verdict:
    with Database(stack.database_url, name="mailroom-demo") as db:
        play = Play(stack, script, db)
        play.load_past()
        _import_investors(stack, script)
        stack.start_mailroom()
        member = play.enrol()
        screen.say(f"Console: {stack.web_url}/signin#token={member}")
        screen.say(f"Commands, psql and the API: source {shlex.quote(str(stack.env_path))}")
        _backfill(play, screen, stop, began)
        deliveries = script.live()
        shown = Thread(target=_show_arrivals, args=(play, screen, stop), daemon=True)
        shown.start()
        if once:
            _deliver(play, islice(deliveries, live), stop, every=0.25)
            for _ in wait_until_settled(play, target=play.told, patience=PATIENCE_SEC, stop=stop):
                pass
        else:
            screen.say("New mail arrives from now on; Ctrl-C ends the demo")
            _deliver(play, deliveries, stop, every=every)
            if not stop.is_set():
                stop.wait()
        stop.wait(0.3)  # the last lines
        verdict = play.judge()
        stop.set()
        shown.join(timeout=5)
        screen.summary(play, verdict)
        return verdict


def _import_investors(stack: Stack, script: Script) -> None:
    """Import the investors by the command an installation would use."""
    from infra.cli.contacts import import_csv

    with (
        tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file,
        Database(stack.database_url) as db,
    ):
        file.write(script.investors_csv)
        file.flush()
        import_csv(db, Path(file.name), own=frozenset((script.domain,)))


def _backfill(play: Play, screen: Screen, stop: Event, began: float) -> None:
    total, first = play.told, True
    with screen.backfill(total) as bar:
        for settled in wait_until_settled(play, target=total, patience=PATIENCE_SEC, stop=stop):
            bar.reach(settled)
            if first and list(play.arrivals()):
                first = False
                screen.say(
                    f"First message in the CRM's view {time.monotonic() - began:.1f} s after the start"
                )
    list(play.arrivals())


def _show_arrivals(play: Play, screen: Screen, stop: Event) -> None:
    """Follow the change feed as a CRM would: announced by the database, read through the views."""
    for _ in play.db.listen(emails.CHANNEL, timeout=0.5):
        for arrival, seconds in play.arrivals():
            screen.arrival(arrival, seconds)
        if stop.is_set():
            return


def _deliver(play: Play, deliveries: Iterator[tuple[Delivery, ...]], stop: Event, *, every: float) -> None:
    for copies in deliveries:
        play.deliver_live(copies)
        play.stack.check()
        if stop.wait(every):
            return
