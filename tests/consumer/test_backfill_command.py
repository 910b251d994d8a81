"""`mailroom backfill`: previewed, ordered, followed, cancelled, as an admin would."""

import json
import os
import signal
import subprocess
import sys
from threading import Event, Thread

import pytest
from click.testing import CliRunner

from consumer.worker import attend
from infra.cli import main
from shared.store import exclusions, ledger
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

TABLES = ("account_messages", "email_searches", "email_deltas", "email_accounts", "audit_log")


@pytest.fixture
def ada(world, database_url, tmp_path, monkeypatch):
    """A mailbox of 70 messages, 30 of them an investor's, enrolled and not begun; the settings to reach it."""
    for number in range(40):
        world.google.deliver(ADA, mail(sender=f"n{number}@letter.example"), notify=False)
    for _ in range(30):
        world.google.deliver(ADA, mail(), notify=False)
    world.enrol(ADA)
    key = tmp_path / "key.json"
    key.touch(mode=0o600)
    account = {"email": "other@p.iam.gserviceaccount.com", "projectId": "p"}
    key.write_text(json.dumps(world.google.control("service-accounts", account)))
    url = world.google.url
    for name, value in {
        "DATABASE_URL": database_url, "CRM_GMAIL_DATA_DIR": str(tmp_path), "CRM_GMAIL_SA_KEY_PATH": str(key),
        "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test", "CRM_GMAIL_API_URL": url, "CRM_GMAIL_TOKEN_URL": f"{url}/token",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    world.google.control("counters/reset")
    return world


def run(*words):
    return CliRunner().invoke(main, ["backfill", *words])


def told(*words):
    answer = run(*words, "--json")
    return [json.loads(line) for line in answer.stdout.splitlines()]


@pytest.fixture
def consumer(ada):
    """Somebody who works while a command follows."""
    stop = Event()

    def work():
        while not stop.wait(0.2):
            while (lease := ada.lease()) is not None:
                attend(ada.deps, lease)

    thread = Thread(target=work)
    thread.start()
    yield ada
    stop.set()
    thread.join()


def everything(world):
    return [world.rows(f"SELECT * FROM mailroom.{table} ORDER BY 1, 2".encode()) for table in TABLES]


def test_the_preview_tells_units_and_minutes_and_changes_nothing(ada):
    before = everything(ada)

    (seen,) = told(ADA, "--dry-run")

    # Two searches, the rest and the newest page once more, and the profile; 30 by themselves; 40 for proof.
    assert (seen["finding"], seen["fetching"], seen["proving"]) == (1 + 4 * 5, 600, 800)
    assert seen["minutes"] == pytest.approx((21 + 600 + 800) / 93 / 60, abs=0.01)
    assert seen["preview_units"] == 16
    assert everything(ada) == before
    shown = run("--dry-run").output
    assert "15 s" in shown
    assert "changed nothing" in shown


def test_what_is_left_out_or_waits_for_people_is_said(ada):
    ada.enrol(BEN)
    ada.rows(b"UPDATE mailroom.email_accounts SET status = 'reconnect' WHERE address = %s RETURNING 1", BEN)
    with ada.db.transaction() as conn:
        exclusions.add(conn, kind="account", value=ADA, note="")

    ours, bens = told("--dry-run")

    assert "exclusion" in ours["note"]
    assert "units" not in ours
    assert "reconnect" in bens["note"]
    assert bens["units"] > 0


def test_who_follows_sees_it_done(consumer):
    followed = told(ADA)

    assert followed[-1]["stage"] == "done"
    assert followed[-1]["stored"] == 30
    assert followed[-1]["units_left"] == {"finding": 0, "fetching": 0, "proving": 0}
    shown = run(ADA)
    assert shown.exit_code == 0
    assert f"{ADA}: ordered" in shown.output
    assert f"{ADA}: done: 30 stored" in shown.output


def test_a_first_capture_is_under_way_by_itself(ada):
    assert "is under way already" in run("--no-follow").output


def test_a_second_one_is_ordered_once_and_the_account_is_woken(ada):
    ada.work()
    (wake,) = ada.rows(b"SELECT wake FROM mailroom.email_deltas")

    assert f"{ADA}: ordered" in run(ADA, "--no-follow").output
    assert "under way already" in run(ADA, "--no-follow").output
    assert ada.rows(b"SELECT wake FROM mailroom.email_deltas") == [(wake[0] + 2,)]
    assert ada.rows(b"SELECT action, subject FROM mailroom.audit_log") == [("backfill.begun", ADA)]


def test_cancelled_it_says_how_to_go_on_and_goes_on(ada):
    assert "does not check this mailbox" in run(ADA, "--cancel").output
    assert "cancelled already" in run(ADA, "--cancel").output
    ada.work()
    (seen,) = told(ADA, "--status")
    assert (seen["stage"], seen["stored"]) == ("cancelled", 0)

    assert "goes on where it was cancelled" in run(ADA, "--no-follow").output
    ada.work()

    assert told(ADA, "--status")[0]["stored"] == 30


def test_status_says_when_nobody_works(ada):
    ada.rows(b"UPDATE mailroom.email_deltas SET due_at = now() - interval '1 minute' RETURNING 1")

    shown = run("--status")

    assert shown.exit_code == 0
    assert "is `mailroom consume` running?" in shown.output


def test_a_mailbox_that_waits_for_people_ends_the_following(ada):
    ada.rows(
        b"UPDATE mailroom.email_accounts SET status = 'reconnect', status_reason = 'open /connect' RETURNING 1"
    )

    shown = run(ADA)

    assert shown.exit_code == 1
    assert "open /connect" in shown.output


def test_what_was_given_up_is_no_success(consumer):
    with consumer.db.transaction() as conn:
        ledger.add(conn, consumer.ids[ADA], [ledger.Seen("ffff", "")])
        ledger.settle(conn, consumer.ids[ADA], ["ffff"], "dead", "the disk is full")

    shown = run(ADA)

    assert shown.exit_code == 1
    assert "1 given up" in shown.output


@pytest.fixture
def at_a_terminal():
    """Who runs the tests in the background of a script ignores Ctrl-C, and so would every program they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_ends_the_following_and_nothing_else(ada, at_a_terminal):
    command = [sys.executable, "-m", "infra.cli", "backfill", ADA]
    with subprocess.Popen(
        command, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as one:
        while "planning" not in one.stdout.readline():
            pass
        one.send_signal(signal.SIGINT)
        _, said = one.communicate(timeout=30)

    assert one.returncode == 130
    assert "consumers go on" in said
    assert f"mailroom backfill {ADA} --cancel" in said
    assert told(ADA, "--status")[0]["stage"] == "planning"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cancel"], "name it"),
        (["--cancel", "--dry-run", ADA], "choose one"),
        (["who@fund.test"], "not enrolled"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_changes_nothing(ada, words, says):
    before = everything(ada)
    answer = run(*words)

    assert answer.exit_code == 2
    assert says in answer.output
    assert everything(ada) == before
