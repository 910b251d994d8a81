"""`mailroom key new`, `key rotate` and `key check`: the keys that seal refresh tokens."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, field

import click
from rich.console import Console
from rich.progress import Progress

from infra.cli import wiring
from shared.credentials import keys
from shared.credentials.sealing import Keyring, Sealer
from shared.errors import ConfigError, MailroomError, Unsealable
from shared.store import accounts, audit, oauth_tokens
from shared.store.database import Database
from shared.store.oauth_tokens import Grant

PAGE = 200  # grants read at once

ADVICE = """\
Keep it where only mailroom can read it (chmod 600) and set {first}, or {first}_FILE to the file's path.
To replace a key: 1. move the one in use to {old}, set this one as {first}; 2. restart
every mailroom process; 3. mailroom key rotate; 4. when it says so, remove the old key.
Without the key no sealed grant can be opened: keep a copy apart from the database's backups."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A grant that no key opens; its row is left as it is."""

    account: int
    address: str
    why: str


@dataclass(slots=True)
class Found:
    """What a pass over all grants saw and did."""

    current: int = 0  # sealed with the first key before we came
    resealed: int = 0
    old: int = 0  # open with an old key only
    unreadable: list[Unreadable] = field(default_factory=list)

    @property
    def old_keys_removable(self) -> bool:
        """Nothing that can be opened needs an old key."""
        return self.old == 0


@click.group()
def key() -> None:
    """Keys that seal the grants of accounts connected by OAuth."""


@key.command()
def new() -> None:
    """Make a key and print it."""
    click.echo(keys.new())
    click.echo(ADVICE.format(first=keys.FIRST, old=keys.OLD), err=True)


@key.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def rotate(as_json: bool) -> None:
    """Seal every grant again with CRM_GMAIL_SECRET_KEY.

    Safe to stop at any moment, to repeat, and while mailroom runs: each grant is replaced whole, and
    only if it is still what was read.  Exit code 0: all are sealed with the first key; 1: some cannot
    be opened, and were left as they are.
    """
    _visit_all(_reseal, as_json=as_json)


@key.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check(as_json: bool) -> None:
    """Open every grant and tell which keys are still needed.  Changes nothing.

    Exit code 0: every grant can be opened; 1: some cannot.
    """
    _visit_all(_look, as_json=as_json)


Visit = Callable[[Database, Sealer, Grant, Found], None]


def _visit_all(visit: Visit, *, as_json: bool) -> None:
    settings = wiring.settings()
    try:
        sealer = Sealer(Keyring.from_settings(settings))
        with wiring.database(settings, most=2, name="mailroom-key") as db:
            found = _pass(wiring.migrated(db), sealer, visit)
    except (ConfigError, MailroomError) as bad:
        raise wiring.stopped(bad) from None
    _tell(found, as_json=as_json)
    sys.exit(1 if found.unreadable else 0)


def _pass(db: Database, sealer: Sealer, visit: Visit) -> Found:
    found, console = Found(), Console(stderr=True)
    with db.transaction() as conn:
        total = oauth_tokens.count(conn)
    with Progress(console=console, transient=True) if console.is_terminal else nullcontext() as bar:
        task = bar.add_task("grants", total=total) if bar else None
        for grant in _grants(db):
            visit(db, sealer, grant, found)
            if bar and task is not None:
                bar.advance(task)
    if found.resealed:
        with db.transaction() as conn:
            bad = len(found.unreadable)
            audit.note(conn, actor="cli", action="key.rotate", resealed=found.resealed, unreadable=bad)
    return found


def _grants(db: Database) -> Iterator[Grant]:
    after = 0
    while True:
        with db.transaction() as conn:
            page = oauth_tokens.page(conn, after=after, limit=PAGE)
        if not page:
            return
        yield from page
        after = page[-1].account_id


def _look(db: Database, sealer: Sealer, grant: Grant, found: Found) -> None:
    """Count a grant by who can open it."""
    if _opened(db, sealer, grant, found) is None:
        return
    if sealer.current(grant.sealed):
        found.current += 1
    else:
        found.old += 1


def _reseal(db: Database, sealer: Sealer, grant: Grant, found: Found) -> None:
    """Seal one grant anew, in a transaction of its own: whenever we are killed, it is the old or the new."""
    secret = _opened(db, sealer, grant, found)
    if secret is None:
        return
    if sealer.current(grant.sealed):
        found.current += 1
        return
    sealed = sealer.seal(secret, account_id=grant.account_id)
    with db.transaction() as conn:
        if oauth_tokens.reseal(conn, grant.account_id, expected=grant.sealed, sealed=sealed):
            found.resealed += 1
            return
        newer = oauth_tokens.get(conn, grant.account_id)
    if newer is not None:  # connected again meanwhile, perhaps by a process that knows only the old key
        _reseal(db, sealer, newer, found)


def _opened(db: Database, sealer: Sealer, grant: Grant, found: Found) -> str | None:
    try:
        return sealer.unseal(grant.sealed, account_id=grant.account_id)
    except Unsealable as why:
        with suppress(LookupError), db.transaction() as conn:  # removed meanwhile: nothing to tell
            address = accounts.by_id(conn, grant.account_id).address
            found.unreadable.append(Unreadable(grant.account_id, address, str(why)))
        return None


def _tell(found: Found, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(asdict(found) | {"old_keys_removable": found.old_keys_removable}))
        return
    click.echo(
        f"{found.resealed} grant(s) sealed anew, {found.current} were sealed with {keys.FIRST} already, "
        f"{found.old} still need an old key."
    )
    for bad in found.unreadable:
        click.echo(f"account {bad.account} ({bad.address}): {bad.why}", err=True)
    if found.old_keys_removable:
        click.echo(f"Nothing that can be opened needs an old key: {keys.OLD} may be emptied.")
    else:
        click.echo("Run mailroom key rotate before you remove an old key.")
