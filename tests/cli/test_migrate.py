"""`mailroom migrate`: up, again, down; and what goes wrong in one sentence."""

import psycopg
import pytest
from click.testing import CliRunner

from infra.cli import main
from shared.store import migrate


@pytest.fixture
def run(database_url, monkeypatch):
    def call(*args, url=database_url, **more):
        monkeypatch.setenv("DATABASE_URL", url)
        return CliRunner().invoke(main, args, **more)

    return call


def test_up_down_and_up_again_each_say_what_was_done(run, database_url):
    assert "0 step(s) applied" in run("migrate").output
    down = run("migrate", "--down", "--yes")
    assert "nothing of mailroom is left" in down.output
    up = run("migrate")

    assert [one.exit_code for one in (down, up)] == [0, 0]
    assert "applying 0001" in up.output
    with psycopg.connect(database_url) as conn:
        assert migrate.current(conn)


def test_erasing_everything_is_asked_first(run, database_url):
    refused = run("migrate", "--down", input="n\n")

    assert refused.exit_code == 1
    with psycopg.connect(database_url) as conn:
        assert migrate.current(conn)


@pytest.mark.parametrize(
    "url",
    ["postgresql://u:hunter2@127.0.0.1:9/none?connect_timeout=1", "no url hunter2", "postgresql://hunter2:x@[::1"],
    ids=["down", "no URL", "half a URL"],
)  # fmt: skip
def test_without_a_database_it_says_where_to_look_and_shows_no_password(run, url):
    done = run("migrate", url=url)

    assert done.exit_code == 2
    assert isinstance(done.exception, SystemExit)
    assert "DATABASE_URL" in done.output
    assert "hunter2" not in done.output


def test_a_user_who_may_not_is_told_so(run, database_url):
    with psycopg.connect(database_url) as conn:
        conn.execute("CREATE ROLE powerless LOGIN")
    run("migrate", "--down", "--yes")

    done = run("migrate", url=psycopg.conninfo.make_conninfo(database_url, user="powerless"))

    assert done.exit_code == 2
    assert "may not" in done.output
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute("DROP ROLE powerless")


@pytest.mark.parametrize(
    "command", [["token", "create", "--role", "admin"], ["contacts", "import", __file__]]
)
def test_before_the_first_migration_commands_name_the_database_and_say_what_to_do(run, database_url, command):
    run("migrate", "--down", "--yes")

    done = run(*command)

    assert done.exit_code == 2
    assert "mailroom migrate" in done.output
    assert psycopg.conninfo.conninfo_to_dict(database_url)["dbname"] in done.output


def test_without_database_url_the_embedded_database_is_named_and_the_running_demo(tmp_path, monkeypatch):
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("CRM_GMAIL_DATA_DIR", str(tmp_path))
    env = tmp_path / "demo" / "env"
    env.parent.mkdir()
    env.touch()

    done = CliRunner().invoke(main, ["exclusions", "list"])

    assert done.exit_code == 2
    for told in (str(tmp_path / "postgres"), "DATABASE_URL is not set", f"source {env}"):
        assert told in done.output
