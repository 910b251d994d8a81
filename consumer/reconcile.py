"""The long way round, when history is not to be had: anchor, list all, follow the difference both ways.

What the listing names and the ledger does not is captured.  What the ledger holds and a complete listing
does not name is asked for, message by message: only Gmail's own "not found" makes it gone.
"""

from datetime import datetime, timedelta

from consumer.asking import put_off
from shared.config import Settings
from shared.errors import LeaseLost, MessageGone
from shared.gmail.client import Gmail
from shared.gmail.many import Answers
from shared.gmail.resources import Message
from shared.store import accounts, deltas, disappearance, ledger, searches
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from shared.store.deltas import LEASE, Lease
from shared.store.searches import GapReason, Search

TOGETHER = 25  # asked for at a time


def is_stale(account: Account, settings: Settings, now: datetime) -> bool:
    """Whether the cursor is older than history is trusted to reach (both times aware, UTC)."""
    return now - account.cursor_at > timedelta(days=settings.stale_days)


def begin(db: Database, lease: Lease, account: Account, *, anchor: int, reason: GapReason) -> None:
    """Set the cursor to *anchor* and order the listing, in one transaction.

    The anchor was taken before the listing starts, so what arrives during it is seen by the next look.
    Raises LeaseLost when another worker moved the cursor.
    """
    with db.transaction() as conn:
        searches.recover(conn, account.id, cursor=account.cursor, anchor=anchor, reason=reason)
        move = accounts.restart_cursor if reason == "restarted" else accounts.move_cursor
        to = anchor if reason == "restarted" else max(anchor, account.cursor)
        if not move(conn, account.id, expected=account.cursor, to=to):
            raise LeaseLost(f"the cursor of account {account.id} was moved by another worker")
        deltas.hold(conn, lease, lasts=LEASE)


def confirm(db: Database, gmail: Gmail, settings: Settings, lease: Lease, search: Search) -> None:
    """Ask for the next few messages a complete listing did not name; when none is left, end the recovery.

    One in the bin or in spam is still there and gets its labels; one that cannot be read is not called
    gone.  Raises LeaseLost, and what kept some of them from being asked for: they stay in doubt.
    """
    with db.transaction() as conn:
        doubtful = ledger.in_doubt(conn, lease.account_id, search.id, limit=TOGETHER)
        if not doubtful:
            searches.finish(conn, search)
            deltas.hold(conn, lease, lasts=LEASE)
            return
    answers = gmail.metadata(doubtful)
    with db.transaction() as conn:
        _settle(conn, settings, lease, search, answers)
        deltas.hold(conn, lease, lasts=LEASE)
    for answer in answers.values():
        if put_off(answer):
            raise answer


def _settle(conn: Connection, settings: Settings, lease: Lease, search: Search, answers: Answers) -> None:
    gone = [gmail_id for gmail_id, answer in answers.items() if isinstance(answer, MessageGone)]
    there = {
        gmail_id: answer.label_ids for gmail_id, answer in answers.items() if isinstance(answer, Message)
    }
    settled = [gmail_id for gmail_id, answer in answers.items() if not put_off(answer)]
    vanish(conn, settings, lease.account_id, gone)
    ledger.relabel(conn, lease.account_id, there)
    ledger.listed(conn, lease.account_id, settled, search.id)
    searches.count_gone(conn, search, len(gone))


def vanish(conn: Connection, settings: Settings, account_id: int, gmail_ids: list[str]) -> None:
    """Mark messages as deleted in Gmail, and treat emails without any copy left as the fund decided."""
    emails = ledger.disappeared(conn, account_id, gmail_ids)
    disappearance.vanished(conn, [one for one in emails if one is not None], policy=settings.on_delete)


def reappear(conn: Connection, account_id: int, gmail_ids: list[str]) -> None:
    """Let messages that Gmail shows again be judged again, and stored ones come back."""
    disappearance.returned(conn, ledger.reopen(conn, account_id, gmail_ids))
