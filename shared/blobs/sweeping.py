"""The sweep: end the retention of raw messages, and remove blobs that nothing refers to."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from shared.blobs import KINDS, BlobStore
from shared.blobs.files import FileObjects
from shared.store import blobs
from shared.store.database import Connection, Database

# A claim may be voided at any time, and is then made again; younger ones are left alone to save that work.
GRACE = timedelta(hours=1)
TOGETHER = 500
NAMED = re.compile(r"([0-9a-f]{2})/(\1[0-9a-f]{62})")


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did."""

    expired: int = 0  # raw messages whose retention ended
    removed: int = 0  # blobs
    strangers: int = 0  # blobs found without a row: judged by age from now on
    dead: int = 0  # files half-written by a process that died


def sweep(
    db: Database, store: BlobStore, *, raw_retention: timedelta, grace: timedelta = GRACE, look: bool = False
) -> Swept:
    """Remove what nothing refers to; *look* also lists the whole store for what no row knows of.

    Safe to run from several processes at once, and to be killed at any step: the next sweep goes on.
    Raises TryLater when the database or the store is away, OperatorMustAct when the store refuses us.
    """
    strangers = _adopt(db, store) if look else 0
    expired = _until_none(db, lambda conn: blobs.expire_raws(conn, older_than=raw_retention, limit=TOGETHER))
    with db.transaction() as conn:
        blobs.settle_unread(conn)
    removed = _remove_old(db, store, grace)
    return Swept(expired, removed, strangers, _clear_dead(store))


def take_doomed(db: Database, store: BlobStore, doomed: blobs.Claims) -> int:
    """Remove doomed blobs, each in its own transaction: bytes go under their row's lock.  Return how many."""
    return sum(_take(db, store, sha256, number) for sha256, number in doomed.items())


def _take(db: Database, store: BlobStore, sha256: str, number: int) -> bool:
    with db.transaction() as conn:
        taken = blobs.take(conn, sha256, number)
        if taken:
            store.drop(sha256)
    return taken


def _remove_old(db: Database, store: BlobStore, grace: timedelta) -> int:
    removed = 0
    while True:
        with db.transaction() as conn:
            doomed = blobs.doom_old(conn, older_than=grace, limit=TOGETHER)
        removed += take_doomed(db, store, doomed)
        if len(doomed) < TOGETHER:
            return removed


def _until_none(db: Database, step: Callable[[Connection], int]) -> int:
    total = 0
    while True:
        with db.transaction() as conn:
            done = step(conn)
        total += done
        if done < TOGETHER:
            return total


def _adopt(db: Database, store: BlobStore) -> int:
    """Give every blob a row: what a crash of the database or an old backup left without one is then swept."""
    total, found = 0, _digests(store)
    while some := list(islice(found, TOGETHER)):
        with db.transaction() as conn:
            total += blobs.adopt(conn, some)
    return total


def _digests(store: BlobStore) -> Iterator[str]:
    """Yield the digests of the store; what is named otherwise is not ours to touch."""
    for kind in KINDS:
        for key in store.objects.keys(kind):
            if named := NAMED.fullmatch(key.removeprefix(f"{kind}/")):
                yield named[2]


def _clear_dead(store: BlobStore) -> int:
    if not isinstance(store.objects, FileObjects):
        return 0
    return sum(store.objects.clear_dead(kind) for kind in KINDS)
