"""`mailroom verify --deep`: what a search would have judged is read, and what differs is said and mended."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from infra.cli import deep, main
from shared.store import accounts, investors, searches
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

DOUBT = b"UPDATE mailroom.account_messages SET judged_by = 'search' WHERE state = 'unmatched' RETURNING 1"
DUE = b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1"
UNPROVED = b"SELECT unproved FROM crm.mailboxes ORDER BY address"
ALL = b"SELECT * FROM mailroom.account_messages ORDER BY account_id, gmail_id"


@pytest.fixture
def verify(world, database_url, monkeypatch, tmp_path):
    """Run the command on the world's mailboxes; returns (exit code, {mailbox: what was told}, all output)."""
    key = tmp_path / "key.json"
    key.write_text(
        json.dumps(
            world.google.control(
                "service-accounts", {"email": "mailroom@p.iam.gserviceaccount.com", "projectId": "p"}
            )
        )
    )
    key.chmod(0o600)
    for name, value in {
        "DATABASE_URL": database_url,
        "CRM_GMAIL_SA_KEY_PATH": str(key),
        "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test",
        "CRM_GMAIL_API_URL": world.google.url,
        "CRM_GMAIL_TOKEN_URL": f"{world.google.url}/token",
    }.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        told = CliRunner().invoke(main, ["verify", *words, "--json"])
        lines = [json.loads(line) for line in told.stdout.splitlines() if line.startswith("{")]
        return told.exit_code, {one["account"]: one for one in lines}, told.output

    return run


@pytest.fixture
def past(world):
    """A mailbox of old mail, of which nothing was an investor's; and then Eve, whom nobody has searched for."""
    first = world.google.deliver(ADA, mail(sender="n@letter.example"), notify=False)
    thread = [first["id"]]
    for number in range(9):
        sender = "eve@angel.example" if number == 4 else "n@letter.example"
        more = {"threadId": first["threadId"], "notify": False}
        thread.append(world.google.deliver(ADA, mail(sender=sender), **more)["id"])
    single = world.google.deliver(ADA, mail(sender="solo@letter.example"), notify=False)["id"]
    world.enrol(ADA)
    world.work()
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Eve", "", "address", "eve@angel.example")])
    world.google.control("counters/reset")
    return thread, single


def units_of(world, address=ADA):
    methods = world.google.control("counters", method="GET")["mailboxes"][address]["units"]
    return methods.get("threads.get", 0) + methods.get("messages.get", 0)


def test_what_it_costs_is_said_first_and_who_is_wrongly_unmatched_afterwards(world, verify, past):
    thread, _ = past
    world.rows(DOUBT)
    before = world.rows(ALL)

    code, told, output = verify("--deep")

    assert (
        "To be read: the headers of 11 messages; 60 units, less than a minute at 100 units a second."
        in output
    )
    said = told[ADA]["deep"]
    assert (said["read"], said["units"]) == (11, 60)
    assert said["wrongly_unmatched"] == [thread[5]]
    assert (code, told[ADA]["complete"]) == (1, False)
    assert units_of(world) == 60
    assert world.rows(ALL) == before


def test_nothing_of_an_unmatched_message_is_told_or_read_whole(world, verify, past):
    world.rows(DOUBT)

    _, _, output = verify("--deep", "--repair")

    assert "letter.example" not in output
    assert world.google.bodies(ADA) == set()


def test_repair_has_consumers_capture_it_and_what_was_read_is_never_paid_for_again(world, verify, past):
    thread, _ = past
    world.rows(DOUBT)
    verify("--deep", "--repair")
    assert world.states(ADA)[thread[5]] == "waiting"
    assert world.rows(UNPROVED) == [(0,)]

    world.work()

    assert world.states(ADA)[thread[5]] == "stored"
    code, told, _ = verify("--deep")
    assert (code, told[ADA]["deep"]["read"]) == (0, 0)


def test_repair_mends_a_deletion_although_a_check_had_seen_the_message(world, verify):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail())
    world.rows(
        b"UPDATE mailroom.email_searches SET created_at = created_at - interval '40 seconds' RETURNING 1"
    )
    world.rows(DUE)
    world.work()
    with world.db.transaction() as conn:
        assert searches.check_now(conn, world.ids[ADA])
    world.rows(DUE)
    world.work()
    world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")
    history = world.deps.gmail.account(ADA).profile().history_id
    world.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", history)

    code, told, _ = verify("--repair")
    assert (code, told[ADA]["vanished"]) == (1, [gmail_id])
    world.work()

    assert world.states(ADA) == {gmail_id: "gone"}
    assert verify()[0] == 0


def test_nobodys_mail_that_was_deleted_while_history_was_not_to_be_had_leaves_a_mailbox_complete(
    world, verify
):
    world.enrol(ADA)
    kept = world.arrive(ADA, mail())
    nobodys, spam = world.arrive(ADA, mail(sender="n@letter.example")), world.arrive(ADA, mail(), "SPAM")
    for gmail_id in (nobodys, spam):
        world.google.control(f"mailboxes/{ADA}/messages/{gmail_id}", method="DELETE")
    world.google.control(f"mailboxes/{ADA}/history-floor", {"to": "current"})
    world.rows(DUE)
    world.work()

    code, told, _ = verify()
    assert (code, told[ADA]["vanished"], told[ADA]["stored"]) == (0, [], 1)

    world.google.control(f"mailboxes/{ADA}/messages/{kept}", method="DELETE")
    code, told, _ = verify()
    assert (code, told[ADA]["vanished"]) == (1, [kept])


