"""The logins an operator made: the CRM's with what limits them, and our own."""

from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Login:
    """One login that may read schema crm."""

    name: str
    most: int  # connections at once; -1 for any number
    limits: Sequence[str]  # names of the settings that are set for it, or for the database, and not to 0


@dataclass(frozen=True, slots=True)
class Ours:
    """The login we use; names are quoted where SQL needs it."""

    name: str
    database: str
    waits: bool  # a commit is on disk before it is answered


def of_ours(conn: Connection) -> Ours:
    """Return the login of this connection."""
    with conn.cursor(row_factory=class_row(Ours)) as cursor:
        found = cursor.execute(SQL["of_ours"]).fetchone()
    assert found is not None  # noqa: S101 - a SELECT without FROM has one row
    return found


def views_owners(conn: Connection) -> list[str]:
    """Return who of those whose rights the CRM's views and search run with could do more than read."""
    return [str(name) for (name,) in conn.execute(SQL["views_owners"])]


def queue_used(conn: Connection) -> float:
    """Return how much of NOTIFY's queue is full, 0 to 1; a full one keeps everybody from storing."""
    row = conn.execute(SQL["queue_used"]).fetchone()
    return float(row[0]) if row else 0.0


def of_the_crm(conn: Connection) -> list[Login]:
    """Return the logins with role crm_reader, by name; superusers and our own are none."""
    with conn.cursor(row_factory=class_row(Login)) as cursor:
        return cursor.execute(SQL["of_the_crm"]).fetchall()
