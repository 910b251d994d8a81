"""`mailroom token`: what was made can be seen, and taken back at once."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

from infra.cli import main
from shared.store import tokens
from tests.watcher.conftest import World

HTML = {"Accept": "text/html"}


@pytest.fixture
def fund(db):
    return World(db)


@pytest.fixture
def run(database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    return lambda *words: CliRunner().invoke(main, ["token", *words])


def test_a_list_shows_who_may_do_what_until_when_and_never_the_token(fund, run):
    made = fund.token("admin", "ops")
    with fund.db.transaction() as conn:
        tokens.create(conn, name="ivy[red]", role="member", lasts=timedelta(days=2))
        tokens.create(conn, name="old", role="member", lasts=timedelta(seconds=-1))
        assert tokens.caller(conn, made)

    shown, as_json = run("list").output, run("list", "--json").output

    ivy, old, ops = map(json.loads, as_json.splitlines())
    assert [(one["name"], one["role"], one["expired"]) for one in (ivy, old, ops)] == [
        ("ivy[red]", "member", False),
        ("old", "member", True),
        ("ops", "admin", False),
    ]
    assert ops["expires_at"] is None
    assert ivy["expires_at"][:10] in shown
    assert (ivy["last_used_at"], ops["last_used_at"] >= ops["created_at"]) == (None, True)
    assert all(word in shown for word in ("ivy[red]", "expired", "never", "not seen"))
    assert made not in shown + as_json


def test_a_use_is_noted_once_an_hour(fund, db):
    made = fund.token()

    def used(ago):
        sql = b"UPDATE mailroom.api_tokens SET last_used_at = now() - %s::interval RETURNING last_used_at"
        [(before,)] = fund.rows(sql, ago)
        with db.transaction() as conn:
            tokens.caller(conn, made)
        return fund.rows(b"SELECT last_used_at > %s FROM mailroom.api_tokens", before) == [(True,)]

    assert (used("59 minutes"), used("61 minutes")) == (False, True)


def test_a_revoked_token_ends_the_api_and_every_session_at_once_and_others_stay(fund, run):
    made, other = fund.token("admin", "ops"), fund.token("admin", "other")
    signed_in, stays = fund.client(), fund.client()
    signed_in.post("/signin", data={"token": made}, base_url="https://mailroom.test")
    stays.post("/signin", data={"token": other}, base_url="https://mailroom.test")

    def answers(browser, token):
        page = browser.get("/threads", base_url="https://mailroom.test", headers=HTML)
        api = fund.client().get("/api/email/accounts", headers={"Authorization": f"Bearer {token}"})
        return page.status_code, api.status_code

    assert answers(signed_in, made) == (200, 200)

    done = run("revoke", "ops")

    assert (done.exit_code, "ops (admin): revoked" in done.output) == (0, True)
    assert "No admin token" not in done.output
    assert answers(signed_in, made) == (303, 401)
    assert fund.client().post("/signin", data={"token": made}).status_code == 401
    assert answers(stays, other) == (200, 200)
    assert fund.audit() == [("cli", "token.revoke", "ops")]
    assert "ops" not in run("list").output


def test_whoever_revokes_the_last_admin_is_told_how_to_make_one(fund, run):
    fund.token("admin", "ops")
    fund.token("member", "ivy")

    assert "mailroom token create --role admin" in run("revoke", "ops").output


@pytest.mark.parametrize(
    ("known", "asked", "hint"),
    [(["ops", "ivy"], "opps", "is 'ops' meant?"), (["ops"], "zebra", "mailroom token list"), ([], "ops", "there is none"), (["ops"], "OPS", "nothing was revoked")],
)  # fmt: skip
def test_an_unknown_name_is_refused_with_what_may_be_meant_and_changes_nothing(fund, run, known, asked, hint):
    for name in known:
        fund.token("admin", name)

    refused = run("revoke", asked)

    assert refused.exit_code == 2
    assert hint in refused.output
    assert fund.audit() == []
    assert len(run("list", "--json").output.splitlines()) == len(known)


def test_without_any_token_the_list_says_how_to_make_one(run):
    assert "mailroom token create" in run("list").output
