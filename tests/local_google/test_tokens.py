"""Service-account assertions in, access tokens out; and what a bearer is told."""

import base64
import json
import time
import urllib.parse

import pytest
from google.auth import crypt, jwt
from google.auth.exceptions import RefreshError
from google.oauth2 import id_token
from googleapiclient.errors import HttpError

from infra.local.google import jws

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def _verified(google, token):
    certificates = f"{google.url}/oauth2/v1/certs"
    return id_token.verify_token(token, google.request, audience="https://push", certs_url=certificates)


@pytest.fixture
def ask(google):
    """Ask for a token with an assertion of our own; return status and JSON."""

    def ask(key=None, assertion=None, grant=GRANT, **claims):
        key, now = key or google.key, int(time.time())
        told = {
            "iss": key["client_email"], "sub": "ada@fund.example", "scope": "s", "iat": now, "exp": now + 3600,
            "aud": "https://oauth2.googleapis.com/token",
        } | claims  # fmt: skip
        if assertion is None:
            assertion = jwt.encode(crypt.RSASigner.from_service_account_info(key), told).decode()
        answer = google.send(
            "POST", "/token", fields={"grant_type": grant, "assertion": assertion}, encode_multipart=False
        )
        return answer.status, answer.json()

    return ask


def test_the_client_gets_a_token_for_a_mailbox(google):
    credentials = google.credentials()

    credentials.refresh(google.request)

    assert credentials.valid
    assert credentials.token.startswith("ya29.")


def test_a_token_lives_for_an_hour_less_a_second(ask):
    status, answer = ask()

    assert (status, answer["expires_in"], answer["token_type"]) == (200, 3599, "Bearer")


@pytest.mark.parametrize(
    ("claims", "error", "description"),
    [
        ({"sub": "nobody@fund.example"}, "invalid_grant", "Invalid email or User ID"),
        ({"iss": "stranger@p.iam.gserviceaccount.com"}, "invalid_grant", "account not found"),
        ({"exp": int(time.time()) + 3600 * 3}, "invalid_grant", "short-lived token (60 minutes)"),
        ({"iat": 1, "exp": 3000}, "invalid_grant", "reasonable timeframe"),
        ({"iat": int(time.time()) + 2400}, "invalid_grant", "reasonable timeframe"),
        ({"exp": "soon"}, "invalid_grant", "reasonable timeframe"),
        ({"aud": "https://elsewhere.example"}, "invalid_grant", "audience"),
        ({"scope": ""}, "invalid_scope", "Invalid OAuth scope"),
    ],
)
def test_a_wrong_assertion_is_refused_in_flat_oauth_words(ask, claims, error, description):
    status, answer = ask(**claims)

    assert (status, answer["error"]) == (400, error)
    assert description in answer["error_description"]


def test_a_key_that_was_never_registered_does_not_sign(ask, google):
    other = jws.Key()

    status, answer = ask(key=google.key | {"private_key": other.private_pem})

    assert (status, answer["error_description"]) == (400, "Invalid JWT Signature.")


@pytest.mark.parametrize("assertion", ["", "x", "a.b.c", "é.é.é", "W10.W10.W10", "bnVsbA.bnVsbA."])
def test_what_is_no_assertion_is_refused(ask, assertion):
    assert ask(assertion=assertion)[0] == 400


def test_an_unsigned_assertion_is_refused(ask, google):
    now = int(time.time())
    claims = {"iss": google.key["client_email"], "sub": "ada@fund.example", "iat": now, "exp": now + 60}
    parts = [base64.urlsafe_b64encode(json.dumps(one).encode()).decode() for one in ({"alg": "none"}, claims)]

    assert ask(assertion=".".join([*parts, ""]))[1]["error_description"] == "Invalid JWT Signature."


def test_another_grant_is_unsupported(ask):
    assert ask(grant="password")[1]["error"] == "unsupported_grant_type"


def test_a_second_key_of_an_account_works_beside_the_first(ask, google):
    second = google.control(
        "service-accounts", {"email": google.key["client_email"], "projectId": "crm-test"}
    )

    assert ask(key=second)[0] == ask()[0] == 200


