"""Google's own client library against the local Google."""

import base64
from collections.abc import Iterator
from itertools import count

import pytest
import urllib3
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
        self.control("mailboxes", {"email": self.email, "labels": ["Deals"], "aliases": ["ada@alias.test"]})
        self.key = self.control("service-accounts", {"email": f"sa-{self.email}", "projectId": "p"})
        self.gmail = self.client().users()

    def credentials(self, subject=None):
        return service_account.Credentials.from_service_account_info(
            self.key, scopes=[SCOPE], subject=subject or self.email
        )

    def client(self, subject=None):
        options = {"api_endpoint": self.url}
        return build(
            "gmail",
            "v1",
            credentials=self.credentials(subject),
            client_options=options,
            cache_discovery=False,
        )

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
    box.control(
        "settings",
        {"history_lag_sec": 0, "message_lag_sec": 0, "history_empty_pages": False, "batch_shuffle": False},
    )
