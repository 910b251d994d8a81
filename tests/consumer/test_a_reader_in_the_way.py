"""The CRM's login may take every lock it can get: mail is captured all the same."""

from contextlib import suppress

import psycopg
import pytest

from consumer.rematch import catch_up
from shared.store import investors, words
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA

KEYS = "SELECT count(pg_advisory_lock(key)) FROM generate_series(724000, 724030) AS key"
PAIRS = "SELECT count(pg_advisory_lock(724013, n)) FROM generate_series(0, 511) AS n"
TABLES = (
    "SELECT schemaname, relname FROM pg_stat_user_tables"
    " UNION ALL SELECT schemaname, viewname FROM pg_views WHERE schemaname = 'crm'"
)
MODES = ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE", "EXCLUSIVE", "ACCESS EXCLUSIVE")


@pytest.fixture
def in_the_way(world, login):
    """A transaction of the CRM's login that holds whatever it was given."""
    with psycopg.connect(login("crm_reader"), autocommit=True) as reader:
        reader.execute(KEYS)
        reader.execute(PAIRS)
        found = [*reader.execute(TABLES)]
        reader.execute("BEGIN")
        for schema, table in found:
            for mode in MODES:
                with suppress(psycopg.Error), reader.transaction():
                    reader.execute(f"LOCK TABLE {schema}.{table} IN {mode} MODE NOWAIT")
            with suppress(psycopg.Error), reader.transaction():
                reader.execute(f"SELECT 1 FROM {schema}.{table} FOR UPDATE")
        yield reader


def test_mail_is_stored_matched_again_and_indexed_whatever_the_reader_has_locked(world, in_the_way):
    world.enrol(ADA)

    world.arrive(ADA, mail(text="4711"))
    world.arrive(ADA, mail(sender="new@angel.example", to=f"{ADA}, ivy@lp.example"))
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Angel", "", "address", "new@angel.example")])
        conn.execute("UPDATE mailroom.email_accounts SET visibility = 'subject'")
    catch_up(world.db, world.deps.matching)
    with world.db.transaction() as conn:
        assert words.index_next(conn, limit=100)

    assert world.rows(b"SELECT investor FROM crm.investor_emails ORDER BY 1") == [
        ("Angel",),
        ("Ivy Investor",),
        ("Ivy Investor",),
    ]
    assert in_the_way.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() > (500,)
