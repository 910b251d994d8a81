"""Who changed what.  Written in the transaction of the change itself."""

from psycopg.types.json import Jsonb

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


def note(conn: Connection, *, actor: str, action: str, subject: str = "", **detail: str | int) -> None:
    """Add one line; *detail* holds settings and ids, never secrets or mail."""
    conn.execute(SQL["note"], {"actor": actor, "action": action, "subject": subject, "detail": Jsonb(detail)})
