"""Google's own client library against the local Google."""

import base64
from collections.abc import Iterator
from itertools import count

import pytest
import urllib3
from google.auth.transport.urllib3 import Request
from google.oauth2 import service_account
from googleapiclient.discovery import build

from infra.local.google import LocalGoogle, serve

SCOPE = "https://www.googleapis.com/auth/gmail.readonly"
_numbers = count(1)


@pytest.fixture(scope="session")
def standin() -> Iterator[LocalGoogle]:
    with serve(seed=3) as google:
        yield google


class Box:
    """A mailbox of this test's own, seen by Google's client and by the control side."""

    def __init__(self, url):
        self.url, self.email = url, f"ada{next(_numbers)}@fund.test"
        self.services = []
        self.control("reset")  # a switch that a test turned, a clock that it moved
        self.control("mailboxes", {"email": self.email, "labels": ["Deals"], "aliases": ["ada@alias.test"]})
        self.key = self.control("service-accounts", {"email": f"sa-{self.email}", "projectId": "p"})
        self.gmail = self.client().users()

    def credentials(self, subject=None):
        return service_account.Credentials.from_service_account_info(
            self.key, scopes=[SCOPE], subject=subject or self.email
        )

    def client(self, subject=None):
        options = {"api_endpoint": self.url}
        credentials = self.credentials(subject)
        self.services.append(
            build("gmail", "v1", credentials=credentials, client_options=options, cache_discovery=False)
        )
        return self.services[-1]

    def token(self, subject=None):
        credentials = self.credentials(subject)
        with urllib3.PoolManager() as pool:
            credentials.refresh(Request(pool))
        return credentials.token

    def ask(self, path, verb="GET", token=None, **more):
        """Call what is below /gmail/v1/users by hand, for what the client would not let through."""
        headers = {"Authorization": f"Bearer {token or self.token()}"}
        url = f"{self.url}/gmail/v1/users/{path}"
        return urllib3.request(verb, url, headers=headers, retries=False, **more)

    def control(self, path, body=None, method="POST"):
        answer = urllib3.request(method, f"{self.url}/control/{path}", json=body or {}, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()

    def deliver(self, raw="From: b@lp.example\r\nSubject: Hi\r\n\r\nHello\r\n", *labels, **more):
        raw = raw.encode() if isinstance(raw, str) else raw
        body = {"raw": base64.urlsafe_b64encode(raw).decode()} | ({"labels": list(labels)} if labels else {})
        return self.control(f"mailboxes/{self.email}/messages", body | more)

    def history(self, since):
        return self.gmail.history().list(userId="me", startHistoryId=str(since)).execute()

    def now(self):
        return int(self.gmail.getProfile(userId="me").execute()["historyId"])


@pytest.fixture
def box(standin) -> Iterator[Box]:
    box = Box(standin.url)
    yield box
    for service in box.services:
        service.close()
