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
    wrong = {
        "CRM_GMAIL_QUIET_POLL_SEC": "often",
        "CRM_GMAIL_RETRY_MAX": "0",
        "CRM_GMAIL_API_URL": "http://x.example",
    }

    found = problems(wrong, "push", "gmail")

    text = "\n".join(found)
    assert len(found) == len(set(found))
    for name in (
        "QUIET_POLL_SEC",
        "RETRY_MAX",
        "API_URL",
        "PUSH_AUDIENCE",
        "PUSH_SERVICE_ACCOUNT",
        "SUBSCRIPTION",
        "SA_KEY_PATH",
    ):
        assert name in text


@pytest.mark.parametrize("name", ["CRM_GMAIL_API_URL", "CRM_GMAIL_TOKEN_URL", "CRM_GMAIL_PUSH_CERTS_URL"])
def test_plain_http_is_refused_except_on_this_machine(name):
    assert any(name in one for one in problems({name: "http://gmail.example"}))
    for url in ("http://127.0.0.1:8600/x", "http://localhost:1/", "http://[::1]:1/", "https://gmail.example"):
        assert from_env({name: url})


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1.evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http://localhost.evil.example",
        "ftp://127.0.0.1/",
        "https://",
        "gmail.example",
        "http://[::1",
        "https://gmail.example:port/",
    ],
)
def test_an_address_that_only_looks_safe_is_refused(url):
    assert problems({"CRM_GMAIL_API_URL": url})


def test_a_secret_may_come_from_a_file_but_not_from_both(tmp_path):
    file = tmp_path / "url"
    file.write_text("postgresql://secret@/db\n")
    file.chmod(0o600)

    assert from_env({"DATABASE_URL_FILE": str(file)}).database_url == "postgresql://secret@/db"
    assert "keep one" in problems({"DATABASE_URL_FILE": str(file), "DATABASE_URL": "x"})[0]
    assert "cannot use" in problems({"DATABASE_URL_FILE": str(tmp_path / "none")})[0]
    assert "cannot use" in problems({"DATABASE_URL_FILE": str(tmp_path)})[0]


def test_an_empty_secret_file_is_no_secret_and_does_not_count_as_not_set(tmp_path):
    (tmp_path / "url").write_text("\n")
    (tmp_path / "url").chmod(0o600)

    assert "is empty" in problems({"DATABASE_URL_FILE": str(tmp_path / "url")})[0]


@pytest.mark.parametrize(
    "domain", ["@fund.test", "https://fund.test", "ada@fund.test", "fund.test other.test", "fund.test."]
)
def test_a_domain_written_in_another_way_is_refused(domain):
    assert "bare domains" in problems({"CRM_GMAIL_WORKSPACE_DOMAIN": domain})[0]


def test_several_domains_may_be_named_in_any_case_and_only_commas_are_none():
    named = {"CRM_GMAIL_WORKSPACE_DOMAIN": " Fund.Test, other.test,", "CRM_GMAIL_SA_KEY_PATH": "key.json"}

    assert from_env(named, needs=["gmail"]).workspace_domain == ("fund.test", "other.test")
    assert "is not set" in problems(named | {"CRM_GMAIL_WORKSPACE_DOMAIN": " , "}, "gmail")[0]


def test_an_empty_variable_counts_as_not_set():
    assert from_env({"CRM_GMAIL_QUIET_POLL_SEC": " ", "DATABASE_URL": ""}).quiet_poll_sec == 300


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
def test_a_command_that_misses_settings_names_them_and_exits_with_2(command, monkeypatch):
    monkeypatch.setenv("CRM_GMAIL_INTEGRATION_ENABLED", "true")

    done = CliRunner().invoke(main, command, env={"CRM_GMAIL_INTEGRATION_ENABLED": "true"})

    assert done.exit_code == 2
    assert "CRM_GMAIL_" in done.output


@pytest.mark.parametrize("command", [["web"], ["watch"]])
def test_a_wrong_setting_does_not_hide_the_missing_ones(command, monkeypatch):
    monkeypatch.setenv("CRM_GMAIL_INTEGRATION_ENABLED", "true")
    monkeypatch.setenv("CRM_GMAIL_QUIET_POLL_SEC", "often")

    told = CliRunner().invoke(main, command).output

    for name in (
        "CRM_GMAIL_QUIET_POLL_SEC",
        "CRM_GMAIL_SA_KEY_PATH",
        "CRM_GMAIL_WORKSPACE_DOMAIN",
        "CRM_GMAIL_PUBSUB_TOPIC",
    ):
        assert name in told


def test_what_is_switched_off_needs_no_key():
    assert not from_env({}, when_on=["gmail", "watch"]).enabled
    assert len(problems({"CRM_GMAIL_INTEGRATION_ENABLED": "true"}, "push")) == 3


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


@pytest.mark.parametrize(
    "url", ["mysql://ada:secret@db.example/crm", "db.example:5432", "https://db.example"]
)
def test_what_is_no_postgresql_url_is_called_so_without_its_password(url):
    [said] = problems({"DATABASE_URL": url})

    assert "postgresql://USER" in said
    assert "secret" not in said
    for good in ("postgres://u@h/d", "postgresql:///d?host=/run", "host=/run dbname=d"):
        assert from_env({"DATABASE_URL": good})
