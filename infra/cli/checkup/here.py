"""This machine and the database: clock, disk, tables, and whether the work is being done."""

import os
import shutil
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from pathlib import Path

from pydantic import AliasChoices

from consumer.progress import Facts, is_alone
from infra.cli.checkup.finding import Finding, note, ok, problem
from shared.config import SECRETS, Settings
from shared.gmail.transport import Transport
from shared.store import accounts, logins, migrate, progress, rejects, serve
from shared.store.database import Database
from watcher.alarms import alarms

GB = 1024**3
LITTLE, TOO_LITTLE = 10 * GB, GB  # free bytes where mail is kept
# Google takes an assertion that is at most some minutes off; push tokens are checked against ours.
SKEW_NOTED, SKEW_BAD = timedelta(seconds=5), timedelta(seconds=60)
BEHIND = timedelta(minutes=5)
MUCH_OF_THE_QUEUE = 0.1
TIMEOUTS = (
    "statement_timeout",
    "lock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
)


def misspelt(env: Mapping[str, str]) -> Iterator[Finding]:
    """Is there a variable that looks like a setting, and is none?"""
    aliases = (field.validation_alias for field in Settings.model_fields.values())
    known = {str(one.choices[0]) for one in aliases if isinstance(one, AliasChoices)}
    known |= {f"{name}_FILE" for name in SECRETS}
    for name in sorted(name for name in env if name.startswith("CRM_GMAIL_") and name not in known):
        near = get_close_matches(name, known, n=1)
        meant = f": is {near[0]} meant?" if near else ": remove it, or correct its name"
        yield note("settings", f"{name} is no setting of mailroom and changes nothing{meant}")


def database(db: Database, settings: Settings) -> Iterator[Finding]:
    """Does it answer, and does it have today's tables?"""
    with db.transaction() as conn:
        current, version = migrate.current(conn), conn.info.server_version // 10_000
        login = logins.of_ours(conn)
    if version < 15:  # noqa: PLR2004 - the oldest PostgreSQL that is tried
        yield problem("database", f"PostgreSQL {version} is too old: use 15 or newer")
    if not current:
        yield problem("database", "its tables are not those of this version: run mailroom migrate")
    elif settings.database_url:
        yield ok("database", f"PostgreSQL {version} answers and has today's tables")
    else:
        folder = settings.data_dir / "postgres"
        yield note(
            "database", f"embedded PostgreSQL {version} under {folder}: for production set DATABASE_URL"
        )
    if not login.waits:
        yield problem(
            "database",
            f"commits of {login.name} are answered before they are on disk (synchronous_commit is off): when "
            "power fails, what the CRM has read is undone and numbers of its change feed come twice. "
            f"ALTER ROLE {login.name} IN DATABASE {login.database} SET synchronous_commit = on, "
            "then restart mailroom",
        )


def work(db: Database, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Is every account captured and watched, and is the work done in time?"""
    with db.transaction() as conn:
        watched, due, rejected = serve.watches(conn), serve.due(conn), rejects.count(conn)
        every = progress.facts(conn, [one.id for one in accounts.every(conn)], make=Facts)
    if not watched:
        yield note("accounts", "none is enrolled yet: POST /api/email/accounts/enroll")
        return
    quiet_poll = settings.quiet_poll
    told = [(one.address, said) for one in watched for said in alarms(one, now, quiet_poll=quiet_poll)]
    yield from (problem("accounts", f"{address}: {said}") for address, said in told)
    if not told:
        yield ok("accounts", f"{len(watched)} captured, each with a live watch")
    if due.oldest > BEHIND:
        minutes = due.oldest.total_seconds() / 60
        yield problem(
            "consumer", f"{due.accounts} accounts wait, for {minutes:.0f} min: is mailroom consume running?"
        )
    elif alone := [one.account for one in every if one.status == "active" and is_alone(one)]:
        yield note("consumer", f"nobody works on {', '.join(alone)}: is mailroom consume running?")
    else:
        yield ok("consumer", "no account waits for a look")
    if number := rejected.get("other_subscription"):
        yield problem(
            "notifications",
            f"{number} came from another subscription than CRM_GMAIL_PUBSUB_SUBSCRIPTION names: correct it",
        )


def readers(db: Database) -> Iterator[Finding]:
    """Can the CRM's logins, by accident, keep the database from its work?  Whose rights do its views have?"""
    with db.transaction() as conn:
        found, owners = logins.of_the_crm(conn), logins.views_owners(conn)
        used = logins.queue_used(conn)
    if used > MUCH_OF_THE_QUEUE:
        yield problem(
            "database",
            f"its queue of notifications is {used:.0%} full, and when it is full nothing can be stored:"
            " end the session that listens in an open transaction (pg_stat_activity)",
        )
    for owner in owners:
        yield problem(
            "crm views",
            f"they run with the rights of {owner}, who may log in: as a superuser GRANT crm_owner TO {owner},"
            " then run mailroom migrate",
        )
    if not found:
        yield note(
            "crm logins", "no login has the role crm_reader yet: docs/production.md says how to make one"
        )
    for login in found:
        lacking = [name for name in TIMEOUTS if name not in login.limits]
        if login.most < 0:
            lacking.insert(0, "CONNECTION LIMIT")
        if lacking:
            yield problem(
                "crm logins", f"{login.name} has no {', '.join(lacking)}: ALTER ROLE {login.name} ..."
            )
        else:
            yield ok("crm logins", f"{login.name} is limited to {login.most} connections, and in time")


def clock(transport: Transport, settings: Settings) -> Iterator[Finding]:
    """Does Google answer, and does its Date agree with ours?"""
    answer = transport.send("GET", settings.api_url.rstrip("/") + "/", headers={})
    try:
        theirs = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        yield note("clock", "Google's answer has no readable Date to compare with")
        return
    yield skew(theirs - datetime.now(UTC))


def skew(off: timedelta) -> Finding:
    """Judge how far our clock is from Google's."""
    seconds = abs(off.total_seconds())
    if abs(off) > SKEW_BAD:
        return problem("clock", f"this machine's clock is {seconds:.0f} s off Google's: set it (use NTP)")
    if abs(off) > SKEW_NOTED:
        return note(
            "clock", f"this machine's clock is {seconds:.0f} s off Google's; a minute would be too much"
        )
    return ok("clock", "agrees with Google's to a few seconds")


def disk(folder: Path) -> Iterator[Finding]:
    """Is there room for messages, and may we write there?"""
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    if not os.access(there, os.W_OK | os.X_OK):
        yield problem("disk", f"mailroom may not write to {there}: change its owner, or CRM_GMAIL_BLOB_URL")
    elif free < TOO_LITTLE:
        yield problem("disk", f"{free / GB:.1f} GB are free in {there}: make room for messages")
    elif free < LITTLE:
        yield note("disk", f"only {free / GB:.0f} GB are free in {there}")
    else:
        yield ok("disk", f"{free / GB:.0f} GB are free in {there}")
