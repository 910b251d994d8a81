"""A sweep against those who keep and store the very same bytes: nothing that is referred to is ever gone."""

import hashlib
import random
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from shared.blobs import FILES, RAW, BlobStore
from shared.blobs.keeper import Keeper
from shared.blobs.sweeping import sweep
from shared.errors import TryLater
from shared.store import blobs
from shared.store.database import Database
from tests.blobs import dying
from tests.blobs.conftest import claim, known
from tests.blobs.test_sweep import digest, email

NOW, MONTH = timedelta(0), timedelta(days=30)
CONTENTS = {digest(content): content for content in (b"terms", b"deck", b"cap table")}
LASTS_SEC = 4.0


def refer(db: Database, email_id: int, sha: str, claims: blobs.Claims, part: str) -> bool:
    """Store a reference as capture does; False when the sweep was faster and it must be done again."""
    try:
        with db.transaction() as conn:
            blobs.hold(conn, claims)
            conn.execute(
                b"INSERT INTO mailroom.email_attachments (email_id, part_id, media_type, inline, size, sha256)"
                b" VALUES (%s, %s, 'text/plain', false, 1, %s)",
                (email_id, part, sha),
            )
    except TryLater:
        return False
    return True


def write(db: Database, folder: Path, email_id: int, seed: int, until: float) -> dict[str, int]:
    """Keep, store, read back and erase again and again; count what happened.  Its own store, as a process has."""
    store, chance, done = (
        BlobStore(folder),
        random.Random(seed),  # noqa: S311 - an order of steps
        dict.fromkeys(("stored", "again", "lost", "let_go"), 0),
    )
    keeper = Keeper(db, store)
    n = 0
    while time.monotonic() < until:
        n += 1
        sha, content = chance.choice(list(CONTENTS.items()))
        claims = keeper.files({sha: content})
        if chance.random() < 0.2:
            keeper.let_go(claims)
            done["let_go"] += 1
            continue
        time.sleep(chance.choice((0, 0, 0.003)))
        part = f"{seed}.{n}"
        if not refer(db, email_id, sha, claims, part):
            done["again"] += 1
            continue
        time.sleep(chance.choice((0, 0.003)))
        try:
            done["stored" if store.file(sha) == content else "lost"] += 1
        except FileNotFoundError:
            done["lost"] += 1
        with db.transaction() as conn:
            conn.execute(b"DELETE FROM mailroom.email_attachments WHERE part_id = %s", (part,))
    return done


def clear(db: Database, folder: Path, stop: Event) -> int:
    removed, store = 0, BlobStore(folder)
    while not stop.is_set():
        removed += sweep(db, store, raw_retention=MONTH, grace=NOW, look=True).removed
    return removed


def test_writers_and_sweeps_at_once_never_lose_what_is_referred_to(db, database_url, tmp_path):
    email_id, stop, until = email(db), Event(), time.monotonic() + LASTS_SEC

    with Database(database_url, most=7) as many, ThreadPoolExecutor(7) as pool:
        sweeps = [pool.submit(clear, many, tmp_path, stop) for _ in range(2)]
        writers = [pool.submit(write, many, tmp_path, email_id, seed, until) for seed in range(4)]
        try:
            counts = [one.result() for one in writers]
        finally:
            stop.set()
        removed = sum(one.result() for one in sweeps)

    total = {name: sum(one[name] for one in counts) for name in counts[0]}
    assert total["lost"] == 0
    assert min(total["stored"], total["again"], total["let_go"], removed) > 10, (total, removed)  # they met


@pytest.mark.parametrize("step", dying.STEPS)
def test_a_sweep_killed_at_any_step_is_finished_by_the_next(db, database_url, tmp_path, step):
    store = BlobStore(tmp_path)
    slow = keep_both(db, store)

    kill(database_url, tmp_path, step)

    # Whatever is left of it, an old claim is void.
    assert not refer(db, email(db), digest(b"both"), slow, "0")
    sweep(db, store, raw_retention=MONTH)
    assert known(db) == set()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("step", dying.STEPS)
def test_after_a_sweep_was_killed_at_any_step_the_same_bytes_can_be_stored(db, database_url, tmp_path, step):
    store = BlobStore(tmp_path)
    keep_both(db, store)

    kill(database_url, tmp_path, step)

    claims = Keeper(db, BlobStore(tmp_path)).files({digest(b"both"): b"both"})
    assert refer(db, email(db), digest(b"both"), claims, "0")
    sweep(db, store, raw_retention=MONTH, grace=NOW)
    assert store.file(digest(b"both")) == b"both"


def test_a_sweep_that_lost_its_connection_removes_nothing_that_was_claimed_since(db, tmp_path):
    """Its doom no longer stands: it may go on for as long as it likes."""
    store = BlobStore(tmp_path)
    keep_both(db, store)
    with db.transaction() as conn:
        doomed = blobs.doom_old(conn, older_than=NOW, limit=10)
    claims = claim(db, (digest(b"both"), 4))

    with db.transaction() as conn:
        assert not blobs.take(conn, *next(iter(doomed.items())))

    assert refer(db, email(db), digest(b"both"), claims, "0")
    assert store.has(FILES, digest(b"both"))


def keep_both(db: Database, store: BlobStore) -> dict[str, int]:
    keeper = Keeper(db, store)
    keeper.raws([b"both"])
    claims = keeper.files({digest(b"both"): b"both"})
    assert store.has(RAW, hashlib.sha256(b"both").hexdigest())
    return claims


def kill(url: str, folder: Path, step: str) -> None:
    died = subprocess.run([sys.executable, dying.__file__, url, folder, step], timeout=60, check=False)
    assert died.returncode == -signal.SIGKILL
