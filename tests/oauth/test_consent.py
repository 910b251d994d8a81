"""Per-user consent, end to end: the real web application and consumer, the local Google's consent page, PostgreSQL."""

import base64
import os
from dataclasses import dataclass
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import urllib3
from flask.testing import FlaskClient

from infra.cli import wiring
from infra.local.google import serve
from shared.config import Settings
from shared.credentials.oauth import SCOPE
from shared.credentials.sealing import Keyring, Sealer
from shared.errors import OperatorMustAct, Reconnect
from shared.store import oauth_tokens, tokens
from shared.store.database import Database
from watcher.consent import Consents
from watcher.web.app import create_app
from watcher.web.deps import Deps

ADA, BEN, EVA = "ada@fund.test", "ben@fund.test", "eva@elsewhere.test"
BACK = "https://console.fund.test/api/email/oauth/callback"


@pytest.fixture(scope="module")
def server():
    with serve() as running:
        yield running


@dataclass
class Here:
    db: Database
    url: str
    settings: Settings
    client: FlaskClient
    admin: str
    member: str

    def control(self, path, body=None, method="POST"):
        answer = urllib3.request(method, f"{self.url}/control/{path}", json=body or {}, retries=False)
        assert answer.status == 200, answer.data
        return answer.json()

    def sign_in(self, token=None):
        self.client.set_cookie("mailroom", token or self.admin, domain="console.fund.test")

    def begin(self, email=ADA):
        """Ask for a mailbox in the console; return Google's address the browser is sent to."""
        answer = self.client.post("/connect", data={"email": email}, base_url="https://console.fund.test")
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    def decide(self, url, account=ADA, decision="allow", ticked=()):
        """Answer Google's consent page; return what it sends the browser back to."""
        form = urlencode([("decision", decision), ("account", account), *(("scope", one) for one in ticked)])
        kind = {"content-type": "application/x-www-form-urlencoded"}
        sent = urllib3.request("POST", url, body=form, headers=kind, redirect=False, retries=False)
        assert sent.status == 302, sent.data
        return sent.headers["Location"]

    def back(self, url):
        """Let the browser follow Google's redirect."""
        return self.client.get(
            f"{urlsplit(url).path}?{urlsplit(url).query}", base_url="https://console.fund.test"
        )

    def connect(self, email=ADA, account=ADA):
        return self.back(self.decide(self.begin(email), account))

    def rows(self, sql):
        with self.db.transaction() as conn:
            return conn.execute(sql).fetchall()

    def gmail(self):
        return wiring.gmail(self.settings, None, self.db)


@pytest.fixture
def here(db, server):
    url = server.url
    urllib3.request("POST", f"{url}/control/reset", json={})
    for address in (ADA, BEN):
        urllib3.request("POST", f"{url}/control/mailboxes", json={"email": address})
    web = urllib3.request(
        "POST", f"{url}/control/oauth-clients", json={"redirectUris": [BACK], "projectId": "p"}
    ).json()["web"]
    settings = Settings.model_validate(
        {
            "CRM_GMAIL_INTEGRATION_ENABLED": "true",
            "CRM_GMAIL_AUTH_METHOD": "oauth",
            "CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test",
            "CRM_GMAIL_API_URL": url,
            "CRM_GMAIL_TOKEN_URL": f"{url}/token",
            "CRM_GMAIL_AUTH_URL": f"{url}/o/oauth2/v2/auth",
            "CRM_GMAIL_REVOKE_URL": f"{url}/revoke",
            "CRM_GMAIL_OAUTH_CLIENT_ID": web["client_id"],
            "CRM_GMAIL_OAUTH_CLIENT_SECRET": web["client_secret"],
            "CRM_GMAIL_OAUTH_REDIRECT_URI": BACK,
            "CRM_GMAIL_SECRET_KEY": base64.b64encode(os.urandom(32)).decode(),
            "CRM_GMAIL_PUBSUB_TOPIC": "projects/p/topics/gmail",
        }
    )
    with db.transaction() as conn:
        admin = tokens.create(conn, name="a", role="admin")
        member = tokens.create(conn, name="m", role="member")
    app = create_app(
        Deps(
            db,
            settings,
            None,
            wiring.gmail(settings, None, db),
            Consents.from_settings(settings),
            serve=("api", "console"),
        )
    )
    made = Here(db, url, settings, app.test_client(), admin, member)
    made.sign_in()
    return made


