"""List an account's mail page by page into the ledger.  Capture takes it from there."""

from shared.gmail.client import Gmail
from shared.gmail.failures import StalePage
from shared.store import deltas, ledger, searches
from shared.store.database import Database
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
    seen = [ledger.Seen(ref.id, ref.thread_id) for ref in page.messages]
    with db.transaction() as conn:
        new = ledger.add(conn, lease.account_id, seen, live=False)
        searches.advance(
            conn,
            search,
            page_token=page.next_page_token or "",
            found=len(seen),
            done=not page.next_page_token,
        )
        searches.count_recovered(conn, search, new)
        if not page.next_page_token:
            searches.close_gaps(conn, search)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    return new
