"""`mailroom replay`: what was given up waits again, and only that."""

import json
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from infra.cli import main
from shared.store import accounts, ledger
from shared.store.database import Database

ADA, BEN = "ada@fund.test", "ben@fund.test"


@pytest.fixture
def db(database_url):
    """Two mailboxes: two messages of one were given up, one of the other; and one was stored as nobody's."""
    with Database(database_url) as db, db.transaction() as conn:
        for address, ids in ((ADA, ["a1", "a2"]), (BEN, ["b1"])):
            now = datetime.now(UTC)
            one = accounts.enrol(conn, address, cursor=1, watch_expires_at=None, watch_due_at=now)
            ledger.add(conn, one, [ledger.Seen(gmail_id, "t") for gmail_id in [*ids, f"{ids[0]}x"]])
            ledger.settle(conn, one, ids, "dead", "the disk is full")
            ledger.settle(conn, one, [f"{ids[0]}x"], "unmatched")
    with Database(database_url) as db:
        yield db


@pytest.fixture
def run(db, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(main, ["replay", *words])


def states(db):
    with db.transaction() as conn:
        rows = conn.execute(
            b"SELECT gmail_id, state, attempts, error FROM mailroom.account_messages"
        ).fetchall()
    return {gmail_id: rest for gmail_id, *rest in rows}


def test_everything_given_up_waits_again_and_its_accounts_are_woken(run, db):
    told = run()

    assert told.exit_code == 0
    assert "the disk is full" in told.output
    assert {gmail_id for gmail_id, (state, *_) in states(db).items() if state == "waiting"} == {
        "a1",
        "a2",
        "b1",
    }
    assert states(db)["a1"] == ["waiting", 0, ""]
    with db.transaction() as conn:
        assert conn.execute(b"SELECT wake FROM mailroom.email_deltas").fetchall() == [(1,), (1,)]
    assert "No message was given up" in run().output


def test_listing_changes_nothing(run, db):
    before = states(db)

    lines = [json.loads(line) for line in run("--list", "--json").output.splitlines()]

    assert [(one["account"], one["message"], one["replayed"]) for one in lines] == [
        (ADA, "a2", False), (ADA, "a1", False), (BEN, "b1", False),
    ]  # fmt: skip
    assert states(db) == before


def test_one_message_can_be_named(run, db):
    assert run(ADA, "--message", "a1").exit_code == 0

    assert [gmail_id for gmail_id, (state, *_) in states(db).items() if state == "waiting"] == ["a1"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--message", "a1"], "name the mailbox too"),
        (["who@fund.test"], "not enrolled"),
        ([ADA, "--message", "b1"], "none of ada@fund.test's dead messages"),
    ],
)
def test_what_is_not_there_is_said_and_nothing_changes(run, db, words, says):
    before = states(db)
    told = run(*words)

    assert told.exit_code == 2
    assert says in told.output
    assert states(db) == before


def test_a_mailbox_that_is_paused_is_said_to_wait(run, db):
    with db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_accounts SET status = 'paused' WHERE address = %s", (BEN,))

    assert f"{BEN} is paused" in run().output
