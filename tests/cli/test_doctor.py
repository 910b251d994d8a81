"""`mailroom doctor`: everything in order says so, and each thing that is missing is named with its remedy."""

import json
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
import urllib3
from click.testing import CliRunner

from infra.cli import main
from infra.cli.checkup.finding import guarded
from infra.cli.checkup.here import skew
from infra.cli.checkup.subscription import Subscription, judge
from infra.cli.doctor import examine
from infra.local.google import serve
from shared.config import Settings
from shared.store import accounts, migrate

ADA = "ada@fund.test"
TOPIC, SUBSCRIPTION = "projects/p/topics/gmail", "projects/p/subscriptions/mailroom"
AUDIENCE, PUSHER = "https://mailroom.test/push/gmail", "push@p.iam.gserviceaccount.com"


@pytest.fixture(scope="module")
def google_server():
    with serve() as google:
        yield google


@dataclass
class World:
    db: object
    google_url: str
    environment: pytest.MonkeyPatch

    def control(self, path, body=None, method="POST"):
        answer = urllib3.request(method, f"{self.google_url}/control/{path}", json=body or {}, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()

    def set(self, **env):
        for name, value in env.items():
            self.environment.setenv(name, value)

    def enrol(self, *, watch_ends_in):
        now = datetime.now(UTC)
        with self.db.transaction() as conn:
            accounts.enrol(conn, ADA, cursor=1, watch_expires_at=now + watch_ends_in, watch_due_at=now)

    def said(self, account=ADA, *, watch=False, state="problem"):
        """What the doctor says of that state, as {check: all sentences}."""
        found = {}
        for finding in examine(account, watch=watch):
            if finding.state == state:
                found[finding.check] = f"{found.get(finding.check, '')} {finding.says}"
        return found


@pytest.fixture
def world(db, database_url, google_server, tmp_path: Path, monkeypatch):
    world = World(db, google_server.url, monkeypatch)
    world.control("reset")
    world.control("mailboxes", {"email": ADA})
    key = tmp_path / "key.json"
    key.touch(mode=0o600)
    key.write_text(
        json.dumps(
            world.control("service-accounts", {"email": "m@p.iam.gserviceaccount.com", "projectId": "p"})
        )
    )
    monkeypatch.delenv("PUBSUB_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # no asking of a machine in Google's cloud who it is
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    world.set(
        CRM_GMAIL_INTEGRATION_ENABLED="true", DATABASE_URL=database_url, CRM_GMAIL_DATA_DIR=str(tmp_path),
        CRM_GMAIL_SA_KEY_PATH=str(key), CRM_GMAIL_WORKSPACE_DOMAIN="fund.test", CRM_GMAIL_PUBSUB_TOPIC=TOPIC,
        CRM_GMAIL_PUBSUB_SUBSCRIPTION=SUBSCRIPTION, CRM_GMAIL_PUSH_AUDIENCE=AUDIENCE, CRM_GMAIL_PUSH_SERVICE_ACCOUNT=PUSHER,
        CRM_GMAIL_API_URL=world.google_url, CRM_GMAIL_TOKEN_URL=f"{world.google_url}/token",
        CRM_GMAIL_PUSH_CERTS_URL=f"{world.google_url}/oauth2/v1/certs",
    )  # fmt: skip
    return world


def test_a_whole_set_up_has_no_problem_and_its_account_need_not_be_named(world):
    world.enrol(watch_ends_in=timedelta(days=6))

    assert world.said(None, watch=True) == {}
    assert {"settings", "disk", "clock", "push keys", "database", "accounts", "gmail", "watch"} <= set(
        world.said(None, watch=True, state="ok")
    )
    assert "Application Default Credentials" in world.said(state="note")["subscription"]


@pytest.mark.parametrize("enrolled", [True, False])
def test_the_watch_it_tries_stays_only_where_the_account_is_enrolled(world, enrolled):
    if enrolled:
        world.enrol(watch_ends_in=timedelta(days=6))

    assert "may publish" in world.said(watch=True, state="ok")["watch"]

    assert bool(world.control("watches", method="GET")["watches"]) is enrolled


def test_every_missing_setting_is_named_at_once(world):
    for name in ("CRM_GMAIL_WORKSPACE_DOMAIN", "CRM_GMAIL_PUBSUB_TOPIC", "CRM_GMAIL_SA_KEY_PATH"):
        world.environment.delenv(name)

    said = world.said()["settings"]

    assert all(name in said for name in ("WORKSPACE_DOMAIN", "PUBSUB_TOPIC", "SA_KEY_PATH"))


@pytest.mark.parametrize(
    ("account", "names"),
    [("nobody@fund.test", "no such user"), ("ada@else.test", "not a domain of this installation"), ("ada", "not an e-mail address")],
)  # fmt: skip
def test_a_mailbox_that_cannot_be_read_is_told_with_the_reason(world, account, names):
    assert names in world.said(account)["gmail"]


def test_a_topic_of_another_project_shows_with_a_watch(world):
    world.set(CRM_GMAIL_PUBSUB_TOPIC="projects/elsewhere/topics/gmail", CRM_GMAIL_PUBSUB_SUBSCRIPTION="")

    assert "another project" in world.said(watch=True)["watch"]


def test_a_key_that_others_can_read_is_named_and_the_rest_is_still_looked_at(world, tmp_path):
    (tmp_path / "key.json").chmod(0o644)

    assert "key.json" in world.said()["credentials"]
    assert "database" in world.said(state="ok")


def test_a_database_that_is_away_or_empty_is_told_with_what_to_do(world, postgres_url):
    world.set(DATABASE_URL=postgres_url)
    assert "mailroom migrate" in world.said()["database"]
    world.environment.delenv("DATABASE_URL")
    assert "DATABASE_URL is not set" in world.said()["database"]


def test_a_google_that_cannot_be_reached_is_a_problem_and_no_crash(world):
    world.set(CRM_GMAIL_API_URL="http://127.0.0.1:9", CRM_GMAIL_TOKEN_URL="http://127.0.0.1:9/token")

    assert set(world.said()) == {"clock", "gmail"}


def test_a_watch_that_ended_and_work_that_is_not_done_are_problems(world):
    world.enrol(watch_ends_in=timedelta(hours=-1))
    with world.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_deltas SET due_at = now() - interval '1 hour'")

    said = world.said()

    assert "ada@fund.test: its watch ended" in said["accounts"]
    assert "mailroom consume" in said["consumer"]


def test_a_mailbox_whose_runs_fail_is_a_problem_although_it_is_not_late(world):
    world.enrol(watch_ends_in=timedelta(days=6))
    with world.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '50 seconds'")
        conn.execute(b"UPDATE mailroom.email_accounts SET last_success_at = now() - interval '31 minutes'")

    said = world.said()
    world.set(CRM_GMAIL_QUIET_POLL_SEC="660")

    assert set(said) == {"accounts"}
    assert "ada@fund.test: it has not been read to its end since" in said["accounts"]
    assert world.said() == {}


@pytest.mark.parametrize("whose", ["DATABASE {}", "ROLE {} IN DATABASE {}"])
def test_commits_that_do_not_wait_for_the_disk_are_a_problem_and_its_remedy_helps(world, database_url, whose):
    with psycopg.connect(database_url, autocommit=True) as conn:
        names = [conn.info.user, conn.info.dbname] if "ROLE" in whose else [conn.info.dbname]
        conn.execute(f"ALTER {whose.format(*names)} SET synchronous_commit = off".encode())

        said = world.said()["database"]
        conn.execute(said[said.index("ALTER ROLE") : said.index(", then")].encode())

    assert "synchronous_commit is off" in said
    assert "database" not in world.said()


def test_json_is_one_object_a_line_and_a_problem_is_exit_code_one(world):
    fine = CliRunner().invoke(main, ["doctor", ADA, "--json"])
    wrong = CliRunner().invoke(main, ["doctor", "nobody@fund.test"])

    assert fine.exit_code == 0
    assert all(set(json.loads(line)) == {"check", "state", "says"} for line in fine.stdout.splitlines())
    assert wrong.exit_code == 1
    assert "no such user" in " ".join(wrong.stdout.split())


SETTINGS = Settings.model_validate(
    {"CRM_GMAIL_PUBSUB_TOPIC": TOPIC, "CRM_GMAIL_PUSH_AUDIENCE": AUDIENCE, "CRM_GMAIL_PUSH_SERVICE_ACCOUNT": PUSHER}
)  # fmt: skip
RIGHT = Subscription(TOPIC, AUDIENCE, AUDIENCE, PUSHER, 10, 0, "", detached=False)


@pytest.mark.parametrize(
    ("change", "states", "names"),
    [
        ({}, ["ok"], "pushes to https://mailroom.test/push/gmail"),
        ({"audience": ""}, ["ok"], "pushes"),
        ({"push_endpoint": "", "audience": "", "service_account": ""}, ["ok"], "mailroom pull"),
        ({"expires_after_sec": 31 * 86_400}, ["ok", "note"], "31 days"),
        ({"topic": "projects/p/topics/other"}, ["problem"], "CRM_GMAIL_PUBSUB_TOPIC"),
        ({"topic": "_deleted-topic_"}, ["problem"], "detached"),
        ({"detached": True}, ["problem"], "detached"),
        ({"filter": "attributes:x"}, ["problem"], "filter"),
        ({"push_endpoint": "http://mailroom.test/push/gmail"}, ["problem"], "https"),
        ({"push_endpoint": "https://mailroom.test/"}, ["problem"], "/push/gmail"),
        ({"service_account": ""}, ["problem"], "not signed"),
        (
            {"service_account": "other@p.iam.gserviceaccount.com"},
            ["problem"],
            "CRM_GMAIL_PUSH_SERVICE_ACCOUNT",
        ),
        ({"audience": "https://else.test"}, ["problem"], "CRM_GMAIL_PUSH_AUDIENCE"),
        ({"deadline_sec": 5}, ["problem"], "10 s"),
    ],
)
def test_a_subscription_is_compared_with_the_settings(change, states, names):
    found = judge(replace(RIGHT, **change), SETTINGS)

    assert [one.state for one in found] == states
    assert names in " ".join(one.says for one in found)


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (-4, "ok"), (20, "note"), (-61, "problem"), (86_400, "problem")]
)
def test_a_clock_a_minute_off_is_a_problem_either_way(seconds, state):
    assert skew(timedelta(seconds=seconds)).state == state


