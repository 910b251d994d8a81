"""A whole small capture with every logger at DEBUG, token trouble included: nothing secret, nothing private."""

import base64
import hashlib
import io
import json
import logging
import sys
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
import structlog
import urllib3

from shared import log
from shared.credentials.delegated import DelegatedTokens
from shared.credentials.tokens import exchange
from shared.errors import MailroomError
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from tests.consumer.mails import mail, with_file
from tests.consumer.names import ADA, BEN

# In the form fields and answers of the token endpoint, and in the headers of Gmail's calls.
SECRET_FIELDS = {
    "assertion",
    "code",
    "code_verifier",
    "client_secret",
    "refresh_token",
    "access_token",
    "id_token",
}
SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
SUBJECT, BODY, FILE = "Canary-Subject-7f3a", "canary body 5e21", "canary-file-c0de.pdf"
SENDER, STRANGER = "canary.ivy@nordwind.example", "canary.shop@store.example"


class Overhearing(Transport):
    """The real transport, which remembers every secret that travels."""

    def __init__(self):
        super().__init__()
        self.secrets = {}

    def send(self, method, url, *, headers, body=None, **more):
        answer = super().send(method, url, headers=headers, body=body, **more)
        self._note("bearer", headers.get("Authorization", "").removeprefix("Bearer "))
        if headers.get("Content-Type") == "application/x-www-form-urlencoded":
            for name, values in parse_qs(body.decode()).items():
                self._note(name, values[0], only=SECRET_FIELDS)
            for name, value in json.loads(answer.body or b"{}").items():
                self._note(name, value, only=SECRET_FIELDS)
        return answer

    def _note(self, name, value, *, only=None):
        if value and (only is None or name in only):
            self.secrets[f"{name} {len(self.secrets)}"] = value


class Scan:
    """What was logged, and which of the things nobody may log are in it."""

    def __init__(self, text, secrets):
        self.text = text
        self.found = [name for name, value in secrets.items() if any(form in text for form in forms(value))]


