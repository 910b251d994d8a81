"""Tokens: asked for as seldom as possible, for nobody else, and never shown."""

import json
import logging
import os
import threading
import time
import traceback
from urllib.parse import parse_qs

import pytest
from google.auth import jwt

from shared.credentials import keyfile, secretfile
from shared.credentials.delegated import AUDIENCE, SCOPE, DelegatedTokens
from shared.errors import ConfigError, MailroomError, NoMailbox, OperatorMustAct, Reconnect, Refused, TryLater
from tests.gmail.scripted import ADA, Scripted, reply

TOKEN = "ya29.canary-token"
GRANTED = {"access_token": TOKEN, "expires_in": 3599, "token_type": "Bearer"}


class Clock:
    now = 1_790_000_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def tokens(key, scripted, quick, clock):
    return DelegatedTokens(
        key, f"{scripted.url}/token", transport=quick, domains=["fund.example"], clock=clock
    )


def test_the_assertion_says_who_for_whom_and_reading_only(tokens, scripted, key, clock):
    scripted.script = [reply(200, GRANTED)]

    assert tokens.token(ADA) == TOKEN

    form = parse_qs(scripted.requests[0].body.decode())
    claims = jwt.decode(form["assertion"][0], verify=False)
    assert form["grant_type"] == ["urn:ietf:params:oauth:grant-type:jwt-bearer"]
    assert claims == {
        "iss": key["client_email"],
        "sub": ADA,
        "scope": SCOPE,
        "aud": AUDIENCE,
        "iat": int(clock.now),
        "exp": int(clock.now) + 3600,
    }
    assert jwt.decode_header(form["assertion"][0])["kid"] == key["private_key_id"]


def test_a_token_is_kept_until_shortly_before_its_end(tokens, scripted, clock):
    scripted.script = [reply(200, GRANTED), reply(200, GRANTED | {"access_token": "second"})]
    tokens.token(ADA)

    clock.now += 3599 - 241
    assert tokens.token(ADA) == TOKEN
    clock.now += 2
    assert tokens.token(ADA) == "second"
    assert len(scripted.requests) == 2


def test_a_forgotten_token_is_replaced_and_another_accounts_is_not(tokens, scripted):
    scripted.script = [reply(200, GRANTED | {"access_token": name}) for name in ("a1", "b1", "a2")]
    tokens.token(ADA)
    tokens.token("ben@fund.example")

    tokens.forget(ADA)

    assert [tokens.token(ADA), tokens.token("ben@fund.example")] == ["a2", "b1"]


def test_many_threads_ask_once(tokens, scripted):
    scripted.script = [reply(200, GRANTED)]
    found = []
    threads = [threading.Thread(target=lambda: found.append(tokens.token(ADA))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [TOKEN] * 16
    assert len(scripted.requests) == 1


def test_a_dead_credential_asks_at_most_once_a_minute(tokens, scripted, clock):
    scripted.script = [reply(400, {"error": "invalid_grant"}), reply(200, GRANTED)]

    for _ in range(50):
        with pytest.raises(Reconnect):
            tokens.token(ADA)
    assert len(scripted.requests) == 1
    clock.now += 61
    assert tokens.token(ADA) == TOKEN


def test_a_remembered_refusal_does_not_grow(tokens, scripted):
    scripted.script = [reply(400, {"error": "invalid_grant"})]
    lengths = set()
    for _ in range(20):
        with pytest.raises(Reconnect) as refused:
            tokens.token(ADA)
        lengths.add(len(traceback.extract_tb(refused.value.__traceback__)))

    assert len(lengths) <= 2


def test_a_busy_token_endpoint_is_asked_again_after_its_pause(tokens, scripted, clock):
    scripted.script = [reply(503, b"<html>"), reply(200, GRANTED)]
    with pytest.raises(TryLater):
        tokens.token(ADA)

    clock.now += 5

    assert tokens.token(ADA) == TOKEN


def test_one_accounts_refusal_is_not_anothers(tokens, scripted):
    scripted.script = [reply(400, {"error": "invalid_grant"}), reply(200, GRANTED)]
    with pytest.raises(Reconnect):
        tokens.token(ADA)

    assert tokens.token("ben@fund.example") == TOKEN


@pytest.mark.parametrize(
    "address", ["x@other.example", "x@sub.fund.example", "fund.example", "", "x@fund.example.evil"]
)
def test_no_token_is_asked_for_an_account_of_another_domain(tokens, scripted, address):
    with pytest.raises(Refused, match="CRM_GMAIL_WORKSPACE_DOMAIN"):
        tokens.token(address)
    assert scripted.requests == []


def test_a_redirect_of_the_token_endpoint_is_not_followed(tokens, scripted):
    elsewhere = Scripted()
    scripted.script = [reply(307, b"", {"Location": f"{elsewhere.url}/token"})]

    with pytest.raises(OperatorMustAct, match="CRM_GMAIL_TOKEN_URL"):
        tokens.token(ADA)

    elsewhere.close()
    assert elsewhere.requests == []


def test_an_echoing_endpoint_gets_nothing_of_ours_into_an_error_or_a_log(tokens, scripted, caplog):
    caplog.set_level(logging.INFO)

    def echo(connection):
        sent = scripted.requests[-1].body.decode()
        connection.sendall(
            reply(400, {"error": "invalid_grant", "error_description": sent, "assertion": sent})
        )
        return True

    scripted.script = [echo]

    with pytest.raises(MailroomError) as refused:
        tokens.token(ADA)

    shown = "".join(traceback.format_exception(refused.value)) + caplog.text
    assert "eyJ" not in shown  # how every JWT begins
    assert "ada" not in str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b'{"access_token": ',
        {"expires_in": 1},
        {"access_token": ""},
        {"access_token": "a\r\nHost: x"},
    ],
)
def test_an_answer_without_a_usable_token_is_no_token(tokens, scripted, body):
    scripted.script = [reply(200, body)]

    with pytest.raises(TryLater):
        tokens.token(ADA)


