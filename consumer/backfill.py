"""Find an account's mail in bulk, step by step of a plan.  Capture takes it from there.

Each step is one call to Gmail and one transaction, so a restart repeats at most the page that was
under way, and nothing that was paid for is paid for again.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import cast

from consumer import reconcile
from consumer.capture import Capture
from consumer.plan import Purpose, Step, finding, halves, naming, query
from shared.errors import CallerBug
from shared.gmail.client import Gmail
from shared.gmail.failures import StalePage
from shared.gmail.resources import ListPage
from shared.log import logger
from shared.store import deltas, investors, ledger, proofs, searches
from shared.store.database import Connection, Database
from shared.store.deltas import LEASE, Lease
from shared.store.searches import Search

log = logger("consumer")

# Listed before the old mail that waits is fetched: threads are read whole, so all of one must be known.
PROVED_TOGETHER = 25
# Longer than Gmail's search has been seen to miss a message that is there.
INDEX_LAG = timedelta(minutes=10)
PROOF = (Step("proof"),)
BEFORE_FETCHING = frozenset({"plan", "name", "files"})


def make_plan(db: Database, gmail: Gmail, lease: Lease, search: Search, *, prices: Mapping[str, int]) -> None:
    """Replace a search nobody has planned by the cheapest steps, for the investors of this moment."""
    messages = gmail.profile().messages_total
    with db.transaction() as conn:
        if searches.is_open(conn, search):
            if search.kind == "investor":
                proofs.doubt_the_latest(conn, lease.account_id, within=INDEX_LAG)
            cancelled = searches.is_cancelled(conn, lease.account_id)
            steps = steps_for(conn, search, messages=messages, prices=prices, cancelled=cancelled)
            searches.planned(conn, search, [(step.purpose, step.terms) for step in steps], expected=messages)
        deltas.hold(conn, lease, lasts=LEASE)


def steps_for(
    conn: Connection, search: Search, *, messages: int, prices: Mapping[str, int], cancelled: bool = False
) -> tuple[Step, ...]:
    """Return the cheapest steps for a search nobody has planned, in a mailbox of *messages*.

    *cancelled*: somebody cancelled the account's backfill; what is planned now is no reason to go on with it.
    """
    if search.kind == "investor":
        # A new investor's mail may be any that is known already: only a search tells which.  What was found
        # before the first investor was known is still to be proved: there was nobody to prove it for.
        # Not while somebody has cancelled that: it stays cancelled until it is ordered again.
        proof = not cancelled and bool(proofs.unproved(conn, search.account_id, limit=1))
        return naming(search.terms, messages=messages) + (PROOF if proof else ())
    unknown = max(messages - ledger.count(conn, search.account_id), 0)
    # A recovery is after what history did not tell; the proof that is under way goes on by itself.
    unproved = 0 if search.kind == "recovery" else proofs.count_unproved(conn, search.account_id)
    terms = investors.terms(conn)
    return finding(
        terms, messages=messages, unjudged=unknown + unproved, prices=prices, unproved=unproved
    ).steps


def list_page(db: Database, gmail: Gmail, lease: Lease, search: Search, *, size: int) -> None:
    """List the next page of *search*, at most *size* ids: what it says and the page token in one transaction.

    A page token that Gmail no longer takes begins the listing anew; a query it refuses is halved.
    """
    step = step_of(search)
    try:
        page = gmail.list_ids(
            page_token=search.page_token or None, q=query(step.terms, step.purpose) or None, max_results=size
        )
    except StalePage:
        with db.transaction() as conn:
            searches.advance(conn, search, page_token="", found=0, done=False)
            deltas.hold(conn, lease, lasts=LEASE)
        return
    except CallerBug:
        if not search.terms:
            raise
        _halved(db, lease, search)
        return
    with db.transaction() as conn:
        if searches.is_open(conn, search):  # cancelled meanwhile: the page is listed again when it goes on
            _write_down(conn, lease, search, page)
            token = "" if search.purpose == "newest" else page.next_page_token or ""
            searches.advance(conn, search, page_token=token, found=len(page.messages), done=not token)
        deltas.hold(conn, lease, lasts=LEASE)


def prove(db: Database, capture: Capture, lease: Lease, search: Search) -> None:
    """Read the headers of what only a search has judged in the next few threads; end when none is left."""
    with db.transaction() as conn:
        doubtful = proofs.unproved(conn, lease.account_id, limit=PROVED_TOGETHER)
        if not doubtful:
            searches.advance(conn, search, page_token="", found=0, done=True)
            deltas.hold(conn, lease, lasts=LEASE)
            return
    capture.prove(doubtful)


def step_of(search: Search) -> Step:
    """Return a planned search as the planner's step."""
    return Step(cast("Purpose", search.purpose), tuple(search.terms))


def _halved(db: Database, lease: Lease, search: Search) -> None:
    """Replace a refused query by two smaller ones.

    One that cannot be made smaller is given up, visibly: what it would have named is found by the proof.
    """
    smaller = halves(step_of(search))
    if not smaller:
        log.error("search.refused", account=lease.account_id, search=search.id, purpose=search.purpose)
    with db.transaction() as conn:
        if searches.is_open(conn, search):
            searches.planned(conn, search, [(step.purpose, step.terms) for step in smaller])
        deltas.hold(conn, lease, lasts=LEASE)


def _write_down(conn: Connection, lease: Lease, search: Search, page: ListPage) -> None:
    seen = [ledger.Seen(ref.id, ref.thread_id) for ref in page.messages]
    ids = [one.gmail_id for one in seen]
    if search.purpose == "files":
        ledger.have_files(conn, lease.account_id, ids)
        return
    if search.purpose == "name":
        new = ledger.name(conn, lease.account_id, seen, again=search.kind == "investor")
    elif search.purpose == "rest":
        new = ledger.unnamed(conn, lease.account_id, seen)
    else:
        new = ledger.add(conn, lease.account_id, seen)
    if search.kind == "check":
        searches.count_missed(conn, search, new)
        if new:
            log.warning("check.missed", account=lease.account_id, messages=new, of=search.purpose)
        _rescued(conn, lease, search, ids)
    if search.kind == "recovery":
        searches.count_recovered(conn, search, new if search.purpose != "rest" else 0)
        if search.purpose != "name":
            _rescued(conn, lease, search, ids)


def _rescued(conn: Connection, lease: Lease, search: Search, ids: list[str]) -> None:
    """A listing shows what is neither in spam nor in the bin: whatever was there has come back."""
    back = ledger.hidden(conn, lease.account_id, ids)
    ledger.relabel(conn, lease.account_id, dict.fromkeys(back, ()))
    reconcile.reappear(conn, lease.account_id, back)
    ledger.listed(conn, lease.account_id, ids, search.id)
