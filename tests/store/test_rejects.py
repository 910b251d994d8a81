"""Rejected notifications: acknowledged, so on disk; bounded, whoever sends them; forgotten in the end."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from shared.store import rejects
from shared.store.database import Database
from shared.store.deltas import push
from tests.store.test_deltas import enrol

WAITS = b"SHOW synchronous_commit"


def reject(conn, body=b"junk", reason="body_not_json"):
    rejects.record(conn, reason=reason, body=body)


@pytest.mark.parametrize("take", [lambda conn: push(conn, "ada@fund.test", 5), reject])
@pytest.mark.parametrize(("setting", "then"), [("off", "on"), ("remote_apply", "remote_apply")])
def test_what_is_acknowledged_is_on_disk_whatever_the_database_is_set_to(
    database_url, db, take, setting, then
):
    enrol(db, "ada@fund.test")
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(f"ALTER DATABASE {conn.info.dbname} SET synchronous_commit = {setting}".encode())

    with Database(database_url, most=1) as set_so:
        with set_so.transaction() as conn:
            take(conn)
            take(conn)
            assert conn.execute(WAITS).fetchone() == (then,)
        with set_so.transaction() as conn:
            assert conn.execute(WAITS).fetchone() == (setting,)


def kept(db):
    """Rows of each reason."""
    with db.transaction() as conn:
        return Counter(
            reason for (reason,) in conn.execute(b"SELECT reason FROM mailroom.rejected_notifications")
        )


def test_beyond_a_thousand_bodies_of_a_reason_new_ones_share_a_row_and_all_are_counted(db):
    with db.transaction() as conn:
        for number in range(3 * rejects.MOST):
            reject(conn, f"body {number}".encode())
        for _ in range(5):
            reject(conn, b"body 7")
        reject(conn, b"one of another reason", reason="other_subscription")
        assert rejects.count(conn) == {"body_not_json": 3 * rejects.MOST + 5, "other_subscription": 1}
        seven = b"SELECT max(times) FROM mailroom.rejected_notifications WHERE body_sha256 <> repeat('0', 64)"
        assert conn.execute(seven).fetchone() == (6,)

    assert kept(db) == {"body_not_json": rejects.MOST + 1, "other_subscription": 1}


def test_many_at_once_pass_the_bound_by_no_more_than_there_are_of_them(db, database_url):
    with db.transaction() as conn:
        for number in range(rejects.MOST - 5):
            reject(conn, f"body {number}".encode())

    def one(number):
        with db.transaction() as conn:
            reject(conn, f"new {number}".encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(200)))

    assert kept(db)["body_not_json"] <= rejects.MOST + 1 + 8
    with db.transaction() as conn:
        assert rejects.count(conn) == {"body_not_json": rejects.MOST - 5 + 200}


def test_what_was_last_seen_long_ago_is_forgotten_and_what_still_comes_is_not(db):
    with db.transaction() as conn:
        reject(conn, b"old")
        reject(conn, b"still comes")
        conn.execute(
            b"UPDATE mailroom.rejected_notifications SET first_at = now() - %(ago)s, last_at = now() - %(ago)s",
            {"ago": rejects.KEPT * 1.01},
        )
        reject(conn, b"still comes")
        assert rejects.forget(conn, older_than=rejects.KEPT) == 1
        assert rejects.count(conn) == {"body_not_json": 2}
