"""`mailroom exclusions`: what is never captured, by whoever keeps the installation."""

import json

import psycopg
import pytest
from click.testing import CliRunner

from infra.cli import main


@pytest.fixture
def run(database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
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
