"""From Gmail's own notification to the due account: the local Google, Google's emulator, `mailroom pull`."""

import pytest
import urllib3

from infra.local.google import serve
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from tests.pull.conftest import said, until
from watcher.enrolment import enrol

ADA = "ada@fund.test"


class Google:
    def __init__(self, url):
        self.url, self.transport = url, Transport()
        key = self.control(
            "service-accounts", email="m@crm-test.iam.gserviceaccount.com", projectId="crm-test"
        )
        tokens = DelegatedTokens(key, f"{url}/token", transport=self.transport, domains=("fund.test",))
        self.gmail = GmailFactory(url, transport=self.transport, tokens=tokens, budget=Budget(0))
        self.control("mailboxes", email=ADA)

    def control(self, path, **body):
        answer = urllib3.request("POST", f"{self.url}/control/{path}", json=body, retries=False)
        assert answer.status < 300, answer.data
        return answer.json()


@pytest.fixture
def google(running_emulator):
    with serve(pubsub_url=running_emulator.url) as server:
        google = Google(server.url)
        yield google
        google.transport.close()


def test_enrolling_and_mail_arrive_as_notifications_and_nothing_is_rejected(world, bus, google):
    settings = {"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test", "CRM_GMAIL_PUBSUB_TOPIC": bus.topic}
    process = world.pull(bus)
    process.ready("pull.connected")

    account = enrol(world.db, google.gmail, ADA, settings=Settings.model_validate(settings), actor="ops")
    until(lambda: world.deltas() == {ADA: (True, account.cursor)})
    wake = world.rows(b"SELECT wake FROM mailroom.email_deltas")[0][0]
    arrived = google.control(f"mailboxes/{ADA}/messages", rawUtf8="From: a@lp.example\nSubject: x\n\nhello")

    until(lambda: world.deltas() == {ADA: (True, int(arrived["historyId"]))})
    assert world.rows(b"SELECT wake FROM mailroom.email_deltas")[0][0] > wake
    assert world.rows(b"SELECT reason FROM mailroom.rejected_notifications") == []
    assert said(process, "push.rejected") == []
