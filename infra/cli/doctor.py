"""`mailroom doctor [ACCOUNT]`: is everything set up, and if not, what is missing?"""

import io
import json
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, redirect_stderr
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

import click
from rich.table import Table
from rich.text import Text

from infra.cli import tables, wiring
from infra.cli.checkup import google, here, subscription
from infra.cli.checkup.finding import Finding, guarded, note, ok, problem
from shared import config
from shared.errors import ConfigError
from shared.gmail.client import GmailFactory
from shared.gmail.transport import Limits, Transport
from shared.store import accounts
from shared.store.database import Database

T = TypeVar("T")
COLOUR = {"ok": "green", "note": "yellow", "problem": "red"}


@click.command()
@click.argument("account", required=False)
@click.option(
    "--watch", is_flag=True, help="Prove that Gmail may publish, by a watch on ACCOUNT (100 units)."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per finding.")
def doctor(account: str | None, watch: bool, as_json: bool) -> None:
    """Check the set-up, one line each, and name the grant or setting that is missing.

    ACCOUNT is the mailbox Google is asked about; without it the first enrolled one.  It need not be
    enrolled.  Nothing is changed; with --watch the account's watch is renewed, or, when it is not
    enrolled, made and ended again.  Exit code 0: nothing is wrong; 1: something is.
    """
    for name in ("google.auth", "psycopg.pool"):  # what they would log is a finding, in our words
        logging.getLogger(name).setLevel(logging.CRITICAL)
    found: list[Finding] = []
    for finding in examine(account, watch=watch):
        found.append(finding)
        if as_json:
            click.echo(json.dumps(asdict(finding)))
    if not as_json:
        _show(found)
    sys.exit(1 if any(finding.state == "problem" for finding in found) else 0)


def examine(account: str | None, *, watch: bool) -> Iterator[Finding]:
    """Yield everything there is to say; later checks need what earlier ones opened."""
    yield from here.misspelt(os.environ)
    try:
        settings = config.from_env(needs=("gmail", "watch"))
    except ConfigError as bad:
        yield from (problem("settings", said) for said in bad.problems)
        yield note("settings", "nothing else was looked at: correct these first")
        return
    yield _switched(settings)
    transport = Transport(limits=Limits(connect=5, read=10, whole=15))
    yield from guarded("disk", partial(here.disk, settings.blob_dir))
    yield from guarded("clock", partial(here.clock, transport, settings))
    yield from guarded("push keys", partial(google.push_keys, transport, settings))
    yield from guarded("subscription", partial(subscription.look, settings))
    yield from _inside(settings, account, watch=watch)


def _inside(settings: wiring.Settings, account: str | None, *, watch: bool) -> Iterator[Finding]:
    """What needs the database or a mailbox."""
    with ExitStack() as opened:
        db, said = _database(settings, opened)
        if db is None:
            yield problem("database", said)
        else:
            yield from guarded("database", partial(here.database, db, settings))
            yield from guarded("crm logins", partial(here.readers, db))
            yield from guarded("accounts", partial(here.work, db, settings, datetime.now(UTC)))
        gmail, said = _opened(lambda: wiring.gmail(settings, db=db))
        if gmail is None:
            yield problem("credentials", said)
        else:
            yield from _mailbox(db, gmail, settings, account, watch=watch)


def _database(settings: wiring.Settings, opened: ExitStack) -> tuple[Database | None, str]:
    if not settings.database_url and not (settings.data_dir / "postgres").exists():
        return None, "DATABASE_URL is not set, and mailroom migrate has not made an embedded one yet"
    return _opened(lambda: opened.enter_context(wiring.database(settings, most=2, name="mailroom-doctor")))


def _switched(settings: wiring.Settings) -> Finding:
    if settings.enabled:
        return ok("settings", "whole, and capture is switched on")
    return note("settings", "whole; capture is switched off until CRM_GMAIL_INTEGRATION_ENABLED is true")


def _opened(open_it: Callable[[], T]) -> tuple[T | None, str]:
    """Open something the way every command does; what that would print is returned instead."""
    with redirect_stderr(io.StringIO()) as said:
        try:
            return open_it(), ""
        except SystemExit:
            return None, " ".join(said.getvalue().replace("mailroom: ", "").split())


def _mailbox(
    db: Database | None, gmail: GmailFactory, settings: wiring.Settings, account: str | None, *, watch: bool
) -> Iterator[Finding]:
    enrolled = list(_addresses(db))
    address = account or next(iter(enrolled), None)
    if address is None:
        yield note("gmail", "no mailbox to ask about: name one, as in mailroom doctor ada@yourfund.example")
        return
    answers = list(guarded("gmail", partial(google.mailbox, gmail, settings, address)))
    yield from answers
    if not watch:
        yield note("watch", "whether Gmail may publish to the topic shows only with --watch")
    elif answers[-1].state == "ok":
        keep = address.strip().lower() in enrolled
        yield from guarded("watch", partial(google.watch, gmail, settings, address, keep=keep))


def _addresses(db: Database | None) -> Iterator[str]:
    """Yield the enrolled addresses, the active ones first; none when the database cannot tell."""
    if db is None:
        return
    try:
        with db.transaction() as conn:
            every = accounts.every(conn)
    except Exception:  # noqa: BLE001 - what is wrong with the database has been said
        return
    yield from (one.address for one in sorted(every, key=lambda one: one.status != "active"))


def _show(found: list[Finding]) -> None:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for finding in found:
        table.add_row(Text(finding.state, style=COLOUR[finding.state]), finding.check, Text(finding.says))
    tables.screen().print(table)
