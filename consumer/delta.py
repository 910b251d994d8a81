"""One look: ask Gmail what changed since the cursor, and make sure it can never be forgotten."""

from dataclasses import dataclass
from datetime import timedelta

from consumer.history import Fold, fold, reopened
from shared.config import Settings
from shared.errors import HistoryGone, LeaseLost
from shared.gmail.client import Gmail
from shared.store import accounts, deltas, ledger, searches
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from shared.store.deltas import Lease, Pushed

# Gmail sends at most one notification a second and drops the others, so the last changes of a burst come
# without one: after mail was found, one more look (2 units) finds them in seconds instead of minutes.
AFTER_NEWS = timedelta(seconds=2)

# Gmail's index may lag behind its own notification by seconds; looked at again after these pauses.
LAG_PAUSES = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found out."""

    wake: int  # the wake counter before the look began: whatever moved it later asks for another look
    news: bool  # something had changed
    lagging: bool  # a notification named a history id that Gmail's own history does not show yet


def look(db: Database, gmail: Gmail, settings: Settings, lease: Lease) -> Look:
    """Read history from the stored cursor through all pages and write it down in one transaction.

    Ledger rows, label changes, disappearances and the new cursor are committed together: after
    that nothing Gmail has told us can be forgotten, whatever happens to this process.
    Raises LeaseLost, TryLater and whatever Gmail refuses.
    """
    with db.transaction() as conn:
        account, pushed = accounts.by_id(conn, lease.account_id), deltas.pushed(conn, lease)
    try:
        pages = list(gmail.history(account.cursor))
    except HistoryGone:
        return _long_way_round(db, gmail, lease, account, pushed)
    seen = fold(record for page in pages for record in page.records)
    reached = max((page.history_id for page in pages), default=account.cursor)
    lagging = pushed.history_id is not None and reached < pushed.history_id
    with db.transaction() as conn:
        _write_down(conn, settings, lease, seen, pushed)
        _move(conn, account, reached)
        if not lagging:
            deltas.served(conn, lease, pushed)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    return Look(wake=pushed.wake, news=bool(seen.told), lagging=lagging)


def _write_down(conn: Connection, settings: Settings, lease: Lease, seen: Fold, pushed: Pushed) -> None:
    present = seen.present
    states = ledger.states(conn, lease.account_id, list(present))
    known = {gmail_id: told for gmail_id, told in present.items() if gmail_id in states}
    ledger.add(
        conn,
        lease.account_id,
        [
            ledger.Seen(gmail_id, told.thread_id, told.labels)
            for gmail_id, told in present.items()
            if gmail_id not in states
        ],
        live=True,
        pushed_at=pushed.first_at,
    )
    ledger.relabel(
        conn,
        lease.account_id,
        {gmail_id: told.labels for gmail_id, told in known.items() if told.labels is not None},
        reopened(seen, states, settings.skip_labels),
    )
    ledger.disappeared(conn, lease.account_id, seen.gone)


def _move(conn: Connection, account: Account, reached: int) -> None:
    """Forward only, and only from where this look began; anything else is another worker's doing."""
    if not accounts.move_cursor(conn, account.id, expected=account.cursor, to=max(reached, account.cursor)):
        raise LeaseLost(f"the cursor of account {account.id} was moved by another worker")


def _long_way_round(db: Database, gmail: Gmail, lease: Lease, account: Account, pushed: Pushed) -> Look:
    """Gmail no longer keeps our history: anchor first, then list everything, then go on from the anchor.

    The anchor is taken before the listing starts, so what arrives during it is seen by the next look.
    """
    anchor = gmail.profile().history_id
    with db.transaction() as conn:
        searches.recover(conn, account.id, cursor=account.cursor, anchor=anchor)
        _move(conn, account, anchor)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    return Look(wake=pushed.wake, news=True, lagging=False)
