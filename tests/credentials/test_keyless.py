"""Delegation without a key file: who is asked for what, and what each refusal tells an admin to do."""

import json
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.credentials.delegated import AUDIENCE, SCOPE, claims
from shared.credentials.iam_failures import iam_failure, metadata_failure
from shared.credentials.keyless import KeylessTokens, Machine
from shared.errors import CredentialRefused, MailroomError, OperatorMustAct, Reconnect, TryLater
from tests.credentials.conftest import SA, refused
from tests.gmail.scripted import ADA, Scripted, refusal, reply

MACHINE_TOKEN = reply(
    200, {"access_token": "machine-canary", "expires_in": 3599}, {"Metadata-Flavor": "Google"}
)
SIGNED = reply(200, {"keyId": "k", "signedJwt": "eyJ-assertion-canary"})
GRANTED = reply(200, {"access_token": "ya29.canary", "expires_in": 3599})


@pytest.fixture
def tokens(scripted, transport, clock):
    machine = Machine(scripted.url, scripted.url, transport=transport, clock=clock)
    return KeylessTokens(machine, SA, f"{scripted.url}/token", domains=["fund.example"], clock=clock)


def test_three_questions_give_a_token_and_the_next_account_asks_two(tokens, scripted, clock):
    scripted.script = [MACHINE_TOKEN, SIGNED, GRANTED, SIGNED, GRANTED]

    assert [tokens.token(ADA), tokens.token("ben@fund.example"), tokens.token(ADA)] == ["ya29.canary"] * 3

    machine, sign, exchange, *_ = scripted.requests
    assert machine.path == "/computeMetadata/v1/instance/service-accounts/default/token"
    assert (machine.method, machine.headers["metadata-flavor"]) == ("GET", "Google")
    assert sign.path == f"/v1/projects/-/serviceAccounts/{SA}:signJwt"
    assert sign.headers["authorization"] == "Bearer machine-canary"
    assert json.loads(json.loads(sign.body)["payload"]) == claims(SA, ADA, clock.now)
    assert parse_qs(exchange.body.decode())["assertion"] == ["eyJ-assertion-canary"]
    assert len(scripted.requests) == 5


def test_the_claims_are_those_of_a_key_file():
    assert claims(SA, ADA, 1_790_000_000.9) == {
        "iss": SA, "sub": ADA, "scope": SCOPE, "aud": AUDIENCE, "iat": 1_790_000_000, "exp": 1_790_003_600,
    }  # fmt: skip


# (status, body, what it means, words a person is told)
IAM = [
    (403, refusal(403, "IAM_PERMISSION_DENIED", status="PERMISSION_DENIED"), CredentialRefused, "roles/iam.serviceAccountTokenCreator"),
    (403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": "M"}}, CredentialRefused, SA),
    (403, {"error": {"code": 403, "details": [{"reason": "SERVICE_DISABLED"}]}}, CredentialRefused, "enable iamcredentials.googleapis.com"),
    (403, {"error": {"code": 403, "details": [{"reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT"}]}}, CredentialRefused, "auth/cloud-platform"),
    (404, {"error": {"code": 404, "status": "NOT_FOUND", "message": "M"}}, CredentialRefused, "CRM_GMAIL_SA_EMAIL"),
    (400, {"error": {"code": 400, "status": "FAILED_PRECONDITION", "message": "M"}}, CredentialRefused, "CRM_GMAIL_SA_EMAIL"),
    (400, {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "The exp claim must be …"}}, CredentialRefused, "set the clock"),
    (401, {"error": {"code": 401, "status": "UNAUTHENTICATED", "message": "M"}}, TryLater, "401"),
    (404, b"<html>", CredentialRefused, "CRM_GMAIL_IAM_URL"),
    (302, b"", CredentialRefused, "CRM_GMAIL_IAM_URL"),
    (403, b"<html>", TryLater, "403"),
    (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "M"}}, TryLater, "429"),
    (500, {"error": {"code": 500, "status": "INTERNAL", "message": "M"}}, TryLater, "500"),
    (503, b"<html>", TryLater, "503"),
]  # fmt: skip


@pytest.mark.parametrize("row", IAM, ids=lambda row: f"{row[0]}-{row[3][:24]}")
def test_each_refusal_to_sign_says_what_to_do_next(row):
    status, body, meaning, words = row

    told = iam_failure(status, body if isinstance(body, bytes) else json.dumps(body).encode(), SA)

    assert type(told) is meaning
    assert words in str(told)


