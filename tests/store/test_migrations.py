"""Up, down, up: the same schema each time, nothing left in between; and who may read what."""

import psycopg
import pytest

from shared.store import deltas, migrate, rejects
from shared.store.database import Database

SHAPE = b"""
SELECT string_agg(line, E'\\n' ORDER BY line) FROM (
    SELECT format('%s.%s.%s %s %s %s', table_schema, table_name, column_name, data_type, is_nullable, column_default)
      FROM information_schema.columns WHERE table_schema IN ('mailroom', 'crm')
    UNION ALL
    SELECT format('%s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint
     WHERE connamespace = 'mailroom'::regnamespace
    UNION ALL
    SELECT indexdef FROM pg_indexes WHERE schemaname = 'mailroom'
    UNION ALL
    SELECT format('%s %s', viewname, definition) FROM pg_views WHERE schemaname = 'crm'
    UNION ALL
    SELECT format('%s %s %s %s', grantee, table_schema, table_name, privilege_type)
      FROM information_schema.role_table_grants WHERE grantee IN ('crm_reader', 'mailroom_push')
) AS lines (line)
"""


def shape(url):
    with psycopg.connect(url) as conn:
        return conn.execute(SHAPE).fetchone()[0]


def test_up_down_up_leaves_the_same_schema(database_url):
    before = shape(database_url)

    migrate.down(database_url)
    migrate.up(database_url)

    assert "email_stored_once" in before
    assert shape(database_url) == before


def test_down_leaves_nothing_of_ours(database_url):
    migrate.down(database_url)

    with psycopg.connect(database_url) as conn:
        left = conn.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname IN ('mailroom', 'crm')"
        ).fetchall()
    assert left == []


def test_a_second_up_applies_nothing(database_url):
    assert migrate.up(database_url) == []


def test_readiness_follows_the_migrations(database_url):
    with psycopg.connect(database_url) as conn:
        assert migrate.current(conn)
        conn.execute("DELETE FROM mailroom.schema_migrations")
        assert not migrate.current(conn)


def test_every_constraint_of_ours_has_a_name_that_states_its_rule(database_url):
    with psycopg.connect(database_url) as conn:
        generated = conn.execute(
            "SELECT conname FROM pg_constraint WHERE connamespace = 'mailroom'::regnamespace"
            " AND contype = 'c' AND conname ~ '_check[0-9]*$'"
        ).fetchall()
    assert generated == []


VIEWS = (
    "emails",
    "threads",
    "investor_emails",
    "investor_activity",
    "attachments",
    "mailboxes",
    "email_changes",
)


def as_role(url, role, statement):
    with psycopg.connect(url) as conn:
        conn.execute(f"SET LOCAL ROLE {role}")
        return conn.execute(statement).fetchall()


@pytest.mark.parametrize("view", VIEWS)
def test_the_crms_role_reads_every_view(database_url, view):
    assert as_role(database_url, "crm_reader", f"SELECT * FROM crm.{view}") == []


def tables(url):
    with psycopg.connect(url) as conn:
        return [
            name for (name,) in conn.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'mailroom'")
        ]


def test_the_crms_role_reads_no_table_and_writes_nothing(database_url):
    for table in tables(database_url):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role(database_url, "crm_reader", f"SELECT * FROM mailroom.{table}")
    for statement in (
        "DELETE FROM crm.email_changes RETURNING 1",
        "CREATE TABLE crm.mine (a int)",
        "CREATE TABLE public.mine (a int)",
    ):
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectNotInPrerequisiteState)
        ):
            as_role(database_url, "crm_reader", statement)


def test_the_public_processs_role_takes_notifications_in_and_reads_no_mail(database_url):
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO mailroom.email_accounts (address, cursor) VALUES ('ada@fund.test', 1)")
    with psycopg.connect(database_url) as conn:
        conn.execute("SET LOCAL ROLE mailroom_push")
        assert deltas.push(conn, "ada@fund.test", 7) is not None
        rejects.record(conn, reason="body_not_json", body=b"x")
    for table in (
        "emails",
        "email_participants",
        "account_messages",
        "oauth_tokens",
        "api_tokens",
        "investors",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            as_role(database_url, "mailroom_push", f"SELECT * FROM mailroom.{table}")


def test_a_refresh_token_in_the_clear_cannot_be_written(db: Database):
    from shared.errors import NotStorable

    with db.transaction() as conn:
        conn.execute(b"INSERT INTO mailroom.email_accounts (address, cursor) VALUES ('ada@fund.test', 1)")
    with pytest.raises(NotStorable), db.transaction() as conn:
        conn.execute(
            b"INSERT INTO mailroom.oauth_tokens (account_id, sealed, scope)"
            b" SELECT id, '1//0-a-refresh-token', 's' FROM mailroom.email_accounts"
        )
