"""Every refusal of the token endpoint that the facts list."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import MailroomError, NoMailbox, OperatorMustAct, Reconnect, TryLater
from shared.gmail.token_failures import token_failure
from tests.gmail.scripted import recorded

# (status, error, description, what it means, words a person is told)
ROWS = [
    (
        401,
        "unauthorized_client",
        "Client is unauthorized to retrieve access tokens using this method, or …",
        OperatorMustAct,
        "numeric client id",
    ),
    (401, "unauthorized_client", "Unauthorized client or scope in request.", OperatorMustAct, "domain"),
    (400, "access_denied", "Requested client not authorized.", OperatorMustAct, "gmail.readonly"),
    (403, "access_denied", "", OperatorMustAct, "gmail.readonly"),
    (400, "admin_policy_enforced", "", OperatorMustAct, "policy"),
    (400, "invalid_grant", "Invalid email or User ID", NoMailbox, "no such user"),
    (400, "invalid_grant", "Not a valid email", NoMailbox, "no such user"),
    (
        400,
        "invalid_grant",
        "Invalid JWT: Token must be a short-lived token (60 minutes) and in …",
        OperatorMustAct,
        "clock",
    ),
    (400, "invalid_grant", "Invalid JWT Signature.", OperatorMustAct, "CRM_GMAIL_SA_KEY_PATH"),
    (400, "invalid_grant", "Invalid grant: account not found", OperatorMustAct, "deleted"),
    (400, "invalid_scope", "", OperatorMustAct, "scope"),
    (400, "disabled_client", "", OperatorMustAct, "enable"),
    (400, "deleted_client", "", OperatorMustAct, "deleted"),
    (401, "invalid_client", "Unauthorized", OperatorMustAct, "CRM_GMAIL_OAUTH_CLIENT_SECRET"),
    (400, "org_internal", "", OperatorMustAct, "organisation"),
    (400, "invalid_grant", "Token has been expired or revoked.", Reconnect, "connect it again"),
    (400, "invalid_grant", "reauth related error (invalid_rapt)", Reconnect, "session"),
    (400, "invalid_grant", "Bad Request", Reconnect, "connect it again"),
    (400, "invalid_grant", "Account has been deleted", Reconnect, "connect it again"),
    (400, "something_new", "", OperatorMustAct, "something_new"),
    (400, "<script>", "", OperatorMustAct, "unknown"),
    (500, "internal_failure", "", TryLater, "500"),
    (400, "internal_failure", "", TryLater, "400"),
    (403, "rate_limit_exceeded", "", TryLater, "403"),
    (429, "", "", TryLater, "429"),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2][:30]}")
def test_each_refusal_of_a_token_says_what_to_do_next(row):
    status, error, description, meaning, words = row

    told = token_failure(status, json.dumps({"error": error, "error_description": description}).encode())

    assert type(told) is meaning
    assert words.lower() in str(told).lower()


def test_a_session_policy_is_known_by_its_subtype_too():
    body = {"error": "invalid_grant", "error_description": "x", "error_subtype": "invalid_rapt"}

    assert "session" in str(token_failure(400, json.dumps(body).encode()))


@pytest.mark.parametrize("body", [b"<html>", b"", b'{"err', b"[]", b'{"error": {"code": 1}}'])
def test_unreadable_answers_are_asked_again(body):
    assert type(token_failure(400, body)) is TryLater
    assert type(token_failure(502, body)) is TryLater


@pytest.mark.parametrize("status", [302, 404, 405])
def test_a_wrong_token_address_is_told_as_one(status):
    told = token_failure(status, b"<html>")

    assert type(told) is OperatorMustAct
    assert "CRM_GMAIL_TOKEN_URL" in str(told)


@pytest.mark.parametrize(
    "name", ["oauth-400-invalid-grant-bad-request.json", "oauth-400-invalid-grant-revoked.json"]
)
def test_refusals_seen_in_the_wild_are_understood(name):

    assert type(token_failure(400, recorded(f"errors/{name}"))) is Reconnect


@given(st.integers(300, 599), st.text(alphabet="SECRET0123456789.-", min_size=12))
def test_nothing_of_a_body_is_repeated(status, secret):
    body = json.dumps({"error": secret, "error_description": secret, "assertion": secret}).encode()

    told = token_failure(status, body)

    assert isinstance(told, MailroomError)
    assert secret not in str(told)
