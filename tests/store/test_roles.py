"""Two logins as an operator makes them: the CRM's, and the public process's."""

import psycopg
import pytest

from shared.errors import TryLater
from shared.store import deltas, logins, migrate, rejects
from shared.store.database import Database


def names(url, sql):
    with psycopg.connect(url) as conn:
        return [name for (name,) in conn.execute(sql)]


def refused(url, statement):
    with psycopg.connect(url) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute(statement)


def test_the_crm_reads_every_view_there_is(database_url, login):
    crm = login("crm_reader")
    views = names(database_url, "SELECT viewname FROM pg_views WHERE schemaname = 'crm'")

    assert len(views) >= 7
    for view in views:
        assert names(crm, f"SELECT count(*) FROM crm.{view}") == [0]


def test_the_crm_reaches_no_table_writes_nothing_and_makes_nothing(database_url, login):
    crm = login("crm_reader")

    for table in names(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'mailroom'"):
        refused(crm, f"SELECT * FROM mailroom.{table}")
    for statement in (
        "DELETE FROM crm.email_changes",
        "INSERT INTO crm.email_changes (email_id) VALUES (1)",
        "CREATE VIEW crm.mine AS SELECT 1",
        "CREATE TABLE public.mine (a int)",
        "CREATE TABLE mailroom.mine (a int)",
        "SET ROLE mailroom_push",
    ):
        refused(crm, statement)


def test_a_cheap_function_of_the_crm_sees_no_row_the_view_withholds(database_url, login):
    """security_barrier: without it the planner might run the function before the view's own conditions."""
    with psycopg.connect(database_url) as conn:
        weak = conn.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'"
            " AND NOT coalesce('security_barrier=true' = ANY (reloptions), false)"
        ).fetchall()

    assert weak == []


def test_the_public_process_takes_notifications_in_and_answers_whether_it_is_ready(database_url, login):
    with psycopg.connect(database_url) as conn:
        conn.execute("INSERT INTO mailroom.email_accounts (address, cursor) VALUES ('ada@fund.test', 1)")

    with Database(login("mailroom_push")) as db, db.transaction() as conn:
        assert migrate.current(conn)
        assert deltas.push(conn, "ada@fund.test", 7) is not None
        assert deltas.push(conn, "ada@fund.test", 8) is not None
        rejects.record(conn, reason="body_not_json", body=b"x")
        rejects.record(conn, reason="body_not_json", body=b"x")


OPEN = {"email_deltas", "rejected_notifications", "schema_migrations"}


def test_the_public_process_reads_no_mail_no_investor_and_no_secret(database_url, login):
    public = login("mailroom_push")
    tables = set(names(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'mailroom'"))

    assert tables > OPEN
    for table in tables - OPEN:
        refused(public, f"SELECT * FROM mailroom.{table}")
    for statement in (
        "SELECT cursor FROM mailroom.email_accounts",
        "UPDATE mailroom.email_accounts SET status = 'active'",
        "DELETE FROM mailroom.email_deltas",
        "UPDATE mailroom.email_deltas SET lease_owner = 'x', lease_until = 'infinity'",
        "UPDATE mailroom.email_deltas SET fence = 0",
        "INSERT INTO mailroom.email_deltas (account_id, fence) VALUES (1, 9)",
        "DELETE FROM mailroom.rejected_notifications",
        "SELECT * FROM crm.emails",
    ):
        refused(public, statement)


def test_going_down_while_a_login_still_has_a_role_of_ours_leaves_only_the_role(database_url, login):
    login("crm_reader")

    migrate.down(database_url)

    assert names(database_url, "SELECT nspname FROM pg_namespace WHERE nspname IN ('mailroom', 'crm')") == []
    migrate.up(database_url)


def test_a_plain_owner_of_the_database_goes_up_and_down_where_the_roles_are_somebody_elses(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("CREATE ROLE plain_owner LOGIN")
        conn.execute("CREATE DATABASE plain OWNER plain_owner")
    url = psycopg.conninfo.make_conninfo(postgres_url, user="plain_owner", dbname="plain")

    steps = migrate.up(url)
    with Database(url, most=1) as db, db.transaction() as conn:
        assert logins.views_owners(conn) == ["plain_owner"]  # which mailroom doctor tells
    assert steps == list(reversed(migrate.down(url)))

    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("DROP DATABASE plain")
        conn.execute("DROP ROLE plain_owner")


def test_the_views_and_the_search_run_with_the_rights_of_a_role_that_can_only_read_what_they_show(
    database_url,
):
    owned = (
        "SELECT relowner::regrole::text FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'v'"
        " UNION ALL SELECT proowner::regrole::text FROM pg_proc WHERE pronamespace = 'crm'::regnamespace"
    )
    assert set(names(database_url, owned)) == {"crm_owner"}
    may = "SELECT rolname FROM pg_roles WHERE rolname = 'crm_owner' AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreaterole)"
    assert names(database_url, may) == []
    tables = names(database_url, "SELECT tablename FROM pg_tables WHERE schemaname = 'mailroom'")
    readable = {name for name in tables if granted(database_url, name, "SELECT")}
    writable = {name for name in tables if granted(database_url, name, "INSERT, UPDATE, DELETE, TRUNCATE")}
    assert writable == set()
    assert "emails" in readable
    assert not readable & {"oauth_tokens", "oauth_states", "api_tokens", "audit", "blobs", "turns"}


def granted(url, table, what):
    (said,) = names(url, f"SELECT has_table_privilege('crm_owner', 'mailroom.{table}', '{what}')")
    return said


def test_whoever_may_make_roles_goes_up_twice_and_down_without_being_a_superuser(postgres_url):
    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("CREATE ROLE role_maker LOGIN CREATEROLE")
        conn.execute("CREATE DATABASE made OWNER role_maker")
        conn.execute("GRANT crm_owner TO role_maker")  # as if it had made the role itself
    url = psycopg.conninfo.make_conninfo(postgres_url, user="role_maker", dbname="made")

    steps = migrate.up(url)
    assert migrate.up(url) == []
    with Database(url, most=1) as db, db.transaction() as conn:
        assert logins.views_owners(conn) == []
        conn.execute("SELECT * FROM crm.search('anything')")
    assert migrate.down(url) == list(reversed(steps))

    with psycopg.connect(postgres_url, autocommit=True) as conn:
        conn.execute("DROP DATABASE made")
        conn.execute("DROP ROLE role_maker")


def test_a_login_without_a_role_of_ours_reaches_nothing(database_url, login):
    stranger = login("pg_monitor")

    refused(stranger, "SELECT * FROM crm.emails")
    refused(stranger, "SELECT * FROM mailroom.emails")


@pytest.mark.parametrize("most", [1, 2])
def test_a_pool_no_larger_than_its_work_answers_that_it_is_busy(database_url, most, mocker):
    with Database(database_url, most=most) as db:
        held = [db.transaction() for _ in range(most)]
        for one in held:
            one.__enter__()
        mocker.patch.object(db._pool, "timeout", 0.1)

        with pytest.raises(TryLater), db.transaction():
            pass
        for one in held:
            one.__exit__(None, None, None)


def test_the_public_process_takes_nobodys_turn(login):
    public = login("mailroom_push")

    for statement in (
        "SELECT mailroom.take_turn('feed')",
        "SELECT 1 FROM mailroom.turns FOR UPDATE",
        "LOCK TABLE mailroom.match_progress IN ROW SHARE MODE",
    ):
        refused(public, statement)
