"""Settings: every problem at once, nothing unsafe, and commands that say so and stop."""

import pytest
from click.testing import CliRunner

from infra.cli import COMMANDS, main
from shared.config import from_env
from shared.errors import ConfigError


def problems(env, *needs):
    with pytest.raises(ConfigError) as refused:
        from_env(env, needs=needs)
    return refused.value.problems


def test_every_problem_is_reported_at_once():
    found = problems({"CRM_GMAIL_QUIET_POLL_SEC": "often", "CRM_GMAIL_RETRY_MAX": "0"}, "push", "gmail")

    text = "\n".join(found)
    for name in (
        "QUIET_POLL_SEC",
        "RETRY_MAX",
        "PUSH_AUDIENCE",
        "PUSH_SERVICE_ACCOUNT",
        "SUBSCRIPTION",
        "SA_KEY_PATH",
    ):
        assert name in text


@pytest.mark.parametrize("name", ["CRM_GMAIL_API_URL", "CRM_GMAIL_TOKEN_URL", "CRM_GMAIL_PUSH_CERTS_URL"])
def test_plain_http_is_refused_except_on_this_machine(name):
    assert any(name in one for one in problems({name: "http://gmail.example"}))
    assert from_env({name: "http://127.0.0.1:8600/x"})
    assert problems({name: "http://127.0.0.1.evil.example/"})


def test_a_secret_may_come_from_a_file_but_not_from_both(tmp_path):
    file = tmp_path / "url"
    file.write_text("postgresql://secret@/db\n")

    assert from_env({"DATABASE_URL_FILE": str(file)}).database_url == "postgresql://secret@/db"
    assert "keep one" in problems({"DATABASE_URL_FILE": str(file), "DATABASE_URL": "x"})[0]
    assert "cannot read" in problems({"DATABASE_URL_FILE": str(tmp_path / "none")})[0]


def test_topic_and_subscription_of_different_projects_are_refused():
    assert problems(
        {
            "CRM_GMAIL_PUBSUB_TOPIC": "projects/a/topics/t",
            "CRM_GMAIL_PUBSUB_SUBSCRIPTION": "projects/b/subscriptions/s",
        }
    )


def test_secrets_do_not_show_in_the_settings_text():
    assert "hunter2" not in repr(from_env({"DATABASE_URL": "postgresql://u:hunter2@/db"}))


@pytest.mark.parametrize("command", [["web"], ["watch"], ["consume"], ["verify"]])
def test_a_command_that_misses_settings_names_them_and_exits_with_2(command):
    done = CliRunner().invoke(main, command)

    assert done.exit_code == 2
    assert "CRM_GMAIL_" in done.output


def test_help_lists_every_command_and_each_one_explains_itself():
    listed = CliRunner().invoke(main, ["--help"]).output

    for name in COMMANDS:
        assert name in listed
        assert CliRunner().invoke(main, [name, "--help"]).exit_code == 0


def test_a_token_is_printed_once_and_works(database_url, db, monkeypatch):
    from shared.store import tokens

    monkeypatch.setenv("DATABASE_URL", database_url)

    done = CliRunner().invoke(main, ["token", "create", "--role", "admin", "--name", "ops"])
    again = CliRunner().invoke(main, ["token", "create", "--role", "admin", "--name", "ops"])

    with db.transaction() as conn:
        assert tokens.caller(conn, done.stdout.strip()).role == "admin"
    assert (done.exit_code, again.exit_code) == (0, 2)
