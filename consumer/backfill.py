"""List an account's mail page by page into the ledger.  Capture takes it from there."""

from consumer import reconcile
from shared.gmail.client import Gmail
from shared.gmail.failures import StalePage
from shared.gmail.resources import ListPage
from shared.store import deltas, ledger, searches
from shared.store.database import Connection, Database
from shared.store.deltas import Lease
from shared.store.searches import Search


def list_page(db: Database, gmail: Gmail, lease: Lease, search: Search, *, size: int) -> int:
    """List the next page of *search* (at most *size* ids): ledger rows and page token in one transaction.

    A restart repeats at most the page that was under way; ids already known cost nothing more.
    Returns how many ids were new.
    """
    try:
        page = gmail.list_ids(page_token=search.page_token or None, q=search.query or None, max_results=size)
    except StalePage:
        # The token has ended with whatever made it: from the first page again, known ids cost nothing.
        with db.transaction() as conn:
            searches.advance(conn, search, page_token="", found=0, done=False)
            deltas.hold(conn, lease, lasts=deltas.LEASE)
        return 0
    with db.transaction() as conn:
        new = _write_down(conn, lease, search, page)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    return new


def _write_down(conn: Connection, lease: Lease, search: Search, page: ListPage) -> int:
    seen = [ledger.Seen(ref.id, ref.thread_id) for ref in page.messages]
    new = ledger.add(conn, lease.account_id, seen)
    if search.kind == "recovery":
        ids = [one.gmail_id for one in seen]
        # A listing shows what is neither in spam nor in the bin: whatever was there may have been rescued.
        relabelled = ledger.hidden(conn, lease.account_id, ids)
        ledger.relabel(conn, lease.account_id, dict.fromkeys(relabelled, ()))
        reconcile.reappear(conn, lease.account_id, relabelled)
        ledger.listed(conn, lease.account_id, ids, search.id)
        searches.count_recovered(conn, search, new)
    token = page.next_page_token or ""
    searches.advance(conn, search, page_token=token, found=len(seen), done=not token)
    return new
