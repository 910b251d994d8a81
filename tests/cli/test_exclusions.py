"""`mailroom exclusions`: what is never captured, by whoever keeps the installation."""

import json
from datetime import UTC, datetime

import psycopg
import pytest
from click.testing import CliRunner

from infra.cli import exclusions, main
from shared.store import accounts
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from tests.consumer.test_rematch import follow


@pytest.fixture
def run(database_url, db, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("CRM_GMAIL_WORKSPACE_DOMAIN", "mail.fund.test")
    with db.transaction() as conn:
        now = datetime.now(UTC)
        accounts.enrol(conn, "ada@fund.test", cursor=1, watch_expires_at=None, watch_due_at=now)
    return lambda *words: CliRunner().invoke(main, ["exclusions", *words])


@pytest.mark.parametrize(
    ("kind", "value", "kept"),
    [
        ("address", "Law.Yer+x@Law.Example", "law.yer@law.example"),
        ("domain", "@Law.Example", "law.example"),
        ("domain", "gmail.com", "gmail.com"),
        ("label", "CATEGORY_PROMOTIONS", "CATEGORY_PROMOTIONS"),
        ("label", "Ada@Fund.test:Label_7", "ada@fund.test:Label_7"),
        ("account", "Ada@Fund.test", "ada@fund.test"),
    ],
)
def test_an_exclusion_is_kept_in_the_form_it_is_compared_in_and_removed_by_its_number(run, kind, value, kept):
    assert run("add", kind, value, "--note", "private").exit_code == 0
    assert "already" in run("add", kind, kept).output

    [line] = run("list", "--json").output.splitlines()
    told = json.loads(line)
    assert (told["kind"], told["value"], told["note"]) == (kind, kept, "private")
    assert kept in run("list").output
    assert run("remove", str(told["id"])).exit_code == 0
    assert "Nothing is excluded" in run("list").output


@pytest.mark.parametrize(
    ("kind", "value"),
    [("address", "law"), ("domain", "com"), ("domain", "a@b.example"), ("label", "my label"), ("label", "x:L1"), ("account", "ada")],
)  # fmt: skip
def test_what_is_none_is_refused_with_a_reason(run, kind, value):
    told = run("add", kind, value)

    assert told.exit_code == 2
    assert "not" in told.output
    assert "Nothing is excluded" in run("list").output


def test_a_number_that_does_not_exist_says_where_numbers_are(run):
    assert "mailroom exclusions list" in run("remove", "7").output


def test_who_did_it_is_noted(run, database_url):
    run("add", "domain", "law.example")
    run("remove", "1")

    with psycopg.connect(database_url) as conn:
        noted = conn.execute("SELECT action, subject FROM mailroom.audit_log ORDER BY id").fetchall()
    assert noted == [("exclusions.add", "law.example"), ("exclusions.remove", "law.example")]


@pytest.mark.parametrize(
    ("kind", "value", "told"),
    [
        ("address", "Ada+x@fund.test", "exclusions add account ada@fund.test"),
        ("domain", "fund.test", "own domain"),  # above the workspace's mail.fund.test, and the mailbox's
        ("domain", "mail.fund.test", "own domain"),
        ("account", "bo@fund.test", "enrolled are ada@fund.test"),
        ("label", "bo@fund.test:Label_7", "enrolled are ada@fund.test"),
    ],
)
def test_the_fund_itself_and_a_mailbox_we_do_not_have_are_refused(run, kind, value, told):
    refused = run("add", kind, value, "--yes")

    assert refused.exit_code == 2
    assert told in refused.output
    assert "Nothing is excluded" in run("list").output


def test_a_colleague_who_is_not_enrolled_and_a_domain_below_ours_may_be_left_out(run):
    assert run("add", "address", "counsel@fund.test").exit_code == 0
    assert run("add", "domain", "robots.fund.test").exit_code == 0


@pytest.fixture
def mailboxes(world, database_url, monkeypatch):
    """Three messages: one with a lawyer in two mailboxes, one with a label, one plain."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    world.enrol(ADA, BEN)
    both = mail(to=f"{ADA}, {BEN}, Law.Yer+x@in.law.example", subject="contract")
    world.arrive(ADA, both)
    world.arrive(BEN, both, "INBOX", "CATEGORY_PROMOTIONS")
    world.arrive(ADA, mail(subject="offer"), "INBOX", "CATEGORY_PROMOTIONS")
    world.arrive(ADA, mail(subject="plain"))
    return world


@pytest.mark.parametrize(
    ("kind", "value", "gone"),
    [
        ("address", "law.yer@in.law.example", 1),
        ("domain", "law.example", 1),
        ("domain", "elsewhere.example", 0),
        ("label", "CATEGORY_PROMOTIONS", 1),  # of the contract Ada's copy stays
        ("label", f"{BEN}:CATEGORY_PROMOTIONS", 0),
        ("account", BEN, 0),
        ("account", ADA, 2),
    ],
)
def test_what_would_disappear_is_said_beforehand_and_is_what_disappears(mailboxes, kind, value, gone):
    say = f"{gone} of the 3 messages the CRM sees"
    words = ["exclusions", "add", kind, value]

    tried = CliRunner().invoke(main, [*words, "--dry-run"])
    assert say in tried.output
    assert mailboxes.rows(b"SELECT count(*) FROM mailroom.email_exclusions") == [(0,)]
    assert say in CliRunner().invoke(main, words).output
    follow(mailboxes)

    assert mailboxes.rows(b"SELECT count(*) FROM crm.emails") == [(3 - gone,)]


def test_when_many_messages_disappear_it_wants_to_hear_that_this_is_meant(mailboxes, monkeypatch):
    monkeypatch.setattr(exclusions, "MANY", 1)
    words = ["exclusions", "add", "account", ADA]

    refused = CliRunner().invoke(main, words)
    assert (refused.exit_code, "--yes" in refused.output) == (2, True)
    assert mailboxes.rows(b"SELECT count(*) FROM mailroom.email_exclusions") == [(0,)]

    assert CliRunner().invoke(main, [*words, "--yes"]).exit_code == 0
    assert mailboxes.rows(b"SELECT count(*) FROM crm.emails") == [(1,)]
