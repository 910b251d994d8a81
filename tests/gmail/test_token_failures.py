"""Every refusal of the token endpoint that the facts list."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import errors
from shared.errors import MailroomError, OperatorMustAct, Reconnect, TryLater
from shared.gmail.token_failures import token_failure
from tests.gmail.scripted import recorded

# row | status | error | description | what it means | words a person is told
# Rows are named after our sheet of facts: B2 service accounts with delegation, B4 accounts connected by consent.
TABLE = """
B2.1  | 401 | unauthorized_client | Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested. | OperatorMustAct | numeric client id
B2.2  | 401 | unauthorized_client | Unauthorized client or scope in request. | OperatorMustAct | that domain's Workspace admin console
B2.3  | 400 | access_denied | Requested client not authorized. | OperatorMustAct | gmail.readonly
B2.4  | 403 | access_denied | | OperatorMustAct | gmail.readonly
B2.5  | 400 | admin_policy_enforced | | OperatorMustAct | policy
B2.6  | 400 | invalid_grant | Invalid email or User ID | NoMailbox | no such user
B2.7  | 400 | invalid_grant | Not a valid email | NoMailbox | no such user
B2.8  | 400 | invalid_grant | Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. | CredentialRefused | set the clock
B2.9  | 400 | invalid_grant | Invalid JWT Signature. | CredentialRefused | CRM_GMAIL_SA_KEY_PATH
B2.10 | 400 | invalid_grant | Invalid grant: account not found | CredentialRefused | deleted
B2.11 | 400 | invalid_scope | | OperatorMustAct | auth/gmail.readonly
B2.12 | 400 | disabled_client | | CredentialRefused | enable
B2.13 | 400 | deleted_client | | CredentialRefused | deleted
B2.14 | 400 | invalid_client | | CredentialRefused | CRM_GMAIL_SA_KEY_PATH
B2.15 | 400 | org_internal | | OperatorMustAct | organisation
B4.1  | 400 | invalid_grant | Token has been expired or revoked. | Reconnect | connect it again
B4.2  | 400 | invalid_grant | reauth related error (invalid_rapt) | Reconnect | session length
B4.3  | 400 | invalid_grant | Bad Request | Reconnect | connect it again
B4.4  | 400 | invalid_grant | Account has been deleted | Reconnect | connect it again
B4.5  | 401 | invalid_client | Unauthorized | CredentialRefused | CRM_GMAIL_OAUTH_CLIENT_SECRET
other.1 | 400 | something_new | | OperatorMustAct | something_new
other.2 | 400 | <script> | | OperatorMustAct | unknown
other.3 | 500 | internal_failure | | TryLater | 500
other.4 | 400 | internal_failure | | TryLater | 400
other.5 | 403 | rate_limit_exceeded | | TryLater | 403
other.6 | 429 | | | TryLater | 429
"""
ROWS = [[cell.strip() for cell in line.split("|")] for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_refusal_of_a_token_says_what_to_do_next(row):
    _, status, error, description, meaning, words = row

    told = token_failure(int(status), json.dumps({"error": error, "error_description": description}).encode())

    assert type(told) is getattr(errors, meaning)
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