def forms(value):
    """A value as it may be written: itself, in a URL, in base64, and the parts that give it away."""
    parts = {value, quote(value, safe=""), base64.b64encode(value.encode()).decode().rstrip("=")}
    return parts | ({value[:28], value[-28:], value[len(value) // 2 :][:28]} if len(value) > 90 else set())


@pytest.fixture(params=["as mailroom --debug sets them", "all of them forced"])
def logs(request, monkeypatch):
    """Everything any logger writes at DEBUG."""
    written, root = io.StringIO(), logging.getLogger()
    handler = logging.StreamHandler(written)
    before = {name: logging.getLogger(name).level for name in [*logging.root.manager.loggerDict, *log.CHATTY]}
    monkeypatch.setattr(sys, "stderr", written)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    root.addHandler(handler)
    log.setup(debug=True)
    if "forced" in request.param:
        for name in before:
            logging.getLogger(name).setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    structlog.reset_defaults()
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def overheard(world, google):
    """The world's Gmail on a transport that remembers, for Ada; Ben's key was exchanged for a wrong one."""
    transport = Overhearing()
    key = google.control("service-accounts", {"email": "scan@p.iam.gserviceaccount.com", "projectId": "p"})
    wrong = google.control("service-accounts", {"email": "other@p.iam.gserviceaccount.com", "projectId": "p"})
    good = DelegatedTokens(key, f"{google.url}/token", transport=transport)
    bad = DelegatedTokens(
        key | {"private_key": wrong["private_key"]}, f"{google.url}/token", transport=transport
    )

    class Either:
        def token(self, address):
            return (bad if address == BEN else good).token(address)

        def forget(self, address):
            good.forget(address)

    world.deps = replaced(
        world.deps, GmailFactory(google.url, transport=transport, tokens=Either(), budget=Budget(0))
    )
    for name in (key, wrong):
        lines = name["private_key"].split("\n")
        transport.secrets |= {
            f"key {n} of {name['client_email']}": line for n, line in enumerate(lines) if len(line) > 40
        }
    yield transport
    transport.close()


def replaced(deps, gmail):
    return type(deps)(**{name: getattr(deps, name) for name in deps.__slots__} | {"gmail": gmail})


def capture(world, google, overheard, monkeypatch):
    """Live mail, old mail, a file, a stranger, a token that ends, a wrong key, a parser that fails."""
    world.enrol(ADA)
    world.arrive(ADA, mail(sender=SENDER, subject=SUBJECT, text=BODY))
    world.arrive(ADA, with_file(FILE, "canary", sender=f"Canary <{SENDER}>", subject=SUBJECT))
    world.arrive(ADA, mail(sender=STRANGER, subject=SUBJECT))
    google.control("clock", {"advanceSeconds": 4000})  # every token has ended
    world.arrive(ADA, mail(sender=SENDER, subject=SUBJECT, text=BODY))
    google.control("clock", {"advanceSeconds": -4000})
    google.control("settings", {"batch_outer_status": 502})
    ids = [google.deliver(ADA, mail(sender=SENDER, subject=SUBJECT))["id"] for _ in range(3)]
    world.push(ADA)
    world.work()
    with pytest.raises(MailroomError):
        world.deps.gmail.account(BEN).profile()
    consent(google, overheard)
    surprise(world, google, monkeypatch)
    return ids


def consent(google, overheard):
    """A person connects Ben's mailbox; the code is redeemed, redeemed again, refreshed, and revoked."""
    where = "http://127.0.0.1:1/oauth/callback"
    client = google.control("oauth-clients", {"redirectUris": [where]})["web"]
    verifier = "canary-verifier-" + "v" * 50
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "client_id": client["client_id"], "redirect_uri": where, "response_type": "code", "state": "s", "scope": SCOPE,
        "access_type": "offline", "prompt": "consent", "code_challenge": challenge, "code_challenge_method": "S256",
    }  # fmt: skip
    page = f"{google.url}/o/oauth2/v2/auth?{urlencode(asked)}"
    form = urlencode({"decision": "allow", "account": BEN})
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    agreed = urllib3.request("POST", page, body=form, headers=kind, redirect=False, retries=False)
    code = parse_qs(urlsplit(agreed.headers["Location"]).query)["code"][0]
    who = {"client_id": client["client_id"], "client_secret": client["client_secret"]}
    redeem = who | {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": where,
        "code_verifier": verifier,
    }
    token_at(google, overheard, redeem)
    refresh = next(value for name, value in overheard.secrets.items() if name.startswith("refresh_token"))
    again = who | {"grant_type": "refresh_token", "refresh_token": refresh}
    token_at(google, overheard, again)
    google.control(f"users/{BEN}/revoke")
    for refused in (redeem, again, again | {"client_secret": "canary-of-a-wrong-secret"}):
        with pytest.raises(MailroomError) as told:
            token_at(google, overheard, refused)
        log.logger("test").error("refused", why=str(told.value), shown=repr(told.value))


def token_at(google, overheard, form):
    log.logger("test").info("got", what=repr(exchange(overheard, f"{google.url}/token", form)))


def surprise(world, google, monkeypatch):
    """Something nobody foresaw, with private words in its text."""

    def fails(*_):
        raise RuntimeError(f"{SUBJECT} {SENDER} {next(iter(forms(SENDER)))}")

    with monkeypatch.context() as patch:
        patch.setattr("consumer.run.look", fails)
        google.deliver(ADA, mail(sender=SENDER, subject=SUBJECT))
        world.push(ADA)
        world.work()


PRIVATE = {"subject": SUBJECT, "body": BODY, "file": FILE, "sender": SENDER, "stranger": STRANGER}


def test_nothing_secret_or_private_is_ever_logged(world, google, overheard, logs, monkeypatch):
    capture(world, google, overheard, monkeypatch)

    kinds = {name.split()[0] for name in overheard.secrets}
    assert {"bearer", "key", *SECRET_FIELDS} - {"id_token"} <= kinds
    assert "run.surprise" in logs.getvalue()
    assert world.rows(b"SELECT count(*) FROM crm.emails") >= [(3,)]
    # Libraries name the account in URLs when somebody forces them to speak; mailroom never does.
    private = PRIVATE if "connection given" in logs.getvalue() else PRIVATE | {"account": ADA}
    assert Scan(logs.getvalue(), overheard.secrets | private).found == []


def test_the_scan_finds_what_somebody_logs(world, google, overheard, logs):
    world.deps.gmail.account(ADA).profile()
    name, token = next(iter(item for item in overheard.secrets.items() if item[0].startswith("bearer")))

    logging.getLogger("urllib3.util").warning("sent with Bearer %s", token)
    log.logger("test").debug("a slip", subject=SUBJECT)

    found = Scan(logs.getvalue(), overheard.secrets | PRIVATE).found
    assert name in found
    assert "subject" in found
