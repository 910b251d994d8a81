"""A credential Google refuses: one request a minute, however many accounts and threads want a token."""

import threading
import time

import pytest

from infra.local.google.jws import Key
from shared.credentials.delegated import DelegatedTokens
from shared.errors import CredentialRefused, MailroomError, TryLater
from tests.gmail.scripted import reply

DEAD = reply(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."})
GRANTED = reply(200, {"access_token": "ya29.canary", "expires_in": 3599})
PEOPLE = [f"p{number}@fund.example" for number in range(16)]


@pytest.fixture(scope="module")
def key():
    made = Key()
    return {
        "client_email": "a@p.iam.gserviceaccount.com",
        "private_key": made.private_pem,
        "private_key_id": made.id,
        "token_uri": "unused",
    }


@pytest.fixture
def tokens(key, scripted, transport, clock):
    return DelegatedTokens(key, f"{scripted.url}/token", transport=transport, clock=clock)


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_grant", "Invalid JWT Signature."),
        ("invalid_grant", "Invalid grant: account not found"),
        ("invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and …"),
        ("disabled_client", ""),
        ("deleted_client", ""),
        ("invalid_client", "Unauthorized"),
    ],
)
def test_what_is_wrong_for_all_is_asked_once_a_minute_for_all(tokens, scripted, clock, error, description):
    refusal = reply(400, {"error": error, "error_description": description})
    scripted.script = [refusal] * 100

    for second in range(300):
        clock.now += 1
        with pytest.raises(CredentialRefused):
            tokens.token(PEOPLE[second % len(PEOPLE)])

    assert len(scripted.requests) == 5


@pytest.mark.parametrize(
    ("error", "description"),
    [
        ("invalid_grant", "Invalid email or User ID"),
        ("invalid_grant", "Token has been expired or revoked."),
        ("unauthorized_client", "Unauthorized client or scope in request."),
        ("admin_policy_enforced", ""),
    ],
)
def test_what_is_wrong_for_one_is_asked_once_a_minute_for_this_one(
    tokens, scripted, clock, error, description
):
    scripted.script = [reply(400, {"error": error, "error_description": description}), GRANTED]

    for _ in range(59):
        clock.now += 1
        with pytest.raises(MailroomError):
            tokens.token(PEOPLE[0])

    assert len(scripted.requests) == 1
    assert tokens.token(PEOPLE[1]) == "ya29.canary"


def test_a_live_token_is_used_on_while_the_credential_is_refused(tokens, scripted):
    scripted.script = [GRANTED, DEAD]
    tokens.token(PEOPLE[0])
    with pytest.raises(CredentialRefused):
        tokens.token(PEOPLE[1])

    assert tokens.token(PEOPLE[0]) == "ya29.canary"


def test_of_many_threads_one_tries_a_refused_credential_again(tokens, scripted, clock):
    def slowly(connection):
        time.sleep(0.1)  # long enough for every thread to have asked, were it not for the turn
        return not connection.sendall(DEAD)

    scripted.script = [DEAD] + [slowly] * len(PEOPLE)
    with pytest.raises(CredentialRefused):
        tokens.token(PEOPLE[0])
    clock.now += 61
    told = []

    def ask(person):
        try:
            tokens.token(person)
        except MailroomError as refused:
            told.append(type(refused))

    threads = [threading.Thread(target=ask, args=(person,)) for person in PEOPLE]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert told == [CredentialRefused] * len(PEOPLE)
    assert len(scripted.requests) == 2


def test_a_credential_that_works_again_serves_everybody_at_once(tokens, scripted, clock):
    scripted.script = [DEAD] + [GRANTED] * len(PEOPLE)
    with pytest.raises(CredentialRefused):
        tokens.token(PEOPLE[0])
    clock.now += 61

    assert [tokens.token(person) for person in PEOPLE] == ["ya29.canary"] * len(PEOPLE)


def test_an_endpoint_that_is_down_is_asked_after_its_pause_and_not_before(tokens, scripted, clock):
    scripted.script = [reply(503, b"<html>")] * 100

    for _ in range(60):
        clock.now += 1
        with pytest.raises(TryLater):
            tokens.token(PEOPLE[0])

    assert len(scripted.requests) == 12  # every five seconds
