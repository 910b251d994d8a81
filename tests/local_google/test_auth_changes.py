"""What ends access while it is in use: seen at the token endpoint, and as 401 on tokens that live."""

from contextlib import suppress

import pytest
from google.auth.exceptions import RefreshError
from google.oauth2.credentials import Credentials

from tests.local_google.app import ADA, READONLY, App
from tests.local_google.conftest import ROBOT

GONE = ("invalid_grant", "Token has been expired or revoked.")
SLEEPS = ("invalid_grant", "Account has been suspended.")
RAPT = ("invalid_grant", "reauth related error (invalid_rapt)")
CALENDAR = "https://www.googleapis.com/auth/calendar.readonly"


def _error(answer):
    status, told = answer
    return (told["error"], told["error_description"]) if status != 200 else None


@pytest.mark.parametrize(
    ("path", "body", "error", "delegated"),
    [
        (f"users/{ADA}/revoke", {}, GONE, None),
        (f"users/{ADA}/revoke", {"clientId": "the-client"}, GONE, None),
        (f"users/{ADA}/password", {}, GONE, None),
        (f"users/{ADA}/suspend", {}, SLEEPS, SLEEPS),
        (f"users/{ADA}/delete", {}, ("invalid_grant", "Account has been deleted"), ("invalid_grant", "Invalid email or User ID")),
        (f"users/{ADA}/session-policy", {}, RAPT, None),
        ("oauth-clients/the-client/rotate-secret", {}, ("invalid_client", "The provided client secret is invalid."), None),
        ("oauth-clients/the-client", {"status": "disabled"}, ("disabled_client", "The OAuth client was disabled."), None),
        ("oauth-clients/the-client", {"status": "deleted"}, ("deleted_client", "The OAuth client was deleted."), None),
    ],
)  # fmt: skip
def test_each_end_shows_at_the_token_endpoint_and_on_live_tokens(google, path, body, error, delegated):
    app = App(google, clientId="the-client")
    answer, robots = app.connect(), google.token()
    google.control(path, body)

    status, refused = google.get("me/profile", answer["access_token"])

    assert (status, refused["error"]["errors"][0]["reason"]) == (401, "authError")
    assert _error(app.refresh(answer["refresh_token"])) == error
    assert google.get("me/profile", robots)[0] == (401 if delegated else 200)
    if delegated:
        with pytest.raises(RefreshError) as refusal:
            google.token()
        assert tuple(refusal.value.args[1].values()) == delegated
    else:
        assert google.token()


def test_live_tokens_may_be_left_to_run_out_as_google_does_for_a_rotated_secret(google, app):
    answer = app.connect()
    google.control(f"oauth-clients/{app.id}/rotate-secret", {"clientSecret": "new", "endTokens": False})

    assert google.get("me/profile", answer["access_token"])[0] == 200
    assert app.refresh(answer["refresh_token"])[0] == 401
    assert app.refresh(answer["refresh_token"], client_secret="new")[0] == 200


def test_a_new_password_leaves_grants_without_gmail_alone(google, app):
    answer = app.connect(scope=CALENDAR)
    google.control(f"users/{ADA}/password")

    assert app.refresh(answer["refresh_token"])[0] == 200


def test_a_revoke_of_one_client_leaves_the_others(google, app):
    other = App(google)
    kept, lost = other.connect(), app.connect()
    google.control(f"users/{ADA}/revoke", {"clientId": app.id})

    assert (other.refresh(kept["refresh_token"])[0], app.refresh(lost["refresh_token"])[0]) == (200, 400)


def test_a_restored_suspension_wakes_refresh_tokens_and_a_restored_deletion_does_not(google, app):
    token = app.connect()["refresh_token"]
    for act, status in (("suspend", 200), ("session-policy", 200), ("delete", 400)):
        google.control(f"users/{ADA}/{act}")
        assert app.refresh(token)[0] == 400
        google.control(f"users/{ADA}/restore")
        assert app.refresh(token)[0] == status
    assert google.token()


def test_a_removed_mailbox_is_a_deleted_account(google, app):
    token = app.connect()["refresh_token"]
    google.control(f"mailboxes/{ADA}", verb="DELETE")

    assert _error(app.refresh(token)) == ("invalid_grant", "Account has been deleted")


def test_a_deleted_user_is_no_longer_watched(google, watched):
    google.control(f"users/{ADA}/delete")

    assert google.see("watches") == {"watches": []}


