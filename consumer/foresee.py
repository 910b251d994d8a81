"""List what a backfill would list, and write nothing down.  What it would cost is `preview`'s decision."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from time import sleep
from typing import TypeVar

from consumer.backfill import step_of, steps_for
from consumer.history import ruled_out
from consumer.matching import Matching
from consumer.plan import Step, halves, query
from consumer.preview import Heard, Known, Preview, preview
from shared.config import Settings
from shared.errors import CallerBug, NoUnits, SlowDown
from shared.gmail.client import Gmail
from shared.gmail.failures import StalePage
from shared.gmail.resources import ListPage
from shared.store import ledger, searches
from shared.store.database import Database
from shared.store.searches import Search

T = TypeVar("T")

# Longer pauses than this are no matter of this minute's units: whoever asked is told instead.
LONGEST_PAUSE = timedelta(minutes=2)


def foresee(
    db: Database,
    gmail: Gmail,
    settings: Settings,
    account_id: int,
    *,
    seen: Callable[[int], None] = lambda _: None,
) -> Preview:
    """Return what the backfill of an account has still to do, or what a new one would do.

    Costs as many units as finding the mail does, less the last look at the newest page.  *seen* hears
    how many ids were listed.  Raises what Gmail refuses, and NoUnits or SlowDown instead of
    waiting for minutes.
    """
    with db.transaction() as conn:
        pending = searches.pending(conn, account_id)
        if not pending and not searches.is_cancelled(conn, account_id):  # what is only left is just let go
            pending = [_anew(account_id)]
    plans = [search for search in pending if search.purpose == "plan"]
    messages = _patiently(lambda: gmail.profile().messages_total) if plans else 0
    steps = [search for search in pending if search.purpose != "plan"]
    with db.transaction() as conn:
        for search in plans:
            planned = steps_for(conn, search, messages=messages, prices=settings.prices)
            steps += [replace(search, purpose=step.purpose, terms=list(step.terms)) for step in planned]
    heard = [one for search in steps for one in _listed(gmail, search, settings.page_size, seen)]
    # The ledger after the listing: what was captured meanwhile is not counted as still to be fetched.
    known = _known(db, settings, gmail.address, account_id)
    return preview(heard, known, planned=len(plans), prices=settings.prices)


def _anew(account_id: int) -> Search:
    return Search(0, account_id, "backfill", "plan", [], "", 0, "listing")


def _known(db: Database, settings: Settings, address: str, account_id: int) -> dict[str, Known]:
    rules = Matching(db, settings.own_domains)
    with db.transaction() as conn:
        rules.refresh(conn)
        rows = ledger.known(conn, account_id)
    skip = (*settings.skip_labels, *rules.excluded.labels_of(address))
    return {
        row.gmail_id: Known(
            row.state,
            row.thread_id,
            by_search=row.by_search,
            live=row.live,
            named=row.named,
            files=row.files,
            ruled_out=ruled_out(row.labels, skip),
        )
        for row in rows
    }


def _listed(gmail: Gmail, search: Search, size: int, seen: Callable[[int], None]) -> Iterator[Heard]:
    """List a step from the page it has come to; one that is refused is listed in halves, as it would be."""
    step = step_of(search)
    again, last_look = search.kind == "investor", search.kind == "backfill"
    if step.purpose == "proof":
        yield Heard("proof", {})
        return
    try:
        ids, calls = _pages(gmail, step, search.page_token, size, seen)
    except CallerBug:
        if not step.terms:
            raise
        yield Heard(step.purpose, {}, calls=1)
        for half in halves(step):
            yield from _listed(gmail, replace(search, terms=list(half.terms), page_token=""), size, seen)
        return
    lists_all = step.purpose in {"scan", "rest"}
    yield Heard(step.purpose, ids, calls, again=again, looks_again=lists_all and last_look)


def _pages(
    gmail: Gmail, step: Step, token: str, size: int, seen: Callable[[int], None]
) -> tuple[dict[str, str], int]:
    """Return {id: thread id} of every page from *token* on ("": the first), and how many calls it took."""
    ids, calls, q = dict[str, str](), 0, query(step.terms, step.purpose) or None
    while True:
        calls += 1
        page = _page(gmail, token, q, size)
        if page is None:
            token = ""
            continue
        ids |= {ref.id: ref.thread_id for ref in page.messages}
        seen(len(page.messages))
        token = page.next_page_token or ""
        if not token:
            return ids, calls


def _page(gmail: Gmail, token: str, q: str | None, size: int) -> ListPage | None:
    """Return a page, or None when Gmail no longer takes its token: the listing begins anew."""
    try:
        return _patiently(lambda: gmail.list_ids(page_token=token or None, q=q, max_results=size))
    except StalePage:
        return None


def _patiently(ask: Callable[[], T]) -> T:
    """Ask, and wait as long as it takes for units."""
    while True:
        try:
            return ask()
        except (NoUnits, SlowDown) as later:
            if later.after > LONGEST_PAUSE:
                raise
            sleep(max(later.after.total_seconds(), 0.1))
