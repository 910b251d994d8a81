"""Deltas: one row per account that says "look again, and when".  Leases make one consumer look at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from shared.errors import LeaseLost
from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

# The channel on which a delta that turned due is announced; the payload is its account's id.
CHANNEL = "mailroom_due"


# How long a worker may be silent before another one takes its account over: with the time to notice, 30 s.
LEASE = timedelta(seconds=28)


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to work on one account until it expires."""

    account_id: int
    fence: int  # grows with every lease: an old holder is recognised by its smaller number


@dataclass(frozen=True, slots=True)
class Held:
    """What somebody who holds a lease must know at every step."""

    wake: int  # counts notifications: when it has moved, somebody asked for another look
    paced: bool  # and that look has to wait: notifications have told of nothing


@dataclass(frozen=True, slots=True)
class Pushed:
    """What notifications have said of an account so far."""

    wake: int  # counts notifications: when it has moved, somebody asked for another look
    history_id: int | None  # the greatest one named since the last look that caught up
    first_at: datetime | None  # when the oldest notification not yet served was accepted
    lag_looks: int  # how often we looked again because Gmail's index lagged behind its notification
    vain: int  # looks in a row that notifications asked for and that found nothing
    calm: timedelta | None  # since no notification has to wait for those; negative while it has to

    def __post_init__(self) -> None:
        """PostgreSQL's numeric arrives as Decimal; history ids are integers."""
        if self.history_id is not None:
            object.__setattr__(self, "history_id", int(self.history_id))

    @property
    def paced(self) -> bool:
        """Whether the next look has to wait, because notifications have told of nothing."""
        return self.calm is not None and self.calm < timedelta(0)


def push(conn: Connection, address: str, history_id: int) -> int | None:
    """Take one notification in: due now, or when its pace allows; greatest history id, wake counter + 1.

    Returns the account's id, or None when no account has this address (nothing is written).
    Announces the delta only when it turns due: an announcement per notification would queue commits.
    """
    row = conn.execute(SQL["push"], {"address": address, "history_id": history_id}).fetchone()
    return row[0] if row else None


def wake(conn: Connection, account_ids: Sequence[int]) -> int:
    """Make accounts due at once (an admin asked); return how many are active and were woken."""
    return conn.execute(SQL["wake"], {"ids": list(account_ids)}).rowcount


def lease(conn: Connection, *, owner: str, lasts: timedelta) -> Lease | None:
    """Take the most overdue account nobody holds, or None when nothing is due."""
    with conn.cursor(row_factory=class_row(Lease)) as cursor:
        return cursor.execute(SQL["lease"], {"owner": owner, "lasts": lasts}).fetchone()


def others_wait(conn: Connection, lease: Lease) -> bool:
    """Whether nobody has taken another account that has news, or has been due for ten seconds."""
    row = conn.execute(SQL["others_wait"], {"account_id": lease.account_id}).fetchone()
    return bool(row and row[0])


def hold(conn: Connection, lease: Lease, *, lasts: timedelta) -> Held:
    """Prove the lease is still ours, extend it, and return what was asked for meanwhile.

    As the last statement of a writing transaction this is the fence: it locks the delta until the
    commit, so a successor either waits for our result or has made this raise.
    Raises LeaseLost when another worker took the account over.
    """
    row = conn.execute(
        SQL["hold"], {"account_id": lease.account_id, "fence": lease.fence, "lasts": lasts}
    ).fetchone()
    if row is None:
        raise LeaseLost(f"account {lease.account_id} was taken over by another worker")
    return Held(wake=row[0], paced=row[1])


def pushed(conn: Connection, lease: Lease) -> Pushed:
    """Return what was pushed until now; read it before looking, so that nothing later is taken for seen."""
    with conn.cursor(row_factory=class_row(Pushed)) as cursor:
        found = cursor.execute(SQL["pushed"], {"account_id": lease.account_id}).fetchone()
    if found is None:
        raise LeaseLost(f"account {lease.account_id} was removed")
    return found


def served(conn: Connection, lease: Lease, seen: Pushed, *, lagging: bool) -> None:
    """Forget the notifications that a look has served; a newer one keeps its times.

    *lagging*: Gmail never showed what one of them announced, and nobody waits for it any longer.
    """
    conn.execute(
        SQL["served"],
        {"account_id": lease.account_id, "fence": lease.fence, "wake": seen.wake, "lagging": lagging},
    )


def pace(conn: Connection, lease: Lease, *, vain: int, pause: timedelta) -> None:
    """Remember how many looks in a row were in vain; for *pause* no notification asks for another."""
    conn.execute(
        SQL["pace"], {"account_id": lease.account_id, "fence": lease.fence, "vain": vain, "pause": pause}
    )


@dataclass(frozen=True, slots=True)
class Silence:
    """An account whose mail was found by polling, and no notification has come since.  Times are UTC."""

    account_id: int
    unpushed_since: datetime  # when polling first found something
    unpushed_at: datetime  # when it last did
    push_broken_at: datetime | None  # when this was judged to be no accident
    watch_restarted_at: datetime | None  # when its watch was last stopped and made anew for that


def found_unpushed(conn: Connection, lease: Lease) -> None:
    """Note that something had changed of which no notification told; the next notification forgets it."""
    conn.execute(SQL["found_unpushed"], {"account_id": lease.account_id, "fence": lease.fence})


def silences(conn: Connection) -> list[Silence]:
    """Return the active accounts for which found_unpushed stands."""
    with conn.cursor(row_factory=class_row(Silence)) as cursor:
        return cursor.execute(SQL["silences"]).fetchall()


def mark_push_broken(conn: Connection, account_id: int, *, now: datetime) -> bool:
    """Mark an account's notifications as broken; False when one came meanwhile or it is marked already."""
    return conn.execute(SQL["mark_push_broken"], {"account_id": account_id, "now": now}).rowcount == 1


def release(
    conn: Connection, lease: Lease, *, due_in: timedelta, seen_wake: int | None, lag_looks: int | None = 0
) -> None:
    """Give the account back, due again after *due_in*.

    When a notification came since *seen_wake* it is due at once, or when its pace allows; None keeps
    the pause whatever came (Gmail asked for it), and the notification is served after it.
    *lag_looks* None leaves that counter as it is.
    """
    conn.execute(
        SQL["release"],
        {
            "account_id": lease.account_id,
            "fence": lease.fence,
            "due_in": due_in,
            "seen_wake": seen_wake,
            "lag_looks": lag_looks,
        },
    )


def next_due(conn: Connection) -> datetime | None:
    """Return when the next active account turns due or a lease runs out; None without accounts."""
    row = conn.execute(SQL["next_due"]).fetchone()
    return row[0] if row else None
