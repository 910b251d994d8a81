"""Investors and the addresses and domains by which their mail is recognised."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class InvestorRow:
    """One way to recognise an investor: kind is "address" or "domain", value is normalised."""

    name: str
    firm: str
    kind: str
    value: str


def upsert(conn: Connection, rows: Iterable[InvestorRow]) -> tuple[int, int]:
    """Add investors and their addresses; return (new investors, new addresses).  Repeats change nothing."""
    listed = list(rows)
    arrays = {
        "names": [row.name for row in listed],
        "firms": [row.firm for row in listed],
        "kinds": [row.kind for row in listed],
        "values": [row.value for row in listed],
    }
    return conn.execute(SQL["add_investors"], arrays).rowcount, conn.execute(
        SQL["add_addresses"], arrays
    ).rowcount


def terms(conn: Connection) -> tuple[str, ...]:
    """Return every address and domain an investor is known by, in a fixed order."""
    return tuple(value for (value,) in conn.execute(SQL["terms"]))
