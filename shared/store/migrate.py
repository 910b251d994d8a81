"""Bring a database to today's shape, or take everything of ours out of it again."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from shared.store.sql import queries

SQL = queries(__file__)
HERE = Path(__file__).parent
VIEWS = ("emails.sql", "threads.sql", "investor_activity.sql", "mailboxes.sql", "search.sql", "grants.sql")


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered step and the way back."""

    number: int
    name: str
    up: str
    down: str


def migrations() -> list[Migration]:
    """Read every step, lowest number first."""
    found = [re.fullmatch(r"(\d{4})_(\w+)\.up\.sql", path.name) for path in (HERE / "migrations").iterdir()]
    return sorted((_migration(int(m[1]), m[2]) for m in found if m), key=lambda step: step.number)


def _migration(number: int, name: str) -> Migration:
    def text(way: str) -> str:
        return (HERE / "migrations" / f"{number:04}_{name}.{way}.sql").read_text(encoding="utf-8")

    return Migration(number, name, text("up"), text("down"))


def up(url: str, *, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Apply what is missing, then re-create the views, all in one transaction.

    Returns the names of the steps applied.  Safe to run from several processes at once.
    """
    with psycopg.connect(url) as conn:
        conn.execute(SQL["prepare"])
        done = {number for (number,) in conn.execute(SQL["applied"])}
        todo = [step for step in migrations() if step.number not in done]
        for step in todo:
            say(f"applying {step.number:04} {step.name}")
            conn.execute(step.up.encode())
            conn.execute(SQL["record"], {"number": step.number, "name": step.name})
        for view in VIEWS:
            conn.execute((HERE / "views" / view).read_bytes())
    return [step.name for step in todo]


def down(url: str, *, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Undo every step, newest first, and leave no trace of mailroom in the database."""
    with psycopg.connect(url) as conn:
        conn.execute(SQL["prepare"])
        done = {number for (number,) in conn.execute(SQL["applied"])}
        todo = [step for step in reversed(migrations()) if step.number in done]
        conn.execute(SQL["drop_views"])
        for step in todo:
            say(f"undoing {step.number:04} {step.name}")
            conn.execute(step.down.encode())
        conn.execute(SQL["forget"])
    return [step.name for step in todo]


def current(conn: psycopg.Connection[tuple[object, ...]]) -> bool:
    """Tell whether this database has exactly the steps this version of the code knows."""
    exists = conn.execute(SQL["table_exists"]).fetchone()
    if exists is None or not exists[0]:
        return False
    return {number for (number,) in conn.execute(SQL["applied"])} == {step.number for step in migrations()}
