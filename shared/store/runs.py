"""Runs: one row for each time an account was worked on and something came of it."""

from dataclasses import dataclass
from datetime import datetime

from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(slots=True)
class Tally:
    """What one run did, counted while it works."""

    kind: str = "live"
    stored: int = 0
    unmatched: int = 0
    excluded: int = 0
    gone: int = 0
    failed: int = 0
    units: int = 0
    error: str = ""

    def count(self, state: str, number: int) -> None:
        """Add messages that ended in *state*, a state of the ledger; a dead one counts as failed."""
        name = "failed" if state == "dead" else state
        setattr(self, name, getattr(self, name) + number)

    @property
    def changed(self) -> bool:
        """Whether there is anything worth a row."""
        return bool(self.stored or self.unmatched or self.excluded or self.gone or self.failed or self.error)

    @property
    def status(self) -> str:
        """ok, partial (some messages failed and wait for another try) or failed (the run itself)."""
        return "failed" if self.error else "partial" if self.failed else "ok"


def record(conn: Connection, account_id: int, tally: Tally, *, started_at: datetime) -> None:
    """Keep a finished run."""
    conn.execute(
        SQL["record"],
        {
            "account_id": account_id,
            "kind": tally.kind,
            "status": tally.status,
            "started_at": started_at,
            "stored": tally.stored,
            "unmatched": tally.unmatched,
            "excluded": tally.excluded,
            "gone": tally.gone,
            "failed": tally.failed,
            "units": tally.units,
            "error": tally.error,
        },
    )


def units_spent(conn: Connection) -> int:
    """Return the Gmail quota units all runs have spent."""
    row = conn.execute(SQL["units_spent"]).fetchone()
    return int(row[0]) if row else 0
