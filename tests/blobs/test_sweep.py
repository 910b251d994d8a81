"""What a sweep removes, and what it leaves."""

import hashlib
from datetime import timedelta

import pytest

from shared.blobs import FILES, RAW
from shared.blobs.files import TEMP
from shared.blobs.keeper import Keeper
from shared.blobs.sweeping import sweep
from shared.errors import TryLater
from shared.store import blobs
from tests.blobs.conftest import age, claim, known

MONTH = timedelta(days=30)


def digest(content):
    return hashlib.sha256(content).hexdigest()


def email(db, *, raw=None, files=(), defects=(), days=0):
    """Store a bare email that refers to these blobs; return its id."""
    with db.transaction() as conn:
        [email_id] = conn.execute(
            b"WITH t AS (INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id)"
            b" INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction,"
            b" raw_sha256, raw_size, historic, defects, stored_at) SELECT t.id, '', repeat('0', 64), '', now(), 'header',"
            b" 'inbound', %s, 0, false, %s, now() - %s FROM t RETURNING id",
            (raw, list(defects), timedelta(days=days)),
        ).fetchone()
        for n, sha in enumerate(files):
            conn.execute(
                b"INSERT INTO mailroom.email_attachments (email_id, part_id, media_type, inline, size, sha256)"
                b" VALUES (%s, %s, 'text/plain', false, 1, %s)",
                (email_id, str(n), sha),
            )
    return email_id


def test_what_nobody_refers_to_goes_with_both_its_kinds_and_its_row(db, store):
    Keeper(db, store).raws([b"orphan"])
    Keeper(db, store).files({digest(b"orphan"): b"orphan"})
    age(db)

    assert sweep(db, store, raw_retention=MONTH).removed == 1

    assert known(db) == set()
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_what_was_claimed_lately_stays(db, store):
    [(sha, _)] = Keeper(db, store).raws([b"on its way"])

    assert sweep(db, store, raw_retention=MONTH).removed == 0
    assert store.raw(sha) == b"on its way"


def test_what_something_refers_to_stays_however_old(db, store):
    keeper = Keeper(db, store)
    [(raw, _)] = keeper.raws([b"raw"])
    keeper.files({digest(b"file"): b"file"})
    email(db, raw=raw, files=[digest(b"file")])
    age(db)

    assert sweep(db, store, raw_retention=MONTH).removed == 0
    assert (store.raw(raw), store.file(digest(b"file"))) == (b"raw", b"file")


def test_raw_bytes_go_after_their_retention_and_not_a_day_before(db, store):
    [(old, _), (young, _)] = Keeper(db, store).raws([b"old", b"young"])
    old_email, young_email = email(db, raw=old, days=31), email(db, raw=young, days=29)
    age(db)

    swept = sweep(db, store, raw_retention=MONTH)

    assert (swept.expired, swept.removed) == (1, 1)
    with db.transaction() as conn:
        rows = dict(conn.execute(b"SELECT id, raw_sha256 FROM mailroom.emails").fetchall())
    assert rows == {old_email: None, young_email: young}
    assert not store.has(RAW, old)
    assert store.raw(young) == b"young"


def test_raw_bytes_of_a_message_that_could_not_be_read_have_no_retention(db, store):
    [(sha, _)] = Keeper(db, store).raws([b"hostile"])
    email(db, raw=sha, days=400, defects=["parse-timeout"])
    age(db)

    assert sweep(db, store, raw_retention=MONTH).expired == 0
    assert store.raw(sha) == b"hostile"


def test_raw_bytes_shared_with_a_message_that_keeps_them_stay(db, store):
    [(sha, _)] = Keeper(db, store).raws([b"twice"])
    email(db, raw=sha, days=31)
    email(db, raw=sha)
    age(db)

    assert sweep(db, store, raw_retention=MONTH).removed == 0
    assert store.raw(sha) == b"twice"


def test_bytes_without_a_row_are_noted_and_go_an_hour_later(db, store):
    sha = store.put_raw(b"left by a crash of the database")
    (store.root / RAW / "ab").mkdir(exist_ok=True)
    (store.root / RAW / "ab" / "somebody's notes.txt").write_text("not ours")

    assert sweep(db, store, raw_retention=MONTH, look=True).strangers == 1
    assert store.has(RAW, sha)
    age(db)
    assert sweep(db, store, raw_retention=MONTH, look=True).removed == 1

    assert not store.has(RAW, sha)
    assert (store.root / RAW / "ab" / "somebody's notes.txt").exists()


def test_half_written_files_are_cleared_away(db, store, monkeypatch):
    store.put_raw(b"whole")
    [whole] = (path for path in store.root.rglob("*") if path.is_file())
    (whole.parent / f"{TEMP}1").write_bytes(b"half")
    later = whole.stat().st_mtime + 7200
    monkeypatch.setattr("time.time", lambda: later)

    assert sweep(db, store, raw_retention=MONTH).dead == 1
    assert whole.exists()


def test_a_claim_that_a_sweep_voided_cannot_be_held(db, store):
    claims = Keeper(db, store).files({digest(b"slow"): b"slow"})
    sweep(db, store, raw_retention=MONTH, grace=timedelta(0))

    with pytest.raises(TryLater, match="cleared away"), db.transaction() as conn:
        blobs.hold(conn, claims)

    claims = Keeper(db, store).files({digest(b"slow"): b"slow"})
    with db.transaction() as conn:
        blobs.hold(conn, claims)
    assert store.file(digest(b"slow")) == b"slow"


def test_a_claim_does_not_survive_somebody_elses_claim_after_a_sweep(db, store):
    """The bytes of the second may not be there yet, so the first must not store on its row."""
    slow = Keeper(db, store).files({digest(b"slow"): b"slow"})
    sweep(db, store, raw_retention=MONTH, grace=timedelta(0))
    claim(db, (digest(b"slow"), 4))

    with pytest.raises(TryLater), db.transaction() as conn:
        blobs.hold(conn, slow)


def test_two_who_claim_the_same_bytes_may_both_store_them(db, store):
    mine, yours = (Keeper(db, store).files({digest(b"both"): b"both"}) for _ in range(2))

    for claims in (mine, yours):
        with db.transaction() as conn:
            blobs.hold(conn, claims)


def test_letting_go_removes_at_once_and_spares_what_somebody_stored(db, store):
    keeper = Keeper(db, store)
    [mine, other] = keeper.raws([b"private", b"also stored"])
    email(db, raw=other[0])

    keeper.let_go(dict([mine, other]))

    assert not store.has(RAW, mine[0])
    assert known(db) == {other[0]}
    assert store.raw(other[0]) == b"also stored"


def test_bytes_that_are_damaged_or_not_held_are_never_handed_out(db, store):
    Keeper(db, store).files({digest(b"good"): b"good"})
    store.path(FILES, digest(b"good")).write_bytes(b"evil")
    raw = store.put_raw(b"raw")
    store.path(RAW, raw).write_bytes(b"not compressed")

    for read, sha in ((store.file, digest(b"good")), (store.raw, raw)):
        with pytest.raises(Exception, match="damaged"):
            read(sha)
    with pytest.raises(FileNotFoundError):
        store.file(digest(b"never"))


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "A" * 64, "é" * 64, "0" * 63, "0" * 65, "", "0" * 63 + "/"]
)
def test_only_a_digest_names_a_blob(store, name):
    for use in (store.file, store.raw, store.drop, lambda sha: store.put_file(sha, b"x")):
        with pytest.raises(ValueError, match="64 lower-case hex"):
            use(name)
