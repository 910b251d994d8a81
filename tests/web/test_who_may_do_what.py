"""Every route for every caller: the server enforces it, whatever a page shows."""

import pytest

from tests.web.conftest import build

# Who may call what: anybody, push (Pub/Sub's own token), page (a signed-in browser), admin, member.
RULES = {
    "/healthz": "anybody",
    "/readyz": "anybody",
    "/signin": "anybody",
    "/signout": "anybody",
    "/": "anybody",
    "/static/<path:filename>": "anybody",
    "/push/gmail": "push",
    "/threads": "page",
    "/api/email/status": "admin",
    "/api/email/accounts": "admin",
    "/api/email/accounts/enroll": "admin",
    "/api/email/accounts/<email>": "admin",
    "/api/email/oauth/start": "admin",
    "/api/email/oauth/callback": "anybody",
    "/connect": "page",
    "/api/email/sync/run-now": "admin",
}


def routes(web):
    for rule in web.client.application.url_map.iter_rules():
        for method in sorted(rule.methods - {"OPTIONS", "HEAD"}):
            yield rule.rule, method


def test_every_route_has_a_rule(web):
    assert {rule for rule, _ in routes(web)} == set(RULES)


def test_only_an_admins_token_opens_what_is_for_admins(web):
    for path, method in routes(web):
        if RULES[path] != "admin":
            continue
        call = web.client.open

        assert call(path, method=method).status_code == 401
        assert call(path, method=method, headers={"Authorization": "Bearer mr_wrong"}).status_code == 401
        assert call(path, method=method, headers={"Authorization": "Basic x"}).status_code == 401
        assert call(path, method=method, headers=web.member).status_code == 403
        assert call(path, method=method, headers=web.admin, json={"email": "x@fund.test"}).status_code < 500
        assert call(path, method=method, headers=web.admin, json={}).status_code not in {401, 403}


def test_switched_off_the_api_says_so_to_those_who_may_know(web, db):
    app, _ = build(db, CRM_GMAIL_INTEGRATION_ENABLED="false")
    client = app.test_client()

    for path, method in routes(web):
        if RULES[path] == "admin":
            assert client.open(path, method=method).status_code == 401
            assert client.open(path, method=method, headers=web.admin, json={}).status_code == 503


def test_pages_send_strangers_to_sign_in(web):
    answer = web.client.get("/threads")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/signin")


def test_an_api_token_signs_a_browser_in_by_a_cookie_no_script_can_read(web):
    token = web.member["Authorization"].removeprefix("Bearer ")

    answer = web.client.post("/signin", data={"token": token})

    cookie = answer.headers["Set-Cookie"]
    assert answer.status_code == 303
    assert all(flag in cookie for flag in ("HttpOnly", "Secure", "SameSite=Strict"))


def test_a_wrong_token_signs_nobody_in(web):
    answer = web.client.post("/signin", data={"token": "mr_wrong"})

    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers


def test_a_foreign_page_cannot_sign_a_browser_in(web):
    token = web.member["Authorization"].removeprefix("Bearer ")

    answer = web.client.post("/signin", data={"token": token}, headers={"Origin": "https://evil.example"})

    assert answer.status_code == 400
    assert "Set-Cookie" not in answer.headers


def test_only_the_hash_of_a_token_is_kept(web):
    token = web.admin["Authorization"].removeprefix("Bearer ")

    [(rows,)] = web.rows(b"SELECT string_agg(t::text, ' ') FROM mailroom.api_tokens t")

    assert token not in rows


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/push/gmail", 405)])
def test_errors_are_problems_in_words(web, path, status):
    answer = web.client.get(path)

    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert answer.json["detail"]


def test_a_surprise_shows_nothing_of_our_inside(web, mocker):
    mocker.patch("shared.store.serve.mailboxes", side_effect=RuntimeError("secret detail"))
    web.client.application.config["PROPAGATE_EXCEPTIONS"] = False

    answer = web.client.get("/api/email/accounts", headers=web.admin)

    assert answer.status_code == 500
    assert b"secret" not in answer.data


def test_every_answer_carries_the_headers_that_keep_a_browser_safe(web):
    answer = web.client.get("/signin")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
