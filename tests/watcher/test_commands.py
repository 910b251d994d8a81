"""mailroom web, watch and token as somebody types them."""

import json
import os
import signal
import socket
import subprocess
import sys

import pytest
import urllib3

from infra.local.google import serve
from tests.watcher.conftest import SUBSCRIPTION, TOPIC

PUSH = {
    "CRM_GMAIL_PUSH_AUDIENCE": "https://mailroom.test/push/gmail",
    "CRM_GMAIL_PUSH_SERVICE_ACCOUNT": "push@p.iam.gserviceaccount.com",
    "CRM_GMAIL_PUBSUB_SUBSCRIPTION": SUBSCRIPTION,
}


@pytest.fixture
def mailroom(database_url, tmp_path):
    """Run a command with exactly the environment that is given."""

    def run(*arguments, wait=True, **env):
        whole = {name: value for name, value in os.environ.items() if not name.startswith("CRM_GMAIL_")}
        whole |= {"DATABASE_URL": database_url, "CRM_GMAIL_DATA_DIR": str(tmp_path)} | env
        command = [sys.executable, "-m", "infra.cli", *arguments]
        if wait:
            return subprocess.run(command, env=whole, capture_output=True, text=True, check=False, timeout=60)
        return subprocess.Popen(command, env=whole, stderr=subprocess.PIPE, text=True)

    return run


@pytest.fixture
def google(tmp_path):
    with serve() as server:

        def control(path, **body):
            answer = urllib3.request("POST", f"{server.url}/control/{path}", json=body, retries=False)
            assert answer.status == 200, answer.data
            return answer.json()

        key = tmp_path / "key.json"
        key.touch(mode=0o600)
        key.write_text(
            json.dumps(control("service-accounts", email="m@p.iam.gserviceaccount.com", projectId="p"))
        )
        control("mailboxes", email="ada@fund.test")
        control.env = {
            "CRM_GMAIL_INTEGRATION_ENABLED": "true",
            "CRM_GMAIL_SA_KEY_PATH": str(key),
            "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test",
            "CRM_GMAIL_API_URL": server.url,
            "CRM_GMAIL_TOKEN_URL": f"{server.url}/token",
            "CRM_GMAIL_PUBSUB_TOPIC": TOPIC,
        }
        yield control


def events(stderr):
    return [json.loads(line) for line in stderr.splitlines() if line.startswith("{")]


def ready(process):
    """Read the log until the server listens; return its port."""
    for line in process.stderr:
        if line.startswith("{") and json.loads(line)["event"] == "web.started":
            return json.loads(line)["port"]
    raise AssertionError("the server ended before it listened")


def test_a_token_stands_alone_on_standard_output_and_opens_the_console(world, mailroom):
    made = mailroom("token", "create", "--role", "member", "--name", "ivy", "--days", "2")

    assert made.returncode == 0
    assert made.stdout.startswith("mr_")
    assert made.stdout.count("\n") == 1
    assert "cannot be shown again" in made.stderr
    assert world.audit() == [("cli", "token.create", "ivy")]
    signed_in = world.client().post("/signin", data={"token": made.stdout})
    assert signed_in.status_code == 303


def test_a_second_token_of_the_same_name_is_refused_in_one_sentence(mailroom):
    mailroom("token", "create", "--role", "admin")

    again = mailroom("token", "create", "--role", "admin")

    assert (again.returncode, again.stdout) == (2, "")
    assert "--name" in again.stderr
    assert "Traceback" not in again.stderr


def test_without_tables_a_token_says_to_migrate(postgres_url, mailroom):
    refused = mailroom("token", "create", "--role", "admin", DATABASE_URL=postgres_url)

    assert refused.returncode == 2
    assert "mailroom migrate" in refused.stderr


def test_without_a_database_a_token_says_where_to_look(mailroom):
    refused = mailroom("token", "create", "--role", "admin", DATABASE_URL="postgresql://127.0.0.1:9/x")

    assert refused.returncode == 2
    assert "DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_the_push_endpoint_never_starts_half_set_up(mailroom):
    refused = mailroom("web", "--port", "0")

    assert refused.returncode == 2
    assert all(name in refused.stderr for name in PUSH)  # every problem at once


def test_a_console_needs_no_gmail_and_stops_cleanly_when_told(mailroom):
    with mailroom("web", "--serve", "api,console", "--port", "0", wait=False) as process:
        url = f"http://127.0.0.1:{ready(process)}"
        page = urllib3.request("GET", f"{url}/signin", retries=False)
        push = urllib3.request("POST", f"{url}/push/gmail", retries=False)
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert (page.status, push.status) == (200, 404)
    assert process.returncode == 0
    assert [event["event"] for event in events(rest)] == ["web.stopped"]


def test_a_port_in_use_is_one_sentence_and_exit_code_2(mailroom):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = mailroom("web", "--serve", "console", "--port", port)

    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize("parts", ["", "pages", "push,pages"])
def test_unknown_parts_are_refused(mailroom, parts):
    refused = mailroom("web", "--serve", parts)

    assert refused.returncode == 2
    assert "push, api, console" in refused.stderr


def test_switched_off_one_pass_says_so_and_is_no_failure(mailroom):
    done = mailroom("watch", "--once")

    assert done.returncode == 0
    assert [event["event"] for event in events(done.stderr)] == ["watcher.idle"]


def test_one_pass_renews_what_is_due(world, mailroom, google):
    account_id = world.enrol()

    done = mailroom("watch", "--once", **google.env)

    assert done.returncode == 0
    assert [event["event"] for event in events(done.stderr)] == ["watch.renewed", "watcher.done"]
    assert world.account(account_id).watch_expires_at is not None


def test_one_pass_fails_when_a_renewal_does(world, mailroom, google):
    world.enrol()
    world.enrol("nobody@fund.test")

    done = mailroom("watch", "--once", **google.env)

    assert done.returncode == 1
    assert events(done.stderr)[-1] | {"timestamp": ""} == {
        "event": "watcher.done", "renewed": 1, "failed": 1, "part": "watcher", "level": "info", "timestamp": "",
    }  # fmt: skip


def test_watching_goes_on_until_told_to_stop(world, mailroom, google):
    world.enrol()
    with mailroom("watch", wait=False, **google.env) as process:
        first = json.loads(process.stderr.readline())
        process.send_signal(signal.SIGTERM)
        process.stderr.read()

    assert first["event"] == "watch.renewed"
    assert process.returncode == 0


def test_watching_names_everything_that_is_missing(mailroom):
    refused = mailroom("watch", "--once", CRM_GMAIL_INTEGRATION_ENABLED="true")

    assert refused.returncode == 2
    for name in ("CRM_GMAIL_SA_KEY_PATH", "CRM_GMAIL_WORKSPACE_DOMAIN", "CRM_GMAIL_PUBSUB_TOPIC"):
        assert name in refused.stderr


def test_no_command_prints_a_secret_it_was_given(mailroom, database_url):
    refused = mailroom(
        "web", CRM_GMAIL_API_URL="http://canary.example", DATABASE_URL=f"{database_url}&password=canary-2"
    )

    assert "canary" not in refused.stdout + refused.stderr