def test_a_token_is_never_shown(tokens, scripted):
    scripted.script = [reply(200, GRANTED)]
    tokens.token(ADA)

    assert TOKEN not in repr(vars(tokens))


def test_a_key_that_is_none_is_a_matter_of_configuration(key, quick):
    for broken in ({}, key | {"private_key": "x"}, {"client_email": "a@b"}):
        with pytest.raises(ConfigError):
            DelegatedTokens(broken, "http://127.0.0.1:1/token", transport=quick)


# Against the local Google, which checks signature, issuer, audience and lifetime as Google does.


def test_google_takes_our_assertions(delegated):
    assert delegated.token(ADA).startswith("ya29.")


def test_google_knows_no_such_user(delegated):
    with pytest.raises(NoMailbox):
        delegated.token("nobody@fund.example")


@pytest.mark.parametrize("wrong_by", [-7200, 7200])
def test_a_wrong_clock_is_named(google, key, transport, wrong_by):
    tokens = DelegatedTokens(
        key, f"{google.url}/token", transport=transport, clock=lambda: time.time() + wrong_by
    )

    with pytest.raises(OperatorMustAct, match="clock"):
        tokens.token(ADA)


# The key file.


@pytest.fixture
def key_file(tmp_path, key):
    file = tmp_path / "key.json"
    file.write_text(json.dumps(key))
    file.chmod(0o600)
    return file


def problems_of(path):
    with pytest.raises(ConfigError) as refused:
        keyfile.load(path)
    assert all("CRM_GMAIL_SA_KEY_PATH" in problem for problem in refused.value.problems)
    assert "PRIVATE KEY" not in str(refused.value)
    return refused.value.problems


def test_a_key_only_we_can_read_is_taken(key_file, key):
    assert keyfile.load(key_file) == key
    key_file.chmod(0o400)
    assert keyfile.load(key_file) == key


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o660, 0o644, 0o777])
def test_a_key_that_others_could_reach_is_refused(key_file, mode):
    key_file.chmod(mode)

    assert "chmod 600" in problems_of(key_file)[0]


def test_a_key_of_another_user_is_refused(key_file):
    status = key_file.stat()

    assert "another user" in secretfile.unsafe(status, user=status.st_uid + 1)[0]


def test_a_link_to_a_key_is_refused(key_file, tmp_path):
    link = tmp_path / "link.json"
    link.symlink_to(key_file)

    assert "symbolic link" in problems_of(link)[0]


def test_what_is_no_file_is_refused_at_once(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)

    assert "regular" in problems_of(pipe)[0]
    assert "regular" in problems_of(tmp_path)[0]
    assert "check the path" in problems_of(tmp_path / "missing")[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"\0" * 2000, b"null", b"[" * 100_000])
def test_what_is_no_key_is_refused(key_file, content):
    key_file.write_bytes(content)

    assert len(problems_of(key_file)) == 1


def test_everything_that_is_missing_is_named(key_file, key):
    key_file.write_text(json.dumps({"type": "service_account", "private_key": key["private_key"]}))

    problems = problems_of(key_file)

    assert ["client_email" in problems[0], "private_key_id" in problems[1]] == [True, True]


@pytest.mark.parametrize(
    "change", [{"private_key": "-----BEGIN"}, {"type": "authorized_user"}, {"client_email": 7}]
)
def test_a_key_that_cannot_work_is_refused_before_anything_starts(key_file, key, change):
    key_file.write_text(json.dumps(key | change))

    assert len(problems_of(key_file)) == 1
