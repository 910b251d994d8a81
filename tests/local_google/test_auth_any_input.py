"""Whatever is asked of accounts, tokens and keys draws an answer in their own words, and a secret stays one."""

import json
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.google.auth import Auth
from infra.local.google.grants import RUNTIME, Client
from infra.local.google.identity import Identity
from infra.local.google.scopes import CLOUD
from infra.local.google.state import Access, State
from tests.local_google.app import ADA, BACK, READONLY

ROBOT = "robot@p.iam.gserviceaccount.com"
WORDS = st.sampled_from(
    ["", "the-client", "the-secret", "code", BACK, READONLY, f"openid {READONLY}", ADA, "nobody@x.example", "consent", "offline", "allow",
     "deny", "S256", "authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:jwt-bearer", "a.b.c", "e30.e30.e30", "true"]
) | st.text(max_size=8)  # fmt: skip
FORM = st.dictionaries(
    st.sampled_from(
        "grant_type assertion code refresh_token client_id client_secret redirect_uri code_verifier scope token".split()
    ), WORDS,
)  # fmt: skip
ASKED = st.dictionaries(
    st.sampled_from(
        "client_id redirect_uri response_type scope state access_type prompt code_challenge code_challenge_method "
        "login_hint hd nonce include_granted_scopes".split()
    ), WORDS,
).map(lambda more: {"client_id": "the-client", "redirect_uri": BACK, "response_type": "code", "scope": READONLY} | more)  # fmt: skip
DECIDED = st.dictionaries(st.sampled_from(["decision", "account", "scope"]), WORDS)
JSONS = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=6)  # fmt: skip


@pytest.fixture(scope="module")
def auth():
    state, identity = State(seed=1, pubsub_url=""), Identity()
    state.add_mailbox(ADA)
    identity.add_service_account(ROBOT, "p", "")
    state.grants.clients["the-client"] = Client("the-client", "the-secret", "p", (BACK,))
    state.access["bearer"] = Access(RUNTIME, frozenset({CLOUD}), "p", state.now() + 3600)
    state.grants.creators.add((RUNTIME, ROBOT))
    return Auth(state, identity)


def _flat(reply):
    told = json.loads(reply.body)
    assert 400 <= reply.status < 500
    assert {"error", "error_description"} <= set(told)
    assert all(isinstance(one, str) for one in told.values())


@given(form=FORM.map(urlencode).map(str.encode) | st.binary(max_size=40))
def test_any_form_gets_a_flat_refusal_from_the_token_endpoint(auth, form):
    _flat(auth.answer("POST", "/token", {}, form))


@given(form=FORM.map(urlencode).map(str.encode) | st.binary(max_size=40))
def test_any_form_gets_a_flat_refusal_from_revocation(auth, form):
    _flat(auth.answer("POST", "/revoke", {}, form))


@given(asked=ASKED.map(urlencode) | st.text(max_size=40), decided=DECIDED.map(urlencode).map(str.encode) | st.binary(max_size=30))  # fmt: skip
def test_any_request_for_consent_ends_on_a_page_or_at_the_clients_own_address(auth, asked, decided):
    for verb in ("GET", "POST"):
        reply = auth.answer(verb, f"/o/oauth2/v2/auth?{asked}", {}, decided)
        if reply.status == 302:
            assert reply.headers["Location"].startswith(f"{BACK}?")
            assert ("code=" in reply.headers["Location"]) != ("error=" in reply.headers["Location"])
        else:
            assert reply.body.startswith(b"<!DOCTYPE html>")
            assert reply.status in {200, 400, 401, 403}


@given(body=JSONS | st.fixed_dictionaries({"payload": JSONS.map(json.dumps), "delegates": JSONS}))
def test_any_body_is_signed_or_refused_by_iam(auth, body):
    path = f"/v1/projects/-/serviceAccounts/{ROBOT}:signJwt"
    reply = auth.answer("POST", path, {"authorization": "Bearer bearer"}, json.dumps(body).encode())

    assert reply.status in {200, 400, 403}
    assert ("signedJwt" in json.loads(reply.body)) == (reply.status == 200)


def test_a_code_presented_twice_at_once_works_once(app):
    code = app.sent_back()["code"]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: app.exchange(code), range(8)))

    assert sorted(status for status, _ in answers) == [200, *[400] * 7]


def test_a_managed_key_is_made_once_however_many_ask(server):
    identity = Identity()
    with ThreadPoolExecutor(4) as pool:
        keys = {key.id for key in pool.map(lambda _: identity.managed_key(ROBOT), range(4))}

    assert len(keys) == 1


def test_what_is_shown_and_printed_holds_no_secret(google, app, capfd):
    answer, code = app.connect(), app.sent_back()["code"]
    app.refresh(answer["refresh_token"])
    app.refresh("1//0wrong")
    app.exchange("4/0Awrong")
    shown = [google.see(path) for path in ("tokens", "users", "token-requests", "oauth-clients", "counters")]
    told = str(shown) + "".join(capfd.readouterr())

    for secret in (
        answer["access_token"],
        answer["refresh_token"],
        code,
        app.secret,
        "1//0wrong",
        "4/0Awrong",
    ):
        assert secret not in told
