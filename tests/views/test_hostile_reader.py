"""The CRM's login in hands that mean ill: schema crm is all there is."""

import psycopg
import pytest

from tests.views.conftest import ADA


@pytest.fixture
def reader(fund, login):
    """A connection of the CRM's, to a database with one message it may see and one it may not."""
    fund.mail(subject="open", body_text="open")
    hidden = fund.mail(subject="hidden", body_text="hidden 4711")
    fund.run("UPDATE mailroom.emails SET hidden = true WHERE id = %s", hidden)
    fund.tell(hidden, "gone")
    fund.index()
    with psycopg.connect(login("crm_reader"), autocommit=True) as conn:
        yield conn


# Nothing of this may succeed, whatever the error is.
REFUSED = [
    "SELECT * FROM mailroom.emails",
    "SELECT body_text FROM mailroom.emails",
    "TABLE mailroom.shown",
    "TABLE mailroom.email_words",
    "TABLE mailroom.shown_by_rule",
    "SELECT sealed FROM mailroom.oauth_tokens",
    "SELECT token_sha256 FROM mailroom.api_tokens",
    "SELECT mailroom.show(ARRAY[1::bigint])",
    "SELECT mailroom.canonical('a@b')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT lo_import('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "COPY crm.emails TO '/tmp/mail'",
    "COPY mailroom.emails TO STDOUT",
    "SET ROLE postgres",
    "SET SESSION AUTHORIZATION postgres",
    "SET ROLE mailroom_push",
    "CREATE EXTENSION dblink",
    "CREATE FUNCTION public.leak(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'",
    "CREATE FUNCTION crm.leak() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION crm.search(query text, most integer, before timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE VIEW crm.emails AS SELECT * FROM mailroom.emails",
    "ALTER VIEW crm.emails SET (security_barrier = false)",
    "ALTER VIEW crm.emails SET (security_invoker = true)",
    "DROP VIEW crm.threads CASCADE",
    "CREATE RULE r AS ON SELECT TO crm.emails DO INSTEAD SELECT 1",
    "UPDATE crm.email_changes SET kind = 'stored'",
    "DELETE FROM crm.emails",
    "CREATE TABLE crm.mine (a int)",
    "CREATE SCHEMA mine",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "ALTER ROLE CURRENT_USER CREATEROLE",
    "ALTER SYSTEM SET log_statement = 'all'",
    "LOCK TABLE mailroom.turns IN ACCESS SHARE MODE",
    "LOCK TABLE mailroom.match_progress IN ROW SHARE MODE",
    "LOCK TABLE crm.emails IN ROW SHARE MODE",
    "LOCK TABLE crm.email_changes IN EXCLUSIVE MODE",
    "SELECT * FROM mailroom.turns FOR UPDATE",
    "SELECT * FROM crm.email_changes FOR SHARE",
    "SELECT mailroom.take_turn('feed')",
]  # fmt: skip


@pytest.mark.parametrize("statement", REFUSED)
def test_the_reader_is_refused(reader, statement):
    with pytest.raises(psycopg.Error):
        reader.execute(statement)


# A condition that tells of the rows it sees, by an error that quotes them.
LEAKS = [
    "SELECT 1 FROM crm.emails WHERE regexp_replace(body_text, '[^0-9]', '', 'g')::int = 1",
    "SELECT 1 FROM crm.emails WHERE 1 / (length(body_text) - length('hidden 4711')) > 5",
    "SELECT 1 FROM crm.emails WHERE subject::date IS NULL",
    "SELECT 1 FROM crm.threads WHERE subject::xml IS NULL",
    "SELECT 1 FROM crm.investor_emails WHERE subject::json IS NULL",
    "SELECT 1 FROM crm.attachments a WHERE a.email_id / (a.email_id - 2) < 0",
]


@pytest.mark.parametrize("statement", LEAKS)
def test_a_condition_sees_no_row_the_view_withholds(reader, statement):
    said = ""
    try:
        reader.execute(statement)
    except psycopg.Error as error:
        said = str(error)

    for secret in ("hidden", "4711", "division by zero"):  # the last: it was asked about the hidden row
        assert secret not in said


def test_a_function_of_the_readers_own_sees_no_row_the_view_withholds(reader):
    heard = []
    reader.add_notice_handler(lambda notice: heard.append(notice.message_primary))
    reader.execute(
        "CREATE FUNCTION pg_temp.leak(text) RETURNS bool LANGUAGE plpgsql COST 0.0001"
        " AS 'BEGIN RAISE NOTICE ''%'', $1; RETURN true; END'"
    )

    for view in ("emails", "threads", "investor_emails"):
        reader.execute(f"SELECT 1 FROM crm.{view} WHERE pg_temp.leak(subject)")

    assert set(heard) == {"open"}


def test_another_search_path_changes_nothing_in_what_the_views_and_the_search_run(reader):
    reader.execute("CREATE TEMP TABLE emails AS SELECT 'mine' AS subject")
    reader.execute(
        "CREATE FUNCTION pg_temp.websearch_to_tsquery(regconfig, text) RETURNS tsquery LANGUAGE sql AS $$ SELECT 'hidden'::tsquery $$"
    )
    reader.execute("SET search_path = pg_temp, mailroom, crm")

    assert reader.execute("SELECT subject FROM crm.search('open or hidden')").fetchall() == [("open",)]
    assert reader.execute("SELECT subject FROM crm.emails").fetchall() == [("open",)]


def test_a_type_of_the_readers_own_runs_nothing_with_the_rights_of_the_search(reader):
    reader.execute("CREATE TEMP TABLE ran (who text)")
    reader.execute("GRANT INSERT ON ran TO PUBLIC")
    for name in ("tsquery", "text", "int4", "timestamptz", "bpchar", "regconfig"):
        reader.execute(
            f"CREATE FUNCTION pg_temp.evil(pg_catalog.{name}) RETURNS boolean LANGUAGE plpgsql AS"
            " $$ BEGIN INSERT INTO pg_temp.ran VALUES (current_user); RETURN true; END $$"
        )
        reader.execute(f"CREATE DOMAIN pg_temp.{name} AS pg_catalog.{name} CHECK (pg_temp.evil(VALUE))")

    assert reader.execute("SELECT subject FROM crm.search('open or hidden')").fetchall() == [("open",)]
    assert reader.execute("SELECT who FROM ran WHERE who <> current_user").fetchall() == []


def test_whatever_runs_with_other_rights_than_its_callers_looks_among_the_callers_types_last(fund):
    rights = fund.run(
        "SELECT proname, proconfig FROM pg_proc WHERE prosecdef AND pronamespace IN ('crm'::regnamespace, 'mailroom'::regnamespace)"
    ).fetchall()

    assert rights == [("search", ["search_path=pg_catalog, pg_temp"])]


def test_the_search_is_asked_as_the_reader_and_by_nobody_else(reader, login):
    with (
        psycopg.connect(login("mailroom_push")) as other,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        other.execute("SELECT * FROM crm.search('open')")


def test_metadata_only_is_metadata_only_for_conditions_too(reader, fund):
    fund.run("UPDATE mailroom.email_accounts SET visibility = 'metadata' WHERE address = %s", ADA)

    for column in ("subject", "body_text", "body_html", "new_text", "snippet"):
        assert reader.execute(f"SELECT count(*) FROM crm.emails WHERE {column} IS NOT NULL").fetchone() == (
            0,
        )
