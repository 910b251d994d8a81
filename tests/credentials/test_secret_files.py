"""Files that hold secrets: every command refuses one that others could have read or planted."""

import os

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from infra.cli import main
from shared.config import SECRETS, from_env
from shared.credentials import keys
from shared.credentials.secretfile import UnsafeFile, text, unsafe
from shared.errors import ConfigError

KEY = keys.new()
LINE = "postgresql://canary@/db"


@pytest.fixture
def file(tmp_path):
    file = tmp_path / "secret"
    file.write_text(LINE + "\n")
    file.chmod(0o600)
    return file


def problem(name, path):
    with pytest.raises(ConfigError) as refused:
        from_env({f"{name}_FILE": str(path)})
    [told] = [one for one in refused.value.problems if one.startswith(f"{name}_FILE")]
    assert "canary" not in str(refused.value)
    return told


@given(st.integers(0, 0o777))
def test_a_file_is_taken_exactly_when_nobody_else_may_touch_it(mode):
    status = os.stat_result([0o100000 | mode, 0, 0, 1, 1000, 1000, 10, 0, 0, 0])

    assert (unsafe(status, user=1000) == []) == (mode & 0o077 == 0)
    assert "another user" in unsafe(status, user=1001)[0]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o644, 0o666, 0o777])
@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_that_others_could_reach_is_refused(file, name, mode):
    file.chmod(mode)

    assert "chmod 600" in problem(name, file)


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_secret_only_we_can_read_is_taken(file, mode):
    file.chmod(mode)

    assert text(file) == LINE


def test_links_pipes_folders_and_nothing_are_refused_at_once(file, tmp_path):
    (tmp_path / "link").symlink_to(file)
    os.mkfifo(tmp_path / "pipe", 0o600)

    assert "symbolic link" in problem("DATABASE_URL", tmp_path / "link")
    assert "regular" in problem("DATABASE_URL", tmp_path / "pipe")
    assert "regular" in problem("DATABASE_URL", tmp_path)
    assert "check the path" in problem("DATABASE_URL", tmp_path / "missing")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\0" * 44, "one line"),
        (b"one\ntwo\n", "one line"),
        (b"\xff\xfe", "one line"),
        (b"x" * 65_536, "one line"),
    ],
    ids=["nothing", "blanks", "zeros", "two-lines", "no-text", "too-long"],
)
def test_what_is_no_secret_is_refused(file, content, words):
    file.write_bytes(content)

    assert words in problem("CRM_GMAIL_SECRET_KEY", file)


@given(content=st.binary(max_size=200))
def test_any_content_is_a_line_or_refused(tmp_path_factory, content):
    file = tmp_path_factory.getbasetemp() / "any-content"
    file.write_bytes(content)
    file.chmod(0o600)

    try:
        line = text(file)
    except UnsafeFile:
        return
    assert line
    assert line.isprintable()


def test_every_problem_of_several_files_is_told_at_once(file, tmp_path):
    file.chmod(0o644)
    with pytest.raises(ConfigError) as refused:
        from_env(
            {
                "DATABASE_URL_FILE": str(file),
                "CRM_GMAIL_SECRET_KEY_FILE": str(tmp_path / "missing"),
                "CRM_GMAIL_SECRET_KEYS_OLD": "short",
            }
        )

    assert len(refused.value.problems) == 4  # the last: an old key alone seals nothing


@pytest.mark.parametrize("command", [["consume"], ["watch", "--once"], ["verify"], ["web", "--serve", "api"]])
def test_every_command_refuses_a_key_file_that_others_can_read(command, tmp_path, database_url):
    key = tmp_path / "key.json"
    key.write_text("{}")
    key.chmod(0o640)
    env = {
        "CRM_GMAIL_INTEGRATION_ENABLED": "true",
        "DATABASE_URL": database_url,
        "CRM_GMAIL_SA_KEY_PATH": str(key),
        "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.example",
        "CRM_GMAIL_PUBSUB_TOPIC": "projects/p/topics/t",
    }

    done = CliRunner().invoke(main, command, env=env)

    assert done.exit_code == 2
    assert "chmod 600" in done.stderr


def test_two_ways_in_are_refused_and_none_is_told():
    both = {"CRM_GMAIL_SA_KEY_PATH": "key.json", "CRM_GMAIL_SA_EMAIL": "a@p.iam.gserviceaccount.com"}
    with pytest.raises(ConfigError, match="both set: keep one"):
        from_env(both)
    with pytest.raises(ConfigError, match="or CRM_GMAIL_SA_EMAIL"):
        from_env({}, needs=["gmail"])


@pytest.mark.parametrize("email", ["me", "a b@c", "a@b/../c", "@", "a@b@c"])
def test_a_service_account_that_is_no_address_is_refused(email):
    with pytest.raises(ConfigError, match="CRM_GMAIL_SA_EMAIL"):
        from_env({"CRM_GMAIL_SA_EMAIL": email})


@pytest.mark.parametrize(
    ("name", "url", "fine"),
    [
        ("CRM_GMAIL_METADATA_URL", "http://metadata.google.internal", True),
        ("CRM_GMAIL_METADATA_URL", "http://127.0.0.1:8600", True),
        ("CRM_GMAIL_METADATA_URL", "http://metadata.google.internal.evil.example", False),
        ("CRM_GMAIL_METADATA_URL", "http://169.254.169.254", False),
        ("CRM_GMAIL_IAM_URL", "https://iamcredentials.googleapis.com", True),
        ("CRM_GMAIL_IAM_URL", "http://metadata.google.internal", False),
        ("CRM_GMAIL_API_URL", "http://metadata.google.internal", False),
    ],
)
def test_plain_http_is_for_this_machine_and_its_metadata_server_alone(name, url, fine):
    if fine:
        assert from_env({name: url})
        return
    with pytest.raises(ConfigError, match=name):
        from_env({name: url})
