"""The rules that say whose mail it is, every change of them, and stored mail re-matched after one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from psycopg.rows import class_row

from shared.store.database import Connection
from shared.store.emails import NewMatch, NewParticipant
from shared.store.sql import queries

SQL = queries(__file__)

# Announces that the rules have changed; the payload is empty.
CHANNEL = "mailroom_matching"


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that came or went; ids grow in no promised order of commit, so read them under the lock."""

    id: int
    change: Literal["added", "removed"]
    investor_id: int  # 0 for what is no investor's: our own addresses, and exclusions
    kind: Literal[
        "address",
        "domain",
        "own",
        "excluded_address",
        "excluded_domain",
        "excluded_label",
        "excluded_account",
    ]
    value: str


@dataclass(frozen=True, slots=True)
class Reached:
    """How far stored mail was re-matched: by all changes up to *done*, and partly by those up to *target*."""

    done: int
    target: int | None  # None: the next changes are not begun
    position: int  # the last email id that agrees with the changes up to *target*


def rules(conn: Connection) -> list[tuple[int, str, str]]:
    """Return every rule: (investor id, kind, value)."""
    return [(int(a), str(b), str(c)) for a, b, c in conn.execute(SQL["rules"])]


def excluded(conn: Connection) -> list[tuple[str, str]]:
    """Return every exclusion: (kind, value)."""
    return [(str(kind), str(value)) for kind, value in conn.execute(SQL["excluded"])]


def generation(conn: Connection) -> int:
    """Return a number that moves with every change of the rules."""
    row = conn.execute(SQL["generation"]).fetchone()
    return int(row[0]) if row else 0


def changes(conn: Connection, *, after: int, limit: int, upto: int | None = None) -> list[Change]:
    """Return the next changes of the rules, oldest first."""
    with conn.cursor(row_factory=class_row(Change)) as cursor:
        return cursor.execute(SQL["changes"], {"after": after, "upto": upto, "limit": limit}).fetchall()


def share(conn: Connection) -> None:
    """Until this transaction ends nobody re-matches: what it stores, the next re-matching sees."""
    conn.execute(SQL["share"])


def claim(conn: Connection) -> Reached | None:
    """Become the one who re-matches, until this transaction ends; return how far it has come.

    None: nothing is to be done, or another consumer is at it.  Waits for those who are storing.
    """
    if conn.execute(SQL["try_turn"]).fetchone() != (True,):
        return None
    exclude(conn)
    with conn.cursor(row_factory=class_row(Reached)) as cursor:
        return cursor.execute(SQL["reached"]).fetchone()


def exclude(conn: Connection) -> None:
    """Wait for those who are storing, and keep others from storing until this transaction ends."""
    conn.execute(SQL["exclude"])


def advance(conn: Connection, *, target: int, position: int) -> None:
    """Note that stored mail up to email id *position* agrees with the changes up to *target*."""
    conn.execute(SQL["advance"], {"target": target, "position": position})


def finished(conn: Connection, change_id: int) -> None:
    """Note that stored mail agrees with every change up to this one."""
    conn.execute(SQL["finished"], {"id": change_id})


def concerned(
    conn: Connection, *, addresses: Sequence[str], domains: Sequence[str], after: int, limit: int
) -> list[int]:
    """Return the next stored messages, by id, in which one of these, as rules write them, takes part."""
    asked = {"addresses": list(addresses), "domains": list(domains), "after": after, "limit": limit}
    return [int(email_id) for (email_id,) in conn.execute(SQL["concerned"], asked)]


def participants(conn: Connection, email_ids: Sequence[int]) -> dict[int, list[NewParticipant]]:
    """Return who takes part in each of these messages."""
    found: dict[int, list[NewParticipant]] = {email_id: [] for email_id in email_ids}
    for email_id, role, address, name in conn.execute(SQL["participants"], {"ids": list(email_ids)}):
        found[email_id].append(NewParticipant(role, address, name))
    return found


def investors_of(conn: Connection, email_ids: Sequence[int]) -> dict[int, set[int]]:
    """Return whose each of these messages is, by the links kept; without those that are nobody's."""
    return _investors_of(conn, {"ids": list(email_ids)})


def wrongly_shown(conn: Connection, email_ids: Sequence[int]) -> list[int]:
    """Return those of these messages that the views show otherwise than their own rule says."""
    return [int(email_id) for (email_id,) in conn.execute(SQL["wrongly_shown"], {"ids": list(email_ids)})]


def replace(conn: Connection, matches: Mapping[int, Sequence[NewMatch]]) -> tuple[list[int], list[int]]:
    """Give each message exactly these matches.

    Returns (ids whose investors are others now, ids that no longer match anybody).
    """
    rows = [(email_id, match) for email_id, found in matches.items() for match in found]
    values = {
        "ids": list(matches),
        "m_email": [email_id for email_id, _ in rows],
        "m_investor": [match.investor_id for _, match in rows],
        "m_role": [match.role for _, match in rows],
        "m_address": [match.address for _, match in rows],
        "m_strategy": [match.strategy for _, match in rows],
        "m_ambiguous": [match.ambiguous for _, match in rows],
    }
    before = _investors_of(conn, values)
    conn.execute(SQL["drop_matches"], values)
    conn.execute(SQL["add_matches"], values)
    conn.execute(SQL["matched_again"], values)
    lost = [int(email_id) for (email_id,) in conn.execute(SQL["matched_no_more"], values)]
    now = {email_id: {match.investor_id for match in found} for email_id, found in matches.items() if found}
    return [one for one, known in now.items() if known != before.get(one)], lost


def outlived(conn: Connection, *, older_than: timedelta, limit: int) -> list[int]:
    """Return messages that have matched nobody for longer than *older_than*."""
    asked = {"older_than": older_than, "limit": limit}
    return [int(email_id) for (email_id,) in conn.execute(SQL["outlived"], asked)]


def _investors_of(conn: Connection, values: Mapping[str, object]) -> dict[int, set[int]]:
    return {int(email_id): set(known) for email_id, known in conn.execute(SQL["investors_of"], values)}