def test_a_mailbox_is_connected_by_its_owner_and_captured(here):
    answer = here.connect()

    assert answer.status_code == 200, answer.text
    assert here.rows(b"SELECT address, status, auth FROM mailroom.email_accounts") == [
        (ADA, "active", "oauth")
    ]
    [(sealed, scope)] = here.rows(b"SELECT sealed, scope FROM mailroom.oauth_tokens")
    assert sealed.startswith("aesgcm:v1:")
    assert scope == SCOPE
    assert here.gmail().account(ADA).profile().email_address == ADA


def test_what_is_asked_for_is_the_least_and_offline(here):
    asked = {name: values[0] for name, values in parse_qs(urlsplit(here.begin()).query).items()}

    assert asked["scope"] == SCOPE
    assert (asked["access_type"], asked["prompt"], asked["code_challenge_method"]) == (
        "offline",
        "consent",
        "S256",
    )
    assert "include_granted_scopes" not in asked


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        ("none", 400),
        ("replayed", 400),
        ("expired", 400),
        ("other browser", 400),
        ("denied", 403),
        ("wrong account", 403),
        ("more scope", 403),
    ],
)
def test_what_must_not_connect_a_mailbox_connects_none(here, spoil, status):
    url = here.begin()
    ticked = ()
    if spoil == "more scope":
        modify = SCOPE.replace("readonly", "modify")
        url, ticked = (
            url.replace("gmail.readonly", f"gmail.readonly+{quote(modify, safe='')}"),
            (SCOPE, modify),
        )
    owner = BEN if spoil == "wrong account" else ADA
    back = here.decide(url, owner, "deny" if spoil == "denied" else "allow", ticked)
    if spoil == "none":
        back = back.replace("state=", "stat=")
    if spoil == "expired":
        here.rows(b"UPDATE mailroom.oauth_states SET created_at = now() - interval '11 minutes' RETURNING 1")
    if spoil == "other browser":
        here.client.delete_cookie("mailroom_connect", domain="console.fund.test", path="/api/email/oauth")
    if spoil == "replayed":
        assert here.back(back).status_code == 200
        here.rows(b"DELETE FROM mailroom.email_accounts RETURNING 1")

    answer = here.back(back)

    assert answer.status_code == status
    assert here.rows(b"SELECT count(*) FROM mailroom.oauth_tokens") == [(0,)]
    assert here.rows(b"SELECT count(*) FROM mailroom.email_accounts WHERE status = 'active'") == [(0,)]
    why = {"denied": "access_denied", "wrong account": "another account", "more scope": "scope"}.get(spoil)
    noted = here.rows(b"SELECT detail ->> 'why' FROM mailroom.audit_log WHERE action = 'oauth.refused'")
    assert noted == ([(why,)] if why else [])


def test_the_wrong_accounts_grant_is_given_back_and_noted(here):
    answer = here.connect(account=BEN)

    assert ADA in answer.text
    assert here.rows(b"SELECT detail ->> 'why' FROM mailroom.audit_log WHERE action = 'oauth.refused'") == [
        ("another account",)
    ]
    assert here.control("tokens", method="GET")["tokens"] == []


def test_a_foreign_domain_is_refused_before_google_is_asked(here):
    answer = here.client.post("/connect", data={"email": EVA}, base_url="https://console.fund.test")

    assert answer.status_code == 422
    assert here.rows(b"SELECT count(*) FROM mailroom.oauth_states") == [(0,)]


def test_only_an_admin_connects_mailboxes(here):
    here.sign_in(here.member)
    assert here.client.get("/connect", base_url="https://console.fund.test").status_code == 403
    assert (
        here.client.post("/connect", data={"email": ADA}, base_url="https://console.fund.test").status_code
        == 403
    )

    bearer = {"Authorization": f"Bearer {here.admin}"}
    answer = here.client.get("/api/email/oauth/start", query_string={"email": ADA}, headers=bearer)
    assert answer.json["authorization_url"].startswith(here.url)


@pytest.mark.parametrize("what", ["revoke", "password", "suspend"])
def test_a_grant_that_dies_asks_to_be_connected_again_and_then_works(here, what):
    here.connect()
    gmail = here.gmail().account(ADA)
    here.control(f"users/{ADA}/{what}")

    with pytest.raises(Reconnect):
        gmail.profile()
    asked = len(here.control("token-requests", method="GET")["requests"])
    for _ in range(5):
        with pytest.raises(Reconnect):
            gmail.profile()
    assert len(here.control("token-requests", method="GET")["requests"]) == asked

    here.control(f"users/{ADA}/restore")
    here.rows(b"UPDATE mailroom.email_accounts SET status = 'reconnect' RETURNING 1")
    [(cursor,)] = here.rows(b"SELECT cursor FROM mailroom.email_accounts")
    assert here.connect().status_code == 200
    assert gmail.profile().email_address == ADA
    assert here.rows(b"SELECT cursor, status FROM mailroom.email_accounts") == [(cursor, "active")]


