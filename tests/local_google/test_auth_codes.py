"""Codes and refresh tokens: once, in time, with the right proof; Google's own library is the judge."""

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2 import id_token
from google.oauth2.credentials import Credentials

from tests.local_google.app import ADA, BACK, MODIFY, READONLY, App

GONE = "Token has been expired or revoked."
DAY = 86_400


def _credentials(app, refresh_token, **more):
    return Credentials(
        None, refresh_token=refresh_token, token_uri=app.web["token_uri"], client_id=app.id,
        client_secret=app.secret, **more,
    )  # fmt: skip


def test_a_code_becomes_an_access_token_and_a_refresh_token(google, app):
    answer = app.connect()

    assert (answer["token_type"], answer["expires_in"], answer["scope"]) == ("Bearer", 3599, READONLY)
    assert google.get("me/profile", answer["access_token"])[1]["emailAddress"] == ADA
    assert "refresh_token" in answer


def test_googles_library_refreshes_and_gets_no_new_refresh_token(google, app):
    token = app.connect()["refresh_token"]
    credentials = _credentials(app, token, scopes=[READONLY])

    credentials.refresh(google.request)

    assert (credentials.refresh_token, credentials.granted_scopes) == (token, [READONLY])
    assert google.get("me/profile", credentials.token)[0] == 200
    assert "refresh_token" not in app.refresh(token)[1]