def test_a_check_that_fails_in_an_unforeseen_way_says_only_how(world):
    def look():
        raise RuntimeError("canary-token")
        yield

    [finding] = guarded("x", look)

    assert finding.state == "problem"
    assert "RuntimeError" in finding.says
    assert "canary" not in finding.says


DOC = Path(__file__).parents[2] / "docs" / "production.md"


@pytest.fixture
def documented(database_url):
    """What docs/production.md tells an operator to run, as this database's superuser, with the CRM's login."""
    made, revoked = re.findall(r"```sql\n(.*?)```", DOC.read_text(encoding="utf-8"), re.DOTALL)
    with psycopg.connect(database_url, autocommit=True) as conn:
        conn.execute(made)
        conn.execute(revoked.replace("TO mailroom", "TO CURRENT_USER"))
        yield psycopg.conninfo.make_conninfo(database_url, user="crm", password="…")
        conn.execute("DROP OWNED BY crm")
        conn.execute("DROP ROLE crm")


def test_a_login_of_the_crm_without_limits_is_named_and_the_documented_one_is_not(world, login, documented):
    assert "crm is limited to 20 connections" in world.said(state="ok")["crm logins"]

    url = login("crm_reader")
    name = psycopg.conninfo.conninfo_to_dict(url)["user"]
    with psycopg.connect(world.db.url) as conn:
        conn.execute(f"ALTER ROLE {name} SET statement_timeout = '0'")
        conn.execute(f"ALTER ROLE {name} SET lock_timeout = '2s'")
    said = world.said()["crm logins"]

    assert f"{name} has no CONNECTION LIMIT, statement_timeout, idle_in_transaction_session_timeout" in said
    assert "lock_timeout" not in said


