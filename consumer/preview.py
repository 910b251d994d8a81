"""What a backfill would cost, from ids alone.  Decides only: what was listed in, units and messages out.

It follows the same order as the consumer: everything is searched, what was named is fetched, the rest
is listed, and the proof comes last.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from consumer.plan import GET, LIST, Purpose, Wanted, fetch_units, fetching
from shared.gmail.meter import BULK_PACE

PROFILE = "gmail.users.getProfile"


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger says of a message: whether finding it again costs anything."""

    state: str
    thread_id: str
    by_search: bool = False  # nobody's, but only a search has said so
    live: bool = False
    named: bool = False
    files: bool = False
    ruled_out: bool = False  # by its labels, as far as they are known


@dataclass(frozen=True, slots=True)
class Heard:
    """What a step of the plan lists: {Gmail id: thread id}, for so many calls.  A proof lists nothing."""

    purpose: Purpose
    ids: Mapping[str, str]
    calls: int = 0
    again: bool = False  # for a new investor: what had been judged before is named too
    looks_again: bool = False  # the newest page is listed once more a little later


@dataclass(frozen=True, slots=True)
class Preview:
    """What a backfill finds, fetches and proves, and the units of each."""

    listed: int  # ids Gmail lists, without spam and the bin; 0 when no step lists everything
    known: int  # of these: in the ledger already
    messages: int  # to be fetched
    threads: int  # of the messages: so many threads are read whole
    raw: int  # and so many messages by themselves
    headers: int  # messages whose headers decide
    prove: int  # messages whose headers are read for proof, when there are units to spare
    finding: int  # units, as all that follow
    weighing: int
    fetching: int
    proving: int
    at_most: int  # on top, for what only reading will tell

    @property
    def until_stored(self) -> int:
        """Units until everything a search names is stored."""
        return self.finding + self.weighing + self.fetching

    @property
    def units(self) -> int:
        """All units, without what only reading will tell."""
        return self.until_stored + self.proving


def preview(
    heard: Sequence[Heard], ledger: Mapping[str, Known], *, planned: int, prices: Mapping[str, int]
) -> Preview:
    """Fold what the steps list with the ledger; *planned* is how many plans are made (a profile each)."""
    purposes = {one.purpose for one in heard}
    named = _named(heard, ledger)
    fetch = fetching(_wanted(heard, ledger, named), prices=prices)
    listing = {
        id_: thread for one in heard if one.purpose in {"scan", "rest"} for id_, thread in one.ids.items()
    }
    left = {id_: thread for id_, thread in listing.items() if id_ not in ledger and id_ not in named}
    doubtful = {id_: row.thread_id for id_, row in ledger.items() if _is_unproved(row) and id_ not in named}
    brought = set(_members(left | doubtful, fetch.threads))
    headers = _to_weigh(ledger, named)
    unproved = doubtful.keys() - brought
    if "scan" in purposes:
        headers |= left.keys() - brought
    else:
        unproved |= left.keys() - brought
    prove = unproved if "proof" in purposes else set()
    threads = {id_: ledger[id_].thread_id for id_ in ledger} | left
    proof = fetching([Wanted(id_, threads[id_], files=False) for id_ in prove], prices=prices)
    calls = sum(one.calls + one.looks_again for one in heard)
    return Preview(
        listed=len(listing),
        known=len(listing.keys() & ledger.keys()),
        messages=len(named),
        threads=len(fetch.threads),
        raw=len(fetch.single),
        headers=len(headers),
        prove=len(prove),
        finding=planned * prices[PROFILE] + calls * prices[LIST],
        weighing=len(headers) * prices[GET],
        fetching=fetch_units(fetch, prices=prices),
        proving=fetch_units(proof, prices=prices),
        at_most=(len(headers) + len(brought)) * prices[GET],
    )


def minutes(units: int, *, rate: float) -> float:
    """Return how long *units* of old mail take at *rate* units per second; 0 when that is 0, unmetered."""
    return units / (rate * BULK_PACE * 60) if rate else 0.0


def _named(heard: Sequence[Heard], ledger: Mapping[str, Known]) -> dict[str, str]:
    """Return {id: thread id} of the old mail that a search names, now or before, and that is not settled."""
    named = {
        id_: row.thread_id for id_, row in ledger.items() if row.named and _waits(row) and not row.ruled_out
    }
    for one in heard:
        if one.purpose == "name":
            named |= {id_: thread for id_, thread in one.ids.items() if _opens(ledger.get(id_), one.again)}
    return named


def _opens(row: Known | None, again: bool) -> bool:
    if row is None:
        return True
    if row.state == "unmatched":
        return again or row.by_search
    return _waits(row) and not row.ruled_out


def _waits(row: Known) -> bool:
    return row.state == "waiting" and not row.live


def _is_unproved(row: Known) -> bool:
    return row.state == "unmatched" and row.by_search


def _wanted(
    heard: Sequence[Heard], ledger: Mapping[str, Known], named: Mapping[str, str]
) -> Iterator[Wanted]:
    files = {id_ for one in heard if one.purpose == "files" for id_ in one.ids}
    files |= {id_ for id_, row in ledger.items() if row.files}
    return (Wanted(id_, thread, files=id_ in files) for id_, thread in named.items())


def _to_weigh(ledger: Mapping[str, Known], named: Collection[str]) -> set[str]:
    return {id_ for id_, row in ledger.items() if _waits(row) and id_ not in named and not row.ruled_out}


def _members(ids: Mapping[str, str], threads: Iterable[str]) -> Iterator[str]:
    """Yield those of *ids* that come along with a thread that is read whole."""
    whole = set(threads)
    return (id_ for id_, thread in ids.items() if (thread or id_) in whole)
