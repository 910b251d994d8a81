"""One run: everything there is to do for one leased account, live mail before old mail."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic

from consumer import reconcile
from consumer.backfill import BEFORE_FETCHING, list_page, make_plan, prove
from consumer.capture import Capture
from consumer.delta import AFTER_NEWS, Look, look
from consumer.matching import Matching
from consumer.parsing import Parsers
from shared.blobs import BlobStore
from shared.config import Settings
from shared.errors import SlowDown, TryLater
from shared.gmail.client import GmailFactory
from shared.store import accounts, deltas, ledger, searches
from shared.store.database import Database
from shared.store.deltas import Held, Lease, Pushed
from shared.store.ledger import Entry
from shared.store.runs import Tally
from shared.store.searches import Search

# Rows taken at a time: small enough that a notification waits at most one such step.
STEP = 25


@dataclass(frozen=True, slots=True)
class Deps:
    """Everything with a side effect; the command line builds the real ones, a test its own."""

    db: Database
    gmail: GmailFactory
    blobs: BlobStore
    parsers: Parsers
    settings: Settings
    stopping: Callable[[], bool]
    matching: Matching


@dataclass(frozen=True, slots=True)
class Outcome:
    """When the account wants to be looked at again."""

    due_in: timedelta
    seen_wake: int | None  # None: keep the pause whatever was pushed meanwhile
    lag_looks: int | None  # None: as many as before
    vain: bool = False  # it came to nothing: notifications ask for the next look only after a pause


def run(deps: Deps, lease: Lease, tally: Tally, *, progress: Callable[[], None] = lambda: None) -> Outcome:
    """Look, then capture what waits and list what is still to be found, until nothing is left.

    Whenever the wake counter moves, a new look comes first: old mail never holds up new mail.
    Only notifications that have told of nothing wait out their pace.  Old mail is given back after a
    step when the time for the next look has come, or when nobody has taken another account that has
    news or has long been due.
    *progress* is called after every step.
    """
    with deps.db.transaction() as conn:
        address = accounts.by_id(conn, lease.account_id).address
    looked: Look | None = None
    looked_at, stepped = monotonic(), False

    def others_first() -> bool:
        """Whether news of this account or of another asks for us: old mail that waits for units gives way."""
        with deps.db.transaction() as conn:
            return _wanted(deltas.pushed(conn, lease), looked) or deltas.others_wait(conn, lease)

    live, bulk = (
        deps.gmail.account(address, live=True),
        deps.gmail.account(address, gives_way=others_first),
    )
    while not deps.stopping():
        progress()
        with deps.db.transaction() as conn:
            held = deltas.hold(conn, lease, lasts=deltas.LEASE)
            entries = ledger.waiting(conn, lease.account_id, limit=STEP)
            search = searches.open_search(conn, lease.account_id)
            crowded = stepped and deltas.others_wait(conn, lease)
            deps.matching.refresh(conn)
        excluded = deps.matching.excluded
        settings = _with_labels(deps.settings, excluded.labels_of(address))
        if looked is None or _wanted(held, looked):
            looked, looked_at = look(deps.db, live, settings, lease), monotonic()
            continue
        urgent = any(entry.live for entry in entries)
        if (
            not urgent
            and (entries or search)
            and (crowded or monotonic() - looked_at > _calm(looked, settings))
        ):
            return _given_back(deps, lease, looked)
        gmail = live if urgent else bulk
        capture = Capture(deps.db, deps.blobs, deps.parsers, settings, gmail, lease, tally, deps.matching)
        try:
            if address in excluded.accounts:
                capture.leave_out(entries)
            elif _advance(deps, capture, entries, search):
                stepped = True
                continue
            if not entries:
                break
        except TryLater as later:
            if urgent or isinstance(later, SlowDown):
                raise
            # Old mail waits for units, or for a page: whatever else is due meanwhile does not wait with it.
            return _given_back(deps, lease, looked, due_in=later.after)
    return _outcome(deps, lease, looked)


def _calm(looked: Look, settings: Settings) -> float:
    """Return after how many seconds the next look comes, whatever else there is to do."""
    if looked.again is not None:
        return looked.again.pause.total_seconds()
    return (AFTER_NEWS if looked.news else settings.quiet_poll).total_seconds()


def _given_back(deps: Deps, lease: Lease, looked: Look, *, due_in: timedelta = timedelta(0)) -> Outcome:
    """Let old mail wait for *due_in*, or only behind whoever is due already; the look has succeeded."""
    with deps.db.transaction() as conn:
        accounts.succeeded(conn, lease.account_id)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
    calm = timedelta(seconds=_calm(looked, deps.settings))
    return Outcome(min(due_in, calm), looked.wake, looked.again.lag_looks if looked.again else 0)


def _wanted(now: Held | Pushed, looked: Look | None) -> bool:
    return looked is None or (now.wake != looked.wake and not now.paced)


def _advance(deps: Deps, capture: Capture, entries: Sequence[Entry], search: Search | None) -> bool:
    """Do what comes next, live mail before a search before old mail; say whether there was anything."""
    urgent = [entry for entry in entries if entry.live]
    if urgent:
        capture.take(urgent)
    elif search is not None and (not entries or search.purpose in BEFORE_FETCHING):
        _find(deps, capture, search)
    elif entries:
        capture.take(entries)
    else:
        return False
    return True


def _with_labels(settings: Settings, left_out: frozenset[str]) -> Settings:
    """Labels that exclusions name rule a message out as those of CRM_GMAIL_SKIP_LABELS do."""
    if not left_out:
        return settings
    return settings.model_copy(update={"skip_labels": (*settings.skip_labels, *sorted(left_out))})


def _find(deps: Deps, capture: Capture, search: Search) -> None:
    """Bring a search one step further."""
    capture.tally.kind = "recovery" if search.kind == "recovery" else "backfill"
    gmail, lease = capture.gmail, capture.lease
    if search.state == "confirming":
        reconcile.confirm(deps.db, gmail, deps.settings, lease, search)
    elif search.purpose == "plan":
        make_plan(deps.db, gmail, lease, search, prices=deps.settings.prices)
    elif search.purpose == "proof":
        prove(deps.db, capture, lease, search)
    else:
        list_page(deps.db, gmail, lease, search, size=deps.settings.page_size)


def _outcome(deps: Deps, lease: Lease, looked: Look | None) -> Outcome:
    """Decide when the account is due next: soon when Gmail lags or rows wait, else after the quiet poll."""
    if looked is None or deps.stopping():  # somebody else goes on at once
        return Outcome(timedelta(0), None, None)
    if looked.again is not None:
        return Outcome(looked.again.pause, looked.wake, looked.again.lag_looks)
    settings = deps.settings
    with deps.db.transaction() as conn:
        accounts.succeeded(conn, lease.account_id)
        waits = ledger.next_waiting(conn, lease.account_id)
        deltas.hold(conn, lease, lasts=deltas.LEASE)
        every = timedelta(minutes=settings.sync_interval_min)
        if waits is None and every and searches.order_checks(conn, lease.account_id, newest_every=every):
            return Outcome(timedelta(0), looked.wake, 0)
    calm = timedelta(seconds=_calm(looked, settings))
    return Outcome(calm if waits is None else min(waits, calm), looked.wake, 0)
