"""The consent page: who may enter, what can be allowed, and where the answer goes."""

import re

import pytest

from tests.local_google.app import ADA, BACK, METADATA, MODIFY, READONLY, App

GHOST = "http://127.0.0.1:5000/elsewhere"


def _accounts(page):
    return re.findall(r'name="account" value="([^"]+)"', page)


def test_the_page_offers_accounts_and_boxes_and_posts_to_itself(google, app):
    google.control("mailboxes", {"email": "ben@fund.example"})
    path = app.url(scope=f"openid {READONLY} {MODIFY}", login_hint=ADA)

    page = google.send("GET", path).data.decode()

    assert _accounts(page) == [ADA, "ben@fund.example"]
    assert f'value="{ADA}" checked' in page
    assert re.findall(r'name="scope" value="([^"]+)"', page) == [READONLY, MODIFY]
    assert f'action="{path.replace("&", "&amp;")}"' in page


def test_a_single_scope_has_no_box(google, app):
    page = google.send("GET", app.url()).data.decode()

    assert 'name="scope"' not in page
    assert READONLY in page


def test_the_page_offers_accounts_of_one_domain_when_asked(google, app):
    google.control("mailboxes", {"email": "eve@other.example"})

    assert _accounts(google.send("GET", app.url(hd="other.example")).data.decode()) == ["eve@other.example"]


def test_what_a_client_asks_for_cannot_write_html(google, app):
    page = google.send("GET", app.url(login_hint='"><script>', state='"><script>')).data.decode()

    assert "<script" not in page


def test_an_allowed_request_comes_back_with_code_state_and_scope(app):
    answer = app.sent_back()

    assert answer["code"].startswith("4/0")
    assert (answer["state"], answer["scope"]) == ("s&1", READONLY)


def test_a_denied_request_comes_back_with_the_state_and_no_code(app):
    assert app.sent_back(decision="deny") == {"error": "access_denied", "state": "s&1"}


def test_a_redirect_keeps_the_query_of_the_clients_own_address(google):
    app = App(google, redirectUris=[f"{BACK}?from=google"])

    location = app.decide(redirect_uri=f"{BACK}?from=google").headers["location"]

    assert location.startswith(f"{BACK}?from=google&state=s%261&code=")


@pytest.mark.parametrize(
    ("ticked", "granted"),
    [
        ([READONLY], f"openid {READONLY}"),
        ([READONLY, MODIFY], f"openid {READONLY} {MODIFY}"),
        ([MODIFY, METADATA], f"openid {MODIFY}"),
    ],
)
def test_only_ticked_boxes_are_granted_and_nothing_beyond_what_was_asked(app, ticked, granted):
    assert app.sent_back(scope=f"openid {READONLY} {MODIFY}", ticked=ticked)["scope"] == granted


def test_no_box_ticked_is_a_denial(app):
    assert app.sent_back(scope=f"{READONLY} {MODIFY}")["error"] == "access_denied"


def test_an_answer_may_come_from_another_account_than_the_hinted_one(google, app):
    google.control("mailboxes", {"email": "eve@other.example"})
    code = app.sent_back(account="Eve@Other.Example", login_hint=ADA, hd="fund.example")["code"]

    token = app.exchange(code)[1]["access_token"]

    assert google.get("me/profile", token)[1]["emailAddress"] == "eve@other.example"


def test_without_an_account_the_hinted_one_answers(google, app):
    answer = google.send(
        "POST", app.url(login_hint=ADA), fields={"decision": "allow"}, encode_multipart=False, redirect=False
    )

    assert answer.status == 302
    assert list(google.see("users")["users"][0]["consents"]) == [app.id]


@pytest.mark.parametrize(
    ("more", "status", "error"),
    [
        ({"client_id": None}, 400, "invalid_request"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
        ({"redirect_uri": GHOST}, 400, "redirect_uri_mismatch"),
        ({"redirect_uri": f"{BACK}/"}, 400, "redirect_uri_mismatch"),
        ({"response_type": "token"}, 400, "invalid_request"),
        ({"code_challenge_method": "plain"}, 400, "invalid_request"),
        ({"scope": ""}, 400, "invalid_scope"),
        ({"scope": "gmail.readonly"}, 400, "invalid_scope"),
    ],
)
def test_a_wrong_request_is_told_on_a_page_and_sent_nowhere(google, app, more, status, error):
    for answer in (google.send("GET", app.url(**more)), app.decide(**more)):
        assert answer.status == status
        assert f"Error {status}: {error}" in answer.data.decode()
        assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("client", "account", "status", "error"),
    [
        ({"audience": "internal", "domain": "other.example"}, ADA, 403, "org_internal"),
        ({"publishing": "testing", "testUsers": ["ben@fund.example"]}, ADA, 403, "access_denied"),
        ({"status": "disabled"}, ADA, 401, "disabled_client"),
        ({"status": "deleted"}, ADA, 401, "deleted_client"),
        ({}, "nobody@fund.example", 400, "invalid_account"),
    ],
)
def test_who_may_not_enter_sees_why(google, client, account, status, error):
    answer = App(google, **client).decide(account=account)

    assert answer.status == status
    assert f"Error {status}: {error}" in answer.data.decode()


@pytest.mark.parametrize("policy", [{"blockedScopes": [READONLY]}, {"blockedClients": ["the-client"]}])
def test_an_administrator_keeps_apps_out_until_the_policy_is_lifted(google, policy):
    app = App(google, clientId="the-client")
    google.control("admin-policy", {"domain": "fund.example"} | policy)

    assert "admin_policy_enforced" in app.decide().data.decode()
    google.control("admin-policy", {"domain": "fund.example"})
    assert "code" in app.sent_back()


def test_suspended_and_deleted_accounts_are_not_offered_and_cannot_answer(google, app):
    for act, status in (("suspend", 403), ("delete", 400)):
        google.control(f"users/{ADA}/{act}")

        assert _accounts(google.send("GET", app.url()).data.decode()) == []
        assert app.decide().status == status


def test_a_tester_may_enter_an_app_in_testing(google):
    assert "code" in App(google, publishing="testing", testUsers=[ADA.upper()]).sent_back()