@pytest.mark.parametrize(
    ("shows_at", "status", "reason"),
    [("noMail", 400, "failedPrecondition"), ("policy", 403, "domainPolicy")],
)
def test_a_suspension_can_show_in_gmails_answers_instead(google, shows_at, status, reason):
    token = google.token()
    google.control(f"users/{ADA}/suspend", {"showsAt": shows_at})

    for one in (token, google.token()):
        got, error = google.get("me/profile", one)
        assert (got, error["error"]["errors"][0]["reason"]) == (status, reason)


def test_invalid_rapt_carries_its_subtype_as_googles_library_reads_it(google, app):
    token = app.connect()["refresh_token"]
    google.control(f"users/{ADA}/session-policy")
    credentials = Credentials(
        None, refresh_token=token, token_uri=app.web["token_uri"], client_id=app.id, client_secret=app.secret
    )

    with pytest.raises(RefreshError, match="Reauthentication is needed"):
        credentials.refresh(google.request)

    assert app.refresh(token)[1]["error_subtype"] == "invalid_rapt"
    google.control(f"users/{ADA}/session-policy", {"on": False})
    assert app.refresh(token)[0] == 200


def test_an_app_that_turns_internal_refuses_who_is_outside(google, app):
    answer = app.connect()
    google.control(f"oauth-clients/{app.id}", {"audience": "internal", "domain": "other.example"})

    assert _error(app.refresh(answer["refresh_token"]))[0] == "org_internal"
    assert google.see("oauth-clients")["oauthClients"][0]["audience"] == "internal"


def test_an_administrators_policy_stops_a_refresh(google, app):
    answer = app.connect()
    ended = google.control("admin-policy", {"domain": "fund.example", "blockedClients": [app.id]})

    assert ended == {"ended": 1}
    assert _error(app.refresh(answer["refresh_token"]))[0] == "admin_policy_enforced"
    assert google.get("me/profile", answer["access_token"])[0] == 401


@pytest.mark.parametrize("whose", [{}, {"email": ADA}, {"clientId": ROBOT}])
def test_live_tokens_end_now_and_refreshing_works_as_before(google, users, whose):
    users.getProfile(userId="me").execute()
    token = google.token()

    assert google.control("tokens/expire", whose)["ended"] == 2
    assert google.get("me/profile", token)[0] == 401
    assert google.see("tokens") == {"tokens": []}
    assert users.getProfile(userId="me").execute()["emailAddress"] == ADA


def test_live_tokens_are_shown_without_the_tokens(google):
    token = google.token()

    assert [(one["email"], one["scopes"]) for one in google.see("tokens")["tokens"]] == [(ADA, [READONLY])]
    assert token not in str(google.see("tokens"))


@pytest.mark.parametrize(
    ("order", "status", "error"),
    [
        ({"status": 403, "error": "access_denied", "errorDescription": "d"}, 403, "access_denied"),
        ({"status": 400, "error": "org_internal", "email": ADA}, 400, "org_internal"),
        ({"status": 401, "error": "unauthorized_client", "clientId": ROBOT}, 401, "unauthorized_client"),
    ],
)
def test_any_refusal_can_be_ordered_for_some_requests_and_counted(google, app, order, status, error):
    token = app.connect()["refresh_token"]
    google.control("token-errors", order | {"count": 1, "grantType": "refresh_token"})
    google.control(
        "token-errors", order | {"count": 2, "grantType": "urn:ietf:params:oauth:grant-type:jwt-bearer"}
    )
    google.control("token-requests/clear")
    for _ in range(3):
        app.refresh(token)
        with suppress(RefreshError):
            google.token()
    asked = [(one["email"], one["status"], one["error"]) for one in google.see("token-requests")["requests"]]

    assert asked.count((ADA, status, error)) == (2 if order.get("clientId") else 3)
    assert asked[-1] == (ADA, 200, "")


def test_an_ordered_refusal_leaves_other_users_alone(google, app):
    google.control("mailboxes", {"email": "ben@fund.example"})
    google.control("token-errors", {"status": 400, "error": "access_denied", "email": "ben@fund.example"})

    assert google.token(ADA)
    assert app.refresh(app.connect()["refresh_token"])[0] == 200
    with pytest.raises(RefreshError, match="access_denied"):
        google.token("ben@fund.example")


def test_googles_front_end_can_fail_before_the_token_endpoint(google, app):
    google.control("token-errors", {"status": 502})
    told = {"grant_type": "refresh_token"}
    answer = google.send("POST", "/token", fields=told, encode_multipart=False)

    assert (answer.status, answer.headers["content-type"]) == (502, "text/html; charset=UTF-8")
    google.control("token-errors/clear")
    assert google.token()
