"""Consents under way.  A state is used once, within ten minutes, by the browser it was made for."""

import hashlib
from dataclasses import dataclass

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class Consent:
    """Whose mailbox is to be connected, and which admin asked for it."""

    address: str
    actor: str


def begin(conn: Connection, *, state: str, secret: str, address: str, actor: str) -> None:
    """Remember that somebody was sent to Google; old ones are forgotten."""
    conn.execute(SQL["forget_old"])
    conn.execute(
        SQL["begin"],
        {"state": _hash(state), "secret": _hash(secret), "address": address, "actor": actor},
    )


def finish(conn: Connection, *, state: str, secret: str) -> Consent | None:
    """Use a state up; None when it is unknown, used, older than ten minutes, or another browser's."""
    with conn.cursor(row_factory=class_row(Consent)) as cursor:
        values = {"state": _hash(state), "secret": _hash(secret)}
        return cursor.execute(SQL["finish"], values).fetchone()


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