@pytest.mark.parametrize(
    ("more", "status", "error", "description"),
    [
        ({"code_verifier": "w" * 43}, 400, "invalid_grant", "Invalid code verifier."),
        ({"code_verifier": None}, 400, "invalid_grant", "Missing code verifier."),
        ({"redirect_uri": BACK + "/"}, 400, "redirect_uri_mismatch", "Bad Request"),
        ({"redirect_uri": None}, 400, "redirect_uri_mismatch", "Bad Request"),
        ({"client_secret": "wrong"}, 401, "invalid_client", "The provided client secret is invalid."),
        ({"client_secret": None}, 401, "invalid_client", "The provided client secret is invalid."),
        ({"client_id": "nobody"}, 401, "invalid_client", "The OAuth client was not found."),
        ({"client_id": None}, 400, "invalid_request", "Could not determine client ID from request."),
        ({"code": "4/0Anonsense"}, 400, "invalid_grant", "Bad Request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "Invalid grant_type: password"),
    ],
)
def test_a_wrong_exchange_is_refused_in_flat_oauth_words(app, more, status, error, description):
    answer = app.exchange(**{"code": app.sent_back()["code"]} | more)

    assert answer == (status, {"error": error, "error_description": description})


def test_a_code_works_once(app):
    code = app.sent_back()["code"]

    assert app.exchange(code)[0] == 200
    assert app.exchange(code) == (400, {"error": "invalid_grant", "error_description": "Bad Request"})


def test_a_code_is_used_up_by_a_wrong_verifier(app):
    code = app.sent_back()["code"]
    app.exchange(code, code_verifier="w" * 43)

    assert app.exchange(code)[1]["error_description"] == "Bad Request"


@pytest.mark.parametrize(("seconds", "status"), [(590, 200), (601, 400)])
def test_a_code_lives_for_ten_minutes(google, app, seconds, status):
    code = app.sent_back()["code"]
    google.control("clock", {"advanceSeconds": seconds})

    assert app.exchange(code)[0] == status


def test_codes_and_tokens_of_another_client_are_not_exchanged(google, app):
    other = App(google)
    token, code = app.connect()["refresh_token"], app.sent_back()["code"]

    for status, answer in (other.exchange(code), other.refresh(token)):
        assert (status, answer["error"]) == (401, "unauthorized_client")


def test_a_client_without_pkce_needs_no_verifier(app):
    code = app.sent_back(code_challenge=None, code_challenge_method=None)["code"]

    assert app.exchange(code, code_verifier=None)[0] == 200


@pytest.mark.parametrize(
    ("more", "given"),
    [({}, False), ({"prompt": "consent"}, True), ({"access_type": "online", "prompt": "consent"}, False)],
)
def test_a_second_consent_gives_a_refresh_token_only_when_prompted(app, more, given):
    assert "refresh_token" in app.connect()

    assert ("refresh_token" in app.connect(**more)) is given


def test_after_a_revocation_the_next_consent_is_a_first_one(google, app):
    assert app.revoke(app.connect()["refresh_token"]) == 200

    assert "refresh_token" in app.connect()


def test_a_refresh_may_narrow_its_scopes_and_never_widen_them(google, app):
    token = app.connect(scope=f"{READONLY} {MODIFY}", ticked=[READONLY, MODIFY])["refresh_token"]

    assert app.refresh(token, scope=READONLY)[1]["scope"] == READONLY
    assert app.refresh(token)[1]["scope"] == f"{READONLY} {MODIFY}"
    status, answer = app.refresh(token, scope="https://mail.google.com/")
    assert (status, answer["error"]) == (400, "invalid_scope")


def test_earlier_grants_are_included_when_asked_for(app):
    app.connect(scope=MODIFY)

    assert app.connect(include_granted_scopes="true")["scope"] == f"{READONLY} {MODIFY}"
    assert app.connect()["scope"] == READONLY


def test_the_oldest_of_more_than_a_hundred_refresh_tokens_dies_silently(app):
    tokens = [app.connect(prompt="consent")["refresh_token"] for _ in range(101)]

    assert app.refresh(tokens[0]) == (400, {"error": "invalid_grant", "error_description": GONE})
    assert app.refresh(tokens[1])[0] == app.refresh(tokens[100])[0] == 200


@pytest.mark.parametrize(("days", "status"), [(6.9, 200), (7.1, 400)])
def test_in_testing_a_refresh_token_lives_for_seven_days(google, days, status):
    app = App(google, publishing="testing")
    answer = app.connect()
    google.control("clock", {"advanceSeconds": days * DAY})

    assert answer["refresh_token_expires_in"] == 7 * DAY - 1
    assert app.refresh(answer["refresh_token"])[0] == status


def test_six_months_unused_end_a_refresh_token_and_use_keeps_it(google, app):
    token = app.connect()["refresh_token"]
    for days, status in ((180, 200), (180, 200), (183, 400)):
        google.control("clock", {"advanceSeconds": days * DAY})

        assert app.refresh(token)[0] == status


def test_who_consented_is_proved_by_an_id_token(google, app):
    answer = app.connect(scope=f"openid email {READONLY}", nonce="n-1")
    url = f"{google.url}/oauth2/v1/certs"

    claims = id_token.verify_token(answer["id_token"], google.request, audience=app.id, certs_url=url)

    assert (claims["email"], claims["hd"], claims["nonce"]) == (ADA, "fund.example", "n-1")
    assert answer["scope"] == f"openid https://www.googleapis.com/auth/userinfo.email {READONLY}"
    assert "id_token" in app.refresh(answer["refresh_token"])[1]


def test_googles_library_says_that_a_revoked_grant_is_not_worth_another_try(google, app):
    token = app.connect()["refresh_token"]
    app.revoke(token)

    with pytest.raises(RefreshError, match="expired or revoked") as refused:
        _credentials(app, token).refresh(google.request)

    assert refused.value.retryable is False


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_grant(google, app, kind):
    answer = app.connect()

    assert app.revoke(answer[kind]) == 200
    assert app.revoke(answer[kind]) == 400
    assert app.refresh(answer["refresh_token"])[1]["error_description"] == GONE
    assert google.get("me/profile", answer["access_token"])[0] == 401


def test_a_revocation_leaves_other_clients_and_users_alone(google, app):
    google.control("mailboxes", {"email": "ben@fund.example"})
    other, bens = App(google).connect(), app.connect(account="ben@fund.example")
    app.revoke(app.connect()["access_token"])

    assert google.get("me/profile", other["access_token"])[0] == 200
    assert app.refresh(bens["refresh_token"])[0] == 200


def test_a_revocation_takes_the_token_in_a_form_too_and_knows_nonsense(google, app):
    token = app.connect()["access_token"]

    told = [
        google.send("POST", "/revoke", fields={"token": one}, encode_multipart=False) for one in (token, "x")
    ]

    assert [one.status for one in told] == [200, 400]
    assert told[1].json()["error"] == "invalid_token"


def test_a_delegated_token_is_revoked_alone(google):
    first, second = google.token(), google.token()

    assert google.send("POST", f"/revoke?token={first}").status == 200
    assert [google.get("me/profile", one)[0] for one in (first, second)] == [401, 200]
