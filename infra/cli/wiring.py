"""Build the real things from the settings, for every command alike."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager

from shared import config
from shared.config import Need, Settings
from shared.errors import ConfigError, MailroomError, Refused, TryLater
from shared.gmail.client import GmailFactory
from shared.gmail.exchange import Tokens
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import migrate
from shared.store.database import Connection, Database

__all__ = ["Settings", "database", "database_url", "gmail", "migrated", "not_migrated", "settings", "stopped"]


def settings(*needs: Need, when_on: Iterable[Need] = ()) -> Settings:
    """Read the settings; every problem is printed at once and the command ends with exit code 2.

    *when_on* is demanded only while capture is switched on: what is switched off needs no key.
    """
    try:
        return config.from_env(needs=needs, when_on=when_on)
    except ConfigError as bad:
        raise stopped(bad) from None


@contextmanager
def database_url(settings: Settings) -> Generator[str]:
    """Yield DATABASE_URL, or that of the embedded PostgreSQL, which runs for as long as it is needed."""
    if settings.database_url:
        yield settings.database_url
        return
    from infra.local import postgres

    try:
        server = postgres.start(settings.data_dir / "postgres")
    except (ConfigError, MailroomError) as bad:
        raise stopped(bad) from None
    with server:
        yield server.url


@contextmanager
def database(settings: Settings, *, most: int = 8, name: str = "mailroom") -> Generator[Database]:
    """Yield an open database with *most* connections at most."""
    with database_url(settings) as url, Database(url, most=most, name=name) as db:
        yield db


def gmail(settings: Settings, budget: Budget | None = None, db: Database | None = None) -> GmailFactory:
    """Return Gmail, by whatever way into the mailboxes the settings give; consents are kept in *db*.

    Without *budget* nobody else knows of the units it spends.
    """
    transport = Transport()
    try:
        if settings.auth_method == "oauth":
            tokens = _consented(settings, transport, db)
        else:
            tokens = _delegated(settings, transport)
    except ConfigError as bad:
        raise stopped(bad) from None
    budget = budget or Budget(settings.rate_units_sec)
    return GmailFactory(settings.api_url, transport=transport, tokens=tokens, budget=budget)


def _consented(settings: Settings, transport: Transport, db: Database | None) -> Tokens:
    """Return tokens by each mailbox owner's consent."""
    from shared.credentials.oauth import OAuthTokens, Sealed
    from shared.credentials.sealing import Keyring, Sealer
    from shared.store import oauth_tokens
    from watcher import consent

    if db is None:
        raise ConfigError(["consents are kept in the database, which this command does not open"])

    def lookup(address: str) -> Sealed | None:
        with db.transaction() as conn:
            grant = oauth_tokens.of_address(conn, address)
        return Sealed(grant.account_id, grant.sealed) if grant else None

    sealer = Sealer(Keyring.from_settings(settings))
    return OAuthTokens(consent.app(settings), sealer, lookup, transport=transport)


def _delegated(settings: Settings, transport: Transport) -> Tokens:
    """Return tokens by domain-wide delegation: with the key file, or without one on Google's own machines."""
    from shared.credentials import keyfile
    from shared.credentials.delegated import DelegatedTokens
    from shared.credentials.keyless import KeylessTokens, Machine

    url, domains = settings.token_url, settings.workspace_domain
    if settings.sa_key_path is not None:
        return DelegatedTokens(keyfile.load(settings.sa_key_path), url, transport=transport, domains=domains)
    if settings.sa_email:
        machine = Machine(settings.metadata_url, settings.iam_url, transport=transport)
        return KeylessTokens(machine, settings.sa_email, url, domains=domains)
    raise ConfigError(["neither CRM_GMAIL_SA_KEY_PATH nor CRM_GMAIL_SA_EMAIL is set"])


def stopped(bad: ConfigError | MailroomError) -> SystemExit:
    """Print every problem in red on standard error; raise what this returns to end with exit code 2."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True, soft_wrap=True)
    for problem in bad.problems if isinstance(bad, ConfigError) else [str(bad)]:
        console.print(Text(f"mailroom: {problem}", style="red"))  # Text: brackets in a message are no markup
    return SystemExit(2)


def migrated(db: Database) -> Database:
    """Return *db* when its tables have the shape this version knows; else say what to do and end."""
    try:
        with db.transaction() as conn:
            if migrate.current(conn):
                return db
            outdated = not_migrated(conn)
    except TryLater:
        raise stopped(
            Refused("the database did not answer: is DATABASE_URL right, and is it running?")
        ) from None
    raise stopped(outdated)


def not_migrated(conn: Connection) -> Refused:
    """Name the database that lacks the tables: without DATABASE_URL it is an empty one of one's own."""
    given = settings()
    named = f"the database {conn.info.dbname} on {conn.info.host} (DATABASE_URL)"
    if not given.database_url:
        named = f"the embedded database under {given.data_dir / 'postgres'} (DATABASE_URL is not set)"
    demo = given.data_dir / "demo" / "env"
    aside = f"; if the running demo's is meant: source {demo}" if demo.exists() else ""
    return Refused(f"{named} is not up to date: run mailroom migrate first{aside}")
