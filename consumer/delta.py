"""One look: ask Gmail what changed since the cursor, and make sure it can never be forgotten."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from consumer import pace, reconcile
from consumer.history import Fold, fold, reopened
from consumer.pace import Again
from shared.config import Settings
from shared.errors import HistoryGone, LeaseLost
from shared.gmail.client import Gmail
from shared.store import accounts, deltas, ledger
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from shared.store.deltas import Lease, Pushed
from shared.store.searches import GapReason

# Gmail sends at most one notification a second and drops the others, so the last changes of a burst come
# without one: after mail was found, one more look (2 units) finds them in seconds instead of minutes.
AFTER_NEWS = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found out."""

    wake: int  # the wake counter before the look began: whatever moved it later asks for another look
    news: bool  # something had changed
    again: Again | None  # a notification named a history id that Gmail's own history does not show yet


def look(db: Database, gmail: Gmail, settings: Settings, lease: Lease) -> Look:
    """Read history from the stored cursor through all pages and write it down in one transaction.

    Ledger rows, label changes, disappearances and the new cursor are committed together: after
    that nothing Gmail has told us can be forgotten, whatever happens to this process.
    Raises LeaseLost, TryLater and whatever Gmail refuses.
    """
    with db.transaction() as conn:
        account, pushed = accounts.by_id(conn, lease.account_id), deltas.pushed(conn, lease)

    def long_way_round(reason: GapReason) -> Look:
        reconcile.begin(db, lease, account, anchor=gmail.profile().history_id, reason=reason)
        return Look(wake=pushed.wake, news=True, again=None)

    if reconcile.is_stale(account, settings, datetime.now(UTC)):
        return long_way_round("stale")
    try:
        pages = list(gmail.history(account.cursor))
    except HistoryGone:
        return long_way_round("expired")
    seen = fold((record for page in pages for record in page.records), settings.skip_labels)
    reached = max((page.history_id for page in pages), default=account.cursor)
    if reached < account.cursor and gmail.profile().history_id < account.cursor:
        # A mailbox made anew under the same address counts from the start: nothing would ever be newer.
        return long_way_round("restarted")
    lagging = pushed.history_id is not None and reached < pushed.history_id
    asked, news = pushed.first_at is not None, bool(seen.told)
    paced = pace.after(pushed.vain, pushed.calm, asked=asked, news=news)
    again = pace.again(pushed.lag_looks, paced.pause if paced else timedelta(0)) if lagging else None
    with db.transaction() as conn:
        _write_down(conn, settings, lease, seen, pushed)
        _move(conn, account, reached)
        if again is None:
            deltas.served(conn, lease, pushed, lagging=lagging)
        if paced is not None:
            deltas.pace(conn, lease, vain=paced.vain, pause=paced.pause)
        if news and not asked:
            deltas.found_unpushed(conn, lease)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    return Look(wake=pushed.wake, news=news, again=again)


def _write_down(conn: Connection, settings: Settings, lease: Lease, seen: Fold, pushed: Pushed) -> None:
    present = seen.present
    states = ledger.states(conn, lease.account_id, list(present))
    known = {gmail_id: told for gmail_id, told in present.items() if gmail_id in states}
    ledger.add(
        conn,
        lease.account_id,
        [
            ledger.Seen(gmail_id, told.thread_id, told.labels, told.arrived)
            for gmail_id, told in present.items()
            if told.arrived or gmail_id not in states
        ],
        pushed_at=pushed.first_at,
    )
    labels = {gmail_id: told.labels for gmail_id, told in known.items() if told.labels is not None}
    ledger.relabel(conn, lease.account_id, labels)
    reconcile.reappear(conn, lease.account_id, reopened(seen, states, settings.skip_labels))
    reconcile.vanish(conn, settings, lease.account_id, seen.gone)


def _move(conn: Connection, account: Account, reached: int) -> None:
    """Forward only, and only from where this look began; anything else is another worker's doing."""
    if not accounts.move_cursor(conn, account.id, expected=account.cursor, to=max(reached, account.cursor)):
        raise LeaseLost(f"the cursor of account {account.id} was moved by another worker")
