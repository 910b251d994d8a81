"""Gmail units in the database: budgets that all processes share by its clock, and what was spent."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from random import random

from shared.gmail.allowance import Spent
from shared.gmail.meter import NEVER, Grant, Meter, Pause, Want
from shared.store.database import Connection, Database
from shared.store.sql import queries

SQL = queries(__file__)


@dataclass(frozen=True, slots=True)
class DaySpent:
    """What an account's calls of one method cost on one of Google's days."""

    day: date
    spent: Spent


@dataclass(frozen=True, slots=True)
class Troubled:
    """A budget that is lowered or paused; the key '' is that of all accounts."""

    key: str
    share: float  # of the configured rate, when it was last lowered
    lowered_at: datetime | None
    paused_until: datetime | None


class Units:
    """The `Allowance` of all processes that use one database.  A budget's row is held for a moment."""

    def __init__(self, db: Database, *, luck: Callable[[], float] = random) -> None:
        """*luck* draws the jitter of pauses (0 to 1)."""
        self._db, self._luck = db, luck

    def ask(self, key: str, rate: float, want: Want) -> Grant:
        """See Allowance.  A grant the database did not commit is not handed out."""
        with self._db.transaction() as conn:
            now, meter, everyone_until = _locked(conn, key, rate)
            grant = meter.ask(now, want, everyone_until=everyone_until)
            if grant.units or want.unused:
                _save(conn, key, meter)
        return grant

    def pause(self, key: str, pause: Pause) -> float | None:
        """See Allowance."""
        with self._db.transaction() as conn:
            now, meter, _ = _locked(conn, key, 0)
            lowered = meter.pause(now, pause, luck=self._luck())
            _save(conn, key, meter)
        return meter.share if lowered else None

    def record(self, spent: Sequence[Spent]) -> int:
        """See Allowance."""
        columns = {
            "accounts": [one.account for one in spent],
            "methods": [one.method.removeprefix("gmail.users.") for one in spent],
            "units": [one.units for one in spent],
            "calls": [one.calls for one in spent],
            "refusals": [one.refusals for one in spent],
        }
        with self._db.transaction() as conn:
            if spent:
                conn.execute(SQL["record"], columns)
            row = conn.execute(SQL["today"]).fetchone()
        return int(row[0]) if row else 0


def since(conn: Connection, days: int) -> list[DaySpent]:
    """Return what was spent on the last *days* days, today included; newest first, dearest first."""
    rows = conn.execute(SQL["since"], {"days": days}).fetchall()
    return [DaySpent(day, Spent(*rest)) for day, *rest in rows]


def troubled(conn: Connection) -> list[Troubled]:
    """Return the budgets that Gmail's refusals lowered, or paused until a time to come."""
    return [Troubled(*row) for row in conn.execute(SQL["troubled"]).fetchall()]


def _locked(conn: Connection, key: str, rate: float) -> tuple[float, Meter, float]:
    """Hold the key's row; return the database's time, the meter, and until when everybody pauses."""
    with conn.pipeline():  # both in one round trip; the time is that after the wait for the row
        held = conn.execute(SQL["lock"], {"key": key})
        clock = conn.execute(SQL["now"])
        row, now = held.fetchone(), clock.fetchone()
    if row is None:
        conn.execute(SQL["make"], {"key": key})
        return _locked(conn, key, rate)
    at, units, bulk_paid_at, paused_until, pauses, share, lowered_at, everyone_until = row
    log = deque(zip(at, units, strict=True))
    meter = Meter(rate, log, bulk_paid_at, paused_until, pauses, share, lowered_at)
    return float(now[0]) if now else NEVER, meter, NEVER if everyone_until is None else everyone_until


def _save(conn: Connection, key: str, meter: Meter) -> None:
    conn.execute(
        SQL["save"],
        {
            "key": key,
            "granted_at": [when for when, _ in meter.log],
            "granted": [units for _, units in meter.log],
            "bulk_paid_at": meter.bulk_paid_at,
            "paused_until": meter.paused_until,
            "pauses": meter.pauses,
            "share": meter.share,
            "lowered_at": meter.lowered_at,
        },
    )