@pytest.mark.parametrize(
    ("status", "genuine", "meaning", "words"),
    [
        (404, True, CredentialRefused, "attach one"),
        (403, True, CredentialRefused, "gives no token"),
        (404, False, CredentialRefused, "CRM_GMAIL_METADATA_URL"),
        (200, False, CredentialRefused, "CRM_GMAIL_METADATA_URL"),
        (302, False, CredentialRefused, "CRM_GMAIL_METADATA_URL"),
        (503, False, TryLater, "503"),
        (429, True, TryLater, "429"),
    ],
)
def test_each_refusal_of_the_metadata_server_says_what_to_do_next(status, genuine, meaning, words):
    told = metadata_failure(status, genuine=genuine)

    assert type(told) is meaning
    assert words in str(told)


@given(st.integers(300, 599), st.text(alphabet="SECRET0123456789.-", min_size=12))
def test_nothing_of_iams_answer_is_repeated(status, secret):
    told = iam_failure(status, json.dumps({"error": {"message": secret, "status": secret}}).encode(), SA)

    assert isinstance(told, MailroomError)
    assert secret not in str(told)


def test_a_token_of_something_that_is_no_metadata_server_is_never_used(tokens, scripted):
    scripted.script = [reply(200, {"access_token": "planted", "expires_in": 3599})]

    assert "CRM_GMAIL_METADATA_URL" in refused(tokens, OperatorMustAct)
    assert len(scripted.requests) == 1


def test_without_a_metadata_server_the_key_file_is_named(scripted, transport):
    nowhere = Scripted()
    nowhere.close()
    machine = Machine(nowhere.url, scripted.url, transport=transport)

    told = refused(KeylessTokens(machine, SA, f"{scripted.url}/token"), TryLater)

    assert "CRM_GMAIL_SA_KEY_PATH" in told
    assert scripted.requests == []


def test_a_machine_token_that_iam_refuses_is_replaced(tokens, scripted, clock):
    expired = reply(401, refusal(401, "authError"))
    scripted.script = [MACHINE_TOKEN, expired, MACHINE_TOKEN, SIGNED, GRANTED]
    refused(tokens, TryLater)
    clock.now += 5

    assert tokens.token(ADA) == "ya29.canary"


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", {"keyId": "k"}, {"signedJwt": 7}, b"[" * 9000])
def test_an_answer_without_an_assertion_is_asked_again(tokens, scripted, body):
    scripted.script = [MACHINE_TOKEN, reply(200, body)]

    refused(tokens, TryLater)


def test_a_foreign_domain_asks_nobody(tokens, scripted):
    refused(tokens, MailroomError, "eve@other.example")

    assert scripted.requests == []


def test_what_every_account_shares_is_asked_for_once_a_minute_by_all_of_them(tokens, scripted, clock):
    denied = reply(403, refusal(403, "IAM_PERMISSION_DENIED"))
    scripted.script = [MACHINE_TOKEN, denied, SIGNED, GRANTED]

    for number in range(50):
        assert "TokenCreator" in refused(tokens, OperatorMustAct, f"p{number}@fund.example")
    assert len(scripted.requests) == 2
    clock.now += 61
    assert tokens.token("p3@fund.example") == "ya29.canary"


def test_a_machine_without_an_identity_is_asked_once_a_minute(tokens, scripted, clock):
    nobody = reply(404, b"Not Found", {"Metadata-Flavor": "Google"})
    scripted.script = [nobody, nobody]

    for number in range(50):
        refused(tokens, OperatorMustAct, f"p{number}@fund.example")
    assert len(scripted.requests) == 1
    clock.now += 61
    refused(tokens, OperatorMustAct)
    assert len(scripted.requests) == 2


def test_one_accounts_dead_grant_is_asked_for_once_a_minute_and_holds_up_no_other(tokens, scripted, clock):
    dead = reply(400, {"error": "invalid_grant"})
    scripted.script = [MACHINE_TOKEN, SIGNED, dead, SIGNED, GRANTED]

    for _ in range(50):
        refused(tokens, Reconnect)
    assert len(scripted.requests) == 3
    assert tokens.token("ben@fund.example") == "ya29.canary"
