"""Transactions: whole or not at all, and every refusal turned into what to do next."""

import psycopg
import pytest

from infra.local import postgres
from infra.local.postgres import server as local_server
from shared.errors import NotStorable, TryLater
from shared.store import audit, tokens
from shared.store.database import Database


def notes(db):
    with db.transaction() as conn:
        return [row[0] for row in conn.execute(b"SELECT action FROM mailroom.audit_log ORDER BY id")]


def test_a_block_that_raises_leaves_nothing_behind(db):
    def fails():
        with db.transaction() as conn:
            audit.note(conn, actor="a", action="lost")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()

    assert notes(db) == []


@pytest.mark.parametrize(
    "value", ["NUL \0", "half a \ud800", "x" * 20_000], ids=["NUL", "surrogate", "too long"]
)
def test_values_no_column_takes_are_named_by_their_kind_alone(db, value):
    with pytest.raises(NotStorable) as refused, db.transaction() as conn:
        # Random enough not to be compressed below what an index row holds.
        conn.execute(
            b"INSERT INTO mailroom.investors (name)"
            b" SELECT %s || string_agg(md5(n::text), '') FROM generate_series(1, 300) AS n",
            (value,),
        )

    assert value not in str(refused.value)
    assert refused.value.__cause__ is None


def test_a_queue_of_notifications_that_somebody_keeps_full_is_for_later(tmp_path):
    small = (*local_server.OPTIONS, "max_notify_queue_pages=64")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local_server, "OPTIONS", small)
        started = postgres.start(tmp_path / "data")
    with (
        started as server,
        psycopg.connect(server.url, autocommit=True) as listener,
        psycopg.connect(server.url, autocommit=True) as other,
        Database(server.url, most=1) as db,
    ):
        listener.execute("LISTEN anything")
        listener.execute("BEGIN")
        listener.execute("SELECT 1")
        with pytest.raises(psycopg.errors.ProgramLimitExceeded):
            other.execute(
                "SELECT pg_notify('anything', repeat('x', 7900) || n) FROM generate_series(1, 200) AS n"
            )

        with pytest.raises(TryLater, match="queue of notifications"), db.transaction() as conn:
            conn.execute(b"SELECT pg_notify('mailroom_due', '1')")


def test_an_unreachable_database_is_for_later(mocker):
    with Database("postgresql://127.0.0.1:9/none?connect_timeout=1") as gone:
        mocker.patch.object(gone._pool, "timeout", 0.1)

        with pytest.raises(TryLater), gone.transaction():
            pass


@pytest.mark.parametrize(
    "statement",
    [
        b"SELECT pg_terminate_backend(pg_backend_pid())",
        b"SET statement_timeout = 1; SELECT pg_sleep(5)",
        b"SET TRANSACTION READ ONLY; CREATE TABLE mailroom.x (a int)",
        b"DO $$ BEGIN RAISE deadlock_detected; END $$",
    ],
    ids=["stopped", "took too long", "standby", "deadlock"],
)
def test_trouble_that_passes_is_for_later_and_the_pool_goes_on(db, statement):
    with pytest.raises(TryLater), db.transaction() as conn:
        conn.execute(statement)

    assert notes(db) == []


def test_an_idle_transaction_cut_off_by_the_server_is_for_later(db):
    def idles():
        with db.transaction() as conn, psycopg.connect(db.url, autocommit=True) as other:
            conn.execute(b"SET idle_in_transaction_session_timeout = 1")
            running = b"SELECT FROM pg_stat_activity WHERE pid = %s"
            while other.execute(running, (conn.info.backend_pid,)).fetchone() is not None:
                pass  # until the server has cut it off
            conn.execute(b"SELECT 1")

    with pytest.raises(TryLater):
        idles()


def test_a_mistake_of_ours_stays_a_mistake(db):
    with pytest.raises(psycopg.ProgrammingError), db.transaction() as conn:
        conn.execute(b"SELECT * FROM mailroom.nothing")


def test_times_are_utc_whatever_the_server_thinks(db):
    with db.transaction() as conn:
        assert conn.execute(b"SHOW timezone").fetchone() == ("UTC",)


def test_a_listener_hears_what_is_committed_and_only_that(db):
    heard = db.listen("mailroom_due", timeout=0.05)
    assert next(heard) == ""

    def fails():
        with db.transaction() as conn:
            conn.execute(b"SELECT pg_notify('mailroom_due', 'lost')")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    with db.transaction() as conn:
        conn.execute(b"SELECT pg_notify('mailroom_due', '7')")

    assert next(one for one in heard if one) == "7"
    heard.close()


def test_of_a_token_only_the_hash_is_kept_and_only_the_whole_token_opens(db):
    with db.transaction() as conn:
        token = tokens.create(conn, name="ops", role="admin")
        [(stored,)] = conn.execute(b"SELECT t::text FROM mailroom.api_tokens t").fetchall()

        assert token not in stored
        assert tokens.caller(conn, token) == tokens.Caller("ops", "admin")
        for wrong in ("", token[:-1], token + "x", token.upper(), "\ud800", stored):
            assert tokens.caller(conn, wrong) is None


def test_an_expired_token_opens_nothing(db):
    with db.transaction() as conn:
        token = tokens.create(conn, name="ops", role="admin")
        conn.execute(b"UPDATE mailroom.api_tokens SET expires_at = now() - interval '1 second'")

        assert tokens.caller(conn, token) is None