def test_disconnecting_revokes_the_grant_and_forgets_it(here):
    here.connect()

    answer = here.client.delete(
        f"/api/email/accounts/{ADA}", headers={"Authorization": f"Bearer {here.admin}"}
    )

    assert answer.json == {"email": ADA, "status": "paused", "watch_stopped": True, "grant_revoked": True}
    assert here.rows(b"SELECT count(*) FROM mailroom.oauth_tokens") == [(0,)]
    assert here.control("tokens", method="GET")["tokens"] == []


def test_visibility_and_rest_are_set_by_admins(here):
    here.connect()
    bearer = {"Authorization": f"Bearer {here.admin}"}

    assert (
        here.client.patch(
            f"/api/email/accounts/{ADA}", json={"visibility": "metadata", "status": "paused"}, headers=bearer
        ).status_code
        == 200
    )
    assert (
        here.client.patch(
            f"/api/email/accounts/{ADA}", json={"visibility": "all"}, headers=bearer
        ).status_code
        == 422
    )
    assert here.rows(b"SELECT visibility, status FROM mailroom.email_accounts") == [("metadata", "paused")]


def test_a_rotated_client_secret_is_for_an_operator_to_mend(here):
    here.connect()
    gmail = here.gmail().account(ADA)
    client = here.settings.oauth_client_id
    here.control(f"oauth-clients/{client}/rotate-secret")

    with pytest.raises(OperatorMustAct, match="CRM_GMAIL_OAUTH_CLIENT_SECRET"):
        gmail.profile()


def test_a_second_consent_of_a_captured_mailbox_replaces_its_grant(here):
    here.connect()
    [(first,)] = here.rows(b"SELECT sealed FROM mailroom.oauth_tokens")
    assert here.connect().status_code == 200

    [(second,)] = here.rows(b"SELECT sealed FROM mailroom.oauth_tokens")
    assert first != second
    assert here.gmail().account(ADA).profile().email_address == ADA


def test_nothing_secret_of_a_consent_reaches_any_log(here, caplog, capsys):
    caplog.set_level("DEBUG")
    seen = []
    url = here.begin()
    back = here.decide(url)
    seen += [parse_qs(urlsplit(back).query)[name][0] for name in ("code", "state")]
    assert here.back(back).status_code == 200
    with here.db.transaction() as conn:
        grant = oauth_tokens.of_address(conn, ADA)
    seen.append(
        Sealer(Keyring.from_settings(here.settings)).unseal(grant.sealed, account_id=grant.account_id)
    )
    gmail = here.gmail()
    seen.append(gmail._means.tokens.token(ADA))
    seen.append(here.settings.oauth_client_secret)
    here.control(f"users/{ADA}/revoke")
    gmail._means.tokens.forget(ADA)
    with pytest.raises(Reconnect):
        gmail.account(ADA).profile()

    logged = caplog.text + "".join(capsys.readouterr())

    assert all(len(one) > 10 for one in seen)
    assert [one for one in seen if one in logged] == []


def test_a_consent_for_the_wrong_mailbox_does_not_end_a_grant_in_use(here):
    here.connect(BEN, BEN)

    assert here.connect(ADA, account=BEN).status_code == 403
    assert here.gmail().account(BEN).profile().email_address == BEN


def test_a_person_reads_a_page_whatever_google_refuses(here):
    url = here.begin()
    back = here.decide(url)
    here.control(f"oauth-clients/{here.settings.oauth_client_id}/rotate-secret")

    answer = here.back(back)

    assert answer.content_type.startswith("text/html")
    assert "CRM_GMAIL_OAUTH_CLIENT_SECRET" in answer.text
    assert here.rows(b"SELECT count(*) FROM mailroom.audit_log WHERE action = 'oauth.refused'") == [(1,)]


def test_what_google_says_instead_of_asking_is_passed_on(here):
    state = parse_qs(urlsplit(here.begin()).query)["state"][0]

    answer = here.back(f"{BACK}?state={state}&error=admin_policy_enforced")

    assert (answer.status_code, "admin_policy_enforced" in answer.text) == (403, True)


def test_the_front_page_offers_to_connect_a_stopped_mailbox_again(here):
    here.connect()
    here.rows(b"UPDATE mailroom.email_accounts SET status = 'reconnect', status_reason = 'gone' RETURNING 1")

    shown = here.client.get("/threads", base_url="https://console.fund.test").text

    assert '<a href="/connect?email=ada%40fund.test">' in shown