def test_all_that_is_unmatched_is_read_only_when_asked_for(verify, past):
    thread, _ = past

    assert verify("--deep")[1][ADA]["deep"]["read"] == 0
    said = verify("--deep", "--everything")[1][ADA]["deep"]
    assert (said["read"], said["wrongly_unmatched"]) == (11, [thread[5]])
    assert "deep" not in verify()[1][ADA]


def test_what_all_of_its_mail_has_judged_is_not_said_to_differ(world, verify, past):
    thread, _ = past
    world.rows(
        b"UPDATE mailroom.account_messages SET judged_by = 'mail' WHERE gmail_id = %s RETURNING 1", thread[5]
    )

    code, told, _ = verify("--deep", "--everything")

    assert (code, told[ADA]["deep"]["wrongly_unmatched"]) == (0, [])


@pytest.mark.parametrize("lost", ["shown", "email_matches"])
def test_stored_mail_that_is_not_in_the_views_as_it_should_be_is_found_and_shown_again(world, verify, lost):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail())
    world.rows(f"DELETE FROM mailroom.{lost} RETURNING 1".encode())

    code, told, _ = verify("--deep")
    assert (code, told[ADA]["deep"]["misfiled"]) == (1, [gmail_id])
    verify("--deep", "--repair")

    assert world.rows(b"SELECT investor FROM crm.investor_emails") == [("Ivy Investor",)]
    world.rows(DUE)
    world.work()
    assert verify("--deep")[0] == 0


def test_mail_that_lost_its_investor_is_rightly_out_of_the_views(world, verify):
    world.enrol(ADA)
    world.arrive(ADA, mail())
    world.rows(b"DELETE FROM mailroom.investors RETURNING 1")

    assert verify("--deep")[1][ADA]["deep"]["misfiled"] == []


def test_units_that_run_out_are_waited_for(world, verify, past):
    thread, _ = past
    world.rows(DOUBT)
    world.google.control(
        "faults", {"method": "messages.get", "effect": "retryAfter", "seconds": 1, "first": 1}
    )

    said = verify("--deep")[1][ADA]["deep"]

    assert (said["read"], said["unread"], said["error"]) == (11, 0, "")
    assert said["wrongly_unmatched"] == [thread[5]]


def test_a_mailbox_that_is_left_out_is_not_read_and_one_that_cannot_be_stops_no_other(world, verify, past):
    world.enrol(BEN)
    world.work()
    world.rows(DOUBT)
    world.google.control(f"mailboxes/{BEN}", method="DELETE")
    code, told, _ = verify("--deep")
    assert code == 1
    assert told[BEN]["error"]
    assert told[ADA]["deep"]["read"] == 11

    world.rows(b"INSERT INTO mailroom.email_exclusions (kind, value) VALUES ('account', %s) RETURNING 1", ADA)
    assert verify("--deep")[1][ADA]["deep"]["read"] == 0


@pytest.mark.parametrize("words", [["--everything"], ["--yes"]])
def test_how_to_read_says_nothing_without_deep(verify, words):
    code, _, output = verify(*words)

    assert code == 2
    assert "add --deep" in output


@pytest.fixture
def means(world):
    return deep.Means(world.db, world.deps.gmail, world.deps.settings, world.deps.matching, repair=False)


def at_a_terminal():
    return Console(force_terminal=True, width=100, file=StringIO())


def test_at_a_terminal_a_bar_says_how_far_it_is_and_when_it_ends(world, means, past):
    world.rows(DOUBT)
    with world.db.transaction() as conn:
        works = deep.plan(means, accounts.every(conn), everything=False)
    console = at_a_terminal()

    [told] = deep.read(means, works, console)

    assert told.units == 60
    assert re.search(r" 0 of 60 units, until \d\d:\d\d", console.file.getvalue())
    assert "60 of 60 units" in console.file.getvalue()


@pytest.mark.parametrize(("typed", "goes_on"), [("n\n", False), ("\n", True)])
def test_at_a_terminal_a_person_may_stop_before_anything_is_spent(world, means, past, typed, goes_on):
    world.rows(DOUBT)
    with world.db.transaction() as conn:
        works = deep.plan(means, accounts.every(conn), everything=False)

    with CliRunner().isolation(input=typed):
        assert deep.agreed(works, at_a_terminal(), rate=100, ask=True) is goes_on
        assert deep.agreed([], at_a_terminal(), rate=100, ask=True)  # nothing to read: nothing to ask


@given(st.integers(0, 10**7), st.integers(1, 10**7), st.floats(0.1, 10**5), st.floats(0.5, 1_000))
def test_the_end_is_at_the_pace_so_far_and_never_sooner_than_the_budget_flows(left, spent, elapsed, rate):
    lasts = deep.ends(left, spent=spent, elapsed=elapsed, rate=rate)

    begin = deep.ends(left, spent=0, elapsed=0, rate=rate)
    unlimited = deep.ends(left, spent=spent, elapsed=elapsed, rate=0)
    assert lasts == max(begin, unlimited)
    assert unlimited.total_seconds() == pytest.approx(left * elapsed / spent, abs=1e-5)
    assert timedelta(seconds=left / rate) <= begin <= timedelta(seconds=1.2 * left / rate + 1)


def test_without_a_limit_and_before_the_first_answer_no_end_is_promised():
    assert deep.ends(9, spent=0, elapsed=0, rate=0) is None
    assert "60 units, about 2 minutes" in deep.preview([deep.Work(None, [], 60)], rate=0.5)
    assert deep.preview([], rate=0) == "To be read: the headers of 0 messages; 0 units."
