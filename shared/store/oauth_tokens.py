"""Grants of accounts that connected themselves: refresh tokens, sealed before they come here.

A CHECK of the table refuses anything that is not sealed.
"""

from dataclasses import dataclass, field

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Grant:
    """One account's grant; *scope* is what was granted, separated by blanks."""

    account_id: int
    sealed: str = field(repr=False)
    scope: str


def put(conn: Connection, account_id: int, sealed: str, scope: str) -> None:
    """Keep a grant in place of the account's earlier one.  Raises NotStorable when it is not sealed."""
    conn.execute(SQL["put"], {"account": account_id, "sealed": sealed, "scope": scope})
    conn.execute(SQL["by_consent"], {"account": account_id})


def get(conn: Connection, account_id: int) -> Grant | None:
    """Return an account's grant, or None."""
    with conn.cursor(row_factory=class_row(Grant)) as cursor:
        return cursor.execute(SQL["get"], {"account": account_id}).fetchone()


def of_address(conn: Connection, address: str) -> Grant | None:
    """Return the grant of the account with this address, or None."""
    with conn.cursor(row_factory=class_row(Grant)) as cursor:
        return cursor.execute(SQL["of_address"], {"address": address.lower()}).fetchone()


def remove(conn: Connection, account_id: int) -> bool:
    """Forget an account's grant; False when it had none."""
    return conn.execute(SQL["remove"], {"account": account_id}).rowcount == 1


def page(conn: Connection, *, after: int, limit: int) -> list[Grant]:
    """Return the next *limit* grants of accounts whose id is greater than *after*, by id."""
    with conn.cursor(row_factory=class_row(Grant)) as cursor:
        return cursor.execute(SQL["page"], {"after": after, "limit": limit}).fetchall()


def count(conn: Connection) -> int:
    """Return how many grants there are."""
    row = conn.execute(SQL["count"]).fetchone()
    return row[0] if row else 0


def reseal(conn: Connection, account_id: int, *, expected: str, sealed: str) -> bool:
    """Replace the sealed text *expected*; False when it is another by now (nothing is written)."""
    values = {"account": account_id, "sealed": sealed, "expected": expected}
    return conn.execute(SQL["reseal"], values).rowcount == 1
