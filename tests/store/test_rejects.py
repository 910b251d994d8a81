"""Rejected notifications: acknowledged, so on disk, also where an operator lets commits be lost."""

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
