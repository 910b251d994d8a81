"""API tokens: shown once when made, kept only as a hash."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from shared.errors import Refused
from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)
PREFIX = "mr_"  # lets secret scanners recognise a leaked token

ApiRole = Literal["admin", "member"]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a valid token speaks for."""

    name: str
    role: ApiRole


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of one token; itself it cannot be read.  Times are UTC."""

    name: str
    role: ApiRole
    created_at: datetime
    expires_at: datetime | None  # None: never
    last_used_at: datetime | None  # to an hour; None: never, or not since that is noted
    expired: bool


def create(conn: Connection, *, name: str, role: ApiRole, lasts: timedelta | None = None) -> str:
    """Make a token of 256 random bits and return it: the only time it can be read.

    Raises Refused when a token of this name exists.
    """
    token = PREFIX + secrets.token_urlsafe(32)
    try:
        conn.execute(SQL["create"], {"name": name, "role": role, "digest": _digest(token), "lasts": lasts})
    except UniqueViolation as taken:
        raise Refused(f"a token named {name!r} exists: choose another name with --name") from taken
    return token


def caller(conn: Connection, token: str) -> Caller | None:
    """Return who *token* speaks for; None when it is unknown or expired.

    Looking up the hash needs no constant-time comparison: the time it takes says nothing of the token.
    """
    row = conn.execute(SQL["caller"], {"digest": _digest(token)}).fetchone()
    return Caller(row[0], row[1]) if row else None


def every(conn: Connection) -> list[Token]:
    """Return all tokens, expired ones too, by name."""
    with conn.cursor(row_factory=class_row(Token)) as cursor:
        return cursor.execute(SQL["every"]).fetchall()


def revoke(conn: Connection, name: str) -> ApiRole | None:
    """Forget a token: from the commit on it opens nothing.  Return its role; None when none has this name."""
    row = conn.execute(SQL["revoke"], {"name": name}).fetchone()
    return row[0] if row else None


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
