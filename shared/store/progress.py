"""How far the backfills of accounts have come, as numbers: consumer/progress.py says what they mean."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from psycopg.rows import kwargs_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

T = TypeVar("T")


def facts(conn: Connection, account_ids: Sequence[int], *, make: Callable[..., T]) -> list[T]:
    """Return what *make* makes of each account's numbers (keyword arguments), by address."""
    with conn.cursor(row_factory=kwargs_row(make)) as cursor:
        return cursor.execute(SQL["facts"], {"ids": list(account_ids)}).fetchall()