def test_the_client_says_who_does_not_exist(google):
    with pytest.raises(RefreshError, match="Invalid email or User ID"):
        google.gmail("nobody@fund.example").users().getProfile(userId="me").execute()


def test_a_token_ends_on_the_stand_ins_clock_and_the_client_gets_another(google, users):
    users.getProfile(userId="me").execute()
    token = google.token()
    google.control("clock", {"advanceSeconds": 3600})

    status, error = google.get("me/profile", token)

    assert (status, error["error"]["errors"][0]["reason"]) == (401, "authError")
    assert error["error"]["errors"][0]["location"] == "Authorization"
    assert users.getProfile(userId="me").execute()["emailAddress"] == "ada@fund.example"


def test_without_a_token_the_error_names_the_method(google):
    answer = google.send("GET", "/gmail/v1/users/me/messages/18a")
    error = answer.json()["error"]

    assert answer.status == 401
    assert "www-authenticate" in answer.headers
    assert error["errors"][0] | {"message": ""} == {
        "message": "", "domain": "global", "reason": "required", "location": "Authorization", "locationType": "header",
    }  # fmt: skip
    assert error["details"][0]["reason"] == "CREDENTIALS_MISSING"
    assert error["details"][0]["metadata"]["method"] == "caribou.api.proto.MailboxService.GetMessage"


def test_a_service_account_that_names_no_user_has_no_mail(google):
    with pytest.raises(HttpError, match=r"Precondition check failed\.") as refused:
        google.gmail(user=None).users().getProfile(userId="me").execute()

    assert refused.value.status_code == 400


@pytest.mark.parametrize("user", ["me", "ada@fund.example", "ADA@Fund.Example", "ada%40fund.example"])
def test_a_mailbox_is_me_or_its_own_address_in_any_case(google, user):
    status, profile = google.get(f"{user}/profile")

    assert (status, profile["emailAddress"]) == (200, "ada@fund.example")


def test_somebody_elses_mailbox_is_denied(google):
    google.control("mailboxes", {"email": "ben@fund.example"})

    status, error = google.get("ben@fund.example/profile")

    assert (status, error["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert error["error"]["message"].startswith("Delegation denied for ")


def test_a_deleted_mailbox_ends_its_tokens(google):
    token = google.token()
    google.control("mailboxes/ada@fund.example", verb="DELETE")

    assert google.get("me/profile", token)[0] == 401


def test_an_id_token_is_proved_by_the_published_certificates(google):
    token = google.control("id-tokens", {"audience": "https://push", "email": "p@x.example"})["token"]

    claims = _verified(google, token)

    assert claims["iss"] == "https://accounts.google.com"
    assert (claims["email"], claims["email_verified"]) == ("p@x.example", True)
    assert claims["exp"] - claims["iat"] == 3600
    assert claims["sub"] == claims["azp"]


@pytest.mark.parametrize("told", [{"expiresIn": -120}, {"unknownKey": True}, {"audience": "https://other"}])
def test_an_id_token_can_be_made_wrong(google, told):
    body = {"audience": "https://push", "email": "p@x.example"} | told
    token = google.control("id-tokens", body)["token"]

    with pytest.raises(ValueError, match=r"\w"):
        _verified(google, token)


def test_every_claim_of_an_id_token_can_be_set(google):
    body = {"audience": "a", "email": "e@x.example", "issuer": "accounts.google.com", "claims": {"email_verified": False}}  # fmt: skip
    _, claims = jws.unproved(google.control("id-tokens", body)["token"])

    assert (claims["iss"], claims["email_verified"]) == ("accounts.google.com", False)


def test_certificates_and_key_set_name_the_same_key_and_may_be_cached(google):
    certificates = google.send("GET", "/oauth2/v1/certs")
    keys = google.send("GET", "/oauth2/v3/certs")

    assert list(certificates.json()) == [keys.json()["keys"][0]["kid"]]
    assert "max-age=" in certificates.headers["cache-control"]
    assert "max-age=" in keys.headers["cache-control"]


def test_the_token_may_stand_in_the_query(google):
    answer = google.send(
        "GET", "/gmail/v1/users/me/profile?access_token=" + urllib.parse.quote(google.token())
    )

    assert answer.status == 200