def test_without_a_login_of_the_crm_the_doctor_says_that_there_is_none(world):
    assert "crm_reader" in world.said(state="note")["crm logins"]


def test_the_documented_login_takes_no_advisory_lock_and_migrating_still_does(world, documented):
    with psycopg.connect(documented) as conn, pytest.raises(psycopg.errors.InsufficientPrivilege):
        conn.execute("SELECT pg_advisory_xact_lock(1)")

    assert migrate.up(world.db.url) == []


def test_a_misspelt_setting_is_noted_with_the_one_that_is_meant(world):
    world.set(CRM_GMAIL_RATE_UNIT_SEC="50", CRM_GMAIL_SECRET_KEY_FILE="")

    said = world.said(state="note")["settings"]

    assert "CRM_GMAIL_RATE_UNIT_SEC" in said
    assert "is CRM_GMAIL_RATE_UNITS_SEC meant" in said
    assert "SECRET_KEY" not in said


def test_an_account_nobody_works_on_is_noted_as_backfill_says_it(world):
    world.enrol(watch_ends_in=timedelta(days=6))
    with world.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_deltas SET due_at = now() - interval '30 seconds'")

    assert "nobody works" in CliRunner().invoke(main, ["backfill", "--status"]).output
    assert ADA in world.said(state="note")["consumer"]


def test_it_says_things_once_and_in_its_own_words(world, caplog):
    world.set(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")

    told = CliRunner().invoke(main, ["doctor", ADA])

    assert "did not answer" in told.output
    assert caplog.text == ""


def test_without_a_mailbox_commands_say_that_there_is_none(world):
    assert "No mailbox is enrolled" in CliRunner().invoke(main, ["backfill", "--status"]).output
    assert "Nothing was spent" in CliRunner().invoke(main, ["units"]).output
