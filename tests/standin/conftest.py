"""Google's own client library against the local Google."""

import base64
from collections.abc import Iterator

import pytest
import urllib3
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account
from googleapiclient.discovery import build

from infra.local.google import LocalGoogle, serve

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


@pytest.fixture(scope="session")
def standin() -> Iterator[LocalGoogle]:
    with serve(seed=3) as google:
        yield google


@pytest.fixture(scope="session")
def http() -> Iterator[urllib3.PoolManager]:
    with urllib3.PoolManager(retries=False, timeout=30) as pool:
        yield pool


@pytest.fixture(scope="session")
def key(standin, http):
    """A service account of project "p"; keys survive every reset."""
    body = {"email": "mailroom@p.iam.gserviceaccount.com", "projectId": "p"}
    return http.request("POST", f"{standin.url}/control/service-accounts", json=body).json()


class Box:
    """A mailbox, seen by Google's client and by the control side."""

    email = "ada@fund.test"

    def __init__(self, url, http, key):
        self.url, self.http, self.key = url, http, key
        self.services = []
        self.control("reset")
        self.control("mailboxes", {"email": self.email, "labels": ["Deals"], "aliases": ["ada@alias.test"]})
        self.gmail = self.client().users()

    def credentials(self, subject=None):
        return service_account.Credentials.from_service_account_info(
            self.key, scopes=[SCOPE], subject=subject or self.email
        )

    def client(self, subject=None):
        options, credentials = {"api_endpoint": self.url}, self.credentials(subject)
        self.services.append(
            build("gmail", "v1", credentials=credentials, client_options=options, cache_discovery=False)
        )
        return self.services[-1]

    def token(self, subject=None):
        credentials = self.credentials(subject)
        credentials.refresh(Request(self.http))
        return credentials.token

    def ask(self, path, verb="GET", token=None, **more):
        """Call what is below /gmail/v1/users by hand, for what the client would not let through."""
        headers = {"Authorization": f"Bearer {token or self.token()}"} | more.pop("headers", {})
        return self.http.request(verb, f"{self.url}/gmail/v1/users/{path}", headers=headers, **more)

    def control(self, path, body=None, method="POST"):
        answer = self.http.request(method, f"{self.url}/control/{path}", json=body or {})
        assert answer.status < 300, answer.data
        return answer.json()

    def deliver(self, raw="From: b@lp.example\r\nSubject: Hi\r\n\r\nHello\r\n", *labels, **more):
        raw = raw.encode() if isinstance(raw, str) else raw
        body = {"raw": base64.urlsafe_b64encode(raw).decode()} | ({"labels": list(labels)} if labels else {})
        return self.control(f"mailboxes/{self.email}/messages", body | more)

    def get(self, message_id, **more):
        return self.gmail.messages().get(userId="me", id=message_id, **more).execute()

    def history(self, since, **more):
        return self.gmail.history().list(userId="me", startHistoryId=str(since), **more).execute()

    def now(self):
        return int(self.gmail.getProfile(userId="me").execute()["historyId"])


@pytest.fixture
def box(standin, http, key) -> Iterator[Box]:
    box = Box(standin.url, http, key)
    yield box
    for service in box.services:
        service.close()
