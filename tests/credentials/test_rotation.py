"""`mailroom key`: every grant sealed anew with the first key, whatever happens in the middle."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner

from infra.cli import main
from shared.credentials import keys
from shared.credentials.keys import FIRST, OLD
from shared.store import oauth_tokens
from tests.credentials.conftest import sealer

ADDRESSES = [f"p{number:02}@fund.example" for number in range(20)]


@pytest.fixture
def grants(db, enrolled, old_key):
    """Twenty accounts with a grant sealed by the old key: {account id: token}."""
    tokens = {account: f"1//token-of-{account}" for account in enrolled(*ADDRESSES)}
    old = sealer(old_key)
    with db.transaction() as conn:
        for account, token in tokens.items():
            oauth_tokens.put(conn, account, old.seal(token, account_id=account), "scope")
    return tokens


@pytest.fixture
def env(database_url, old_key, new_key):
    return {
        "DATABASE_URL": database_url,
        FIRST: new_key,
        OLD: old_key,
    }


@pytest.fixture
def rotating(env):
    """Start the real command; killed at the end whatever happens."""
    started = []

    def rotating():
        command = [sys.executable, "-m", "infra.cli", "key", "rotate", "--json"]
        pipe = subprocess.PIPE
        started.append(subprocess.Popen(command, env=os.environ | env, stdout=pipe, stderr=pipe))
        return started[-1]

    yield rotating
    for process in started:
        process.kill()
        process.communicate()


def run(env, *arguments):
    done = CliRunner().invoke(main, ["key", *arguments], env=env)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def rows(db):
    with db.transaction() as conn:
        return {grant.account_id: grant.sealed for grant in oauth_tokens.page(conn, after=0, limit=1000)}


def hold(conn, account):
    """Lock one account's grant, so that whoever wants to replace it waits."""
    conn.execute("SELECT 1 FROM mailroom.oauth_tokens WHERE account_id = %s FOR UPDATE", [account])


def until_it_waits(db):
    waiting = (
        "SELECT 1 FROM pg_stat_activity WHERE application_name = 'mailroom-key' AND wait_event_type = 'Lock'"
    )
    end = time.monotonic() + 30
    while True:
        with db.transaction() as conn:
            if conn.execute(waiting + " AND datname = current_database()").fetchone():
                return
        assert time.monotonic() < end, "the rotation never came to the locked grant"
        time.sleep(0.01)


def test_every_grant_is_sealed_anew_and_again_changes_nothing(db, grants, env, new_key):
    first = run(env, "rotate", "--json")
    after = rows(db)
    again = run(env, "rotate", "--json")

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert json.loads(first.stdout)["resealed"] == 20
    assert json.loads(again.stdout) == {
        "current": 20, "resealed": 0, "old": 0, "unreadable": [], "old_keys_removable": True,
    }  # fmt: skip
    assert rows(db) == after
    alone = sealer(new_key)
    assert {account: alone.unseal(sealed, account_id=account) for account, sealed in after.items()} == grants


def test_killed_in_the_middle_it_loses_nothing_and_goes_on(db, grants, env, rotating):
    both, middle = sealer(env[FIRST], env[OLD]), sorted(grants)[10]
    with db.transaction() as conn:
        hold(conn, middle)
        process = rotating()
        until_it_waits(db)
        process.send_signal(signal.SIGKILL)
        process.wait()

    half = rows(db)
    assert [both.current(half[account]) for account in sorted(half)] == [True] * 10 + [False] * 10
    assert {account: both.unseal(sealed, account_id=account) for account, sealed in half.items()} == grants
    found = json.loads(run(env, "rotate", "--json").stdout)
    assert (found["current"], found["resealed"]) == (10, 10)


def test_a_grant_made_anew_meanwhile_is_kept_and_sealed_anew_too(db, grants, env, rotating):
    account = min(grants)
    with db.transaction() as conn:
        hold(conn, account)
        process = rotating()
        until_it_waits(db)
        oauth_tokens.put(conn, account, sealer(env[OLD]).seal("newer", account_id=account), "scope")

    process.communicate(timeout=30)

    assert process.returncode == 0
    assert sealer(env[FIRST]).unseal(rows(db)[account], account_id=account) == "newer"


def test_an_account_removed_meanwhile_does_not_disturb(db, grants, env, rotating):
    account = min(grants)
    with db.transaction() as conn:
        hold(conn, account)
        process = rotating()
        until_it_waits(db)
        oauth_tokens.remove(conn, account)

    told, _ = process.communicate(timeout=30)

    assert process.returncode == 0
    assert json.loads(told)["resealed"] == 19


def test_what_cannot_be_opened_is_named_and_left(db, grants, env):
    swapped, foreign = sorted(grants)[3], sorted(grants)[4]
    before = rows(db)
    with db.transaction() as conn:
        oauth_tokens.put(conn, swapped, before[foreign], "scope")
        oauth_tokens.put(conn, foreign, sealer(keys.new()).seal("x", account_id=foreign), "scope")
    before = rows(db)

    done = run(env, "rotate")

    assert done.exit_code == 1
    assert f"account {swapped} (p03@fund.example): an account's grant cannot be opened" in done.stderr
    assert f"account {foreign} (p04@fund.example): " in done.stderr
    assert "CRM_GMAIL_SECRET_KEYS_OLD" in done.stderr
    after = rows(db)
    assert [before[account] == after[account] for account in (swapped, foreign)] == [True, True]
    assert "18 grant(s) sealed anew" in done.stdout


def test_check_says_whether_the_old_keys_are_needed_and_changes_nothing(db, grants, env):
    before = rows(db)

    needed = run(env, "check", "--json")
    told = run(env, "check").stdout

    assert (needed.exit_code, json.loads(needed.stdout)["old_keys_removable"]) == (0, False)
    assert "Run mailroom key rotate before you remove an old key" in told
    assert rows(db) == before
    run(env, "rotate")
    assert "may be emptied" in run(env, "check").stdout


def test_an_old_key_removed_too_early_is_told_by_check(grants, env):
    done = run(env | {OLD: ""}, "check", "--json")

    assert done.exit_code == 1
    assert len(json.loads(done.stdout)["unreadable"]) == 20


def test_neither_keys_nor_tokens_are_ever_printed(grants, env, old_key, new_key):
    shown = "".join(run(env, command).output for command in ("check", "rotate", "check"))

    assert not [secret for secret in (old_key, new_key, *grants.values()) if secret in shown]


def test_without_a_key_nothing_starts(database_url):
    done = run({"DATABASE_URL": database_url}, "rotate")

    assert done.exit_code == 2
    assert "CRM_GMAIL_SECRET_KEY is not set" in done.stderr


def test_a_new_key_is_printed_alone_with_advice_beside_it():
    one, two = run({}, "new"), run({}, "new")

    assert one.stdout != two.stdout
    assert keys.Key.of(one.stdout.strip()).id
    assert "CRM_GMAIL_SECRET_KEYS_OLD" in one.stderr
