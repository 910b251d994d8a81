"""Google's own Pub/Sub emulator, a database, and `mailroom pull` as a real process between them."""

import json
import os
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count

import pytest
from google import pubsub_v1
from google.auth.credentials import AnonymousCredentials
from google.pubsub_v1.services.publisher.transports import PublisherRestTransport
from google.pubsub_v1.services.subscriber.transports import SubscriberRestTransport

from infra.local.processes import Process
from infra.local.pubsub import NoEmulator, emulator
from shared.store import accounts
from shared.store.database import Database

PROJECT = "projects/crm-test"
_numbers = count(1)


@dataclass
class Bus:
    """One topic and its subscription, without a push endpoint, in a running emulator."""

    host: str
    number: int = field(default_factory=lambda: next(_numbers))

    def __post_init__(self):
        self.topic, self.subscription = (
            f"{PROJECT}/topics/gmail-{self.number}",
            f"{PROJECT}/subscriptions/pull-{self.number}",
        )

    def _rest(self):
        return {"host": self.host, "credentials": AnonymousCredentials(), "url_scheme": "http"}

    def create(self):
        wanted = {"name": self.subscription, "topic": self.topic, "ack_deadline_seconds": 10}
        with pubsub_v1.PublisherClient(transport=PublisherRestTransport(**self._rest())) as publisher:
            publisher.create_topic(name=self.topic)
        with pubsub_v1.SubscriberClient(transport=SubscriberRestTransport(**self._rest())) as subscriber:
            subscriber.create_subscription(request=wanted)
        return self

    def publish(self, *datas):
        messages = [{"data": data} for data in datas]
        with pubsub_v1.PublisherClient(transport=PublisherRestTransport(**self._rest())) as publisher:
            for start in range(0, len(messages), 1000):
                publisher.publish(topic=self.topic, messages=messages[start : start + 1000])

    def left(self):
        """What the subscription would still deliver (taking it, so ask once)."""
        with pubsub_v1.SubscriberClient(transport=SubscriberRestTransport(**self._rest())) as subscriber:
            request = {"subscription": self.subscription, "max_messages": 100, "return_immediately": True}
            return [one.message.data for one in subscriber.pull(request=request).received_messages]


def changed(address, history_id):
    return json.dumps({"emailAddress": address, "historyId": history_id}).encode()


@pytest.fixture(scope="session")
def running_emulator():
    try:
        running = emulator.start()
    except NoEmulator as reason:
        pytest.skip(f"Google's emulator cannot run here: {reason}")
    yield running
    running.stop()


@pytest.fixture
def bus(running_emulator):
    return Bus(running_emulator.host).create()


@dataclass
class World:
    db: Database
    url: str
    folder: object
    processes: list = field(default_factory=list)

    def enrol(self, *addresses):
        """Enrolled, looked at a moment ago, and due again in a day."""
        with self.db.transaction() as conn:
            for address in addresses:
                now = datetime.now(UTC)
                accounts.enrol(conn, address, cursor=1, watch_expires_at=None, watch_due_at=now)
            conn.execute(b"UPDATE mailroom.email_deltas SET due_at = now() + interval '1 day'")

    def deltas(self):
        """{address: (due, greatest history id)} of every account a notification has come for."""
        sql = b"""SELECT address, due_at <= now(), pushed_history_id FROM mailroom.email_deltas
                    JOIN mailroom.email_accounts a ON a.id = account_id WHERE pushed_history_id IS NOT NULL"""
        return {address: (due, int(history_id)) for address, due, history_id in self.rows(sql)}

    def rows(self, sql, *values):
        with self.db.transaction() as conn:
            return conn.execute(sql, values).fetchall()

    def pull(self, bus, **other):
        """Start `mailroom pull`."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("CRM_GMAIL_")}
        env = clean | {
            "CRM_GMAIL_INTEGRATION_ENABLED": "true",
            "DATABASE_URL": self.url,
            "CRM_GMAIL_PUBSUB_SUBSCRIPTION": bus.subscription,
            "PUBSUB_EMULATOR_HOST": bus.host,
            **other,
        }
        log = self.folder / f"pull-{len(self.processes)}.log"
        process = Process("pull", [sys.executable, "-m", "infra.cli", "pull"], env, log).start()
        self.processes.append(process)
        return process


@pytest.fixture
def world(db, database_url, tmp_path):
    made = World(db, database_url, tmp_path)
    yield made
    for process in made.processes:
        process.stop(patience=1)


def until(condition, within=40.0):
    """Wait for a condition; what it returns in the end."""
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return found


def events(process):
    return [json.loads(line) for line in process.output().splitlines() if line.startswith("{")]


def said(process, event):
    return [line for line in events(process) if line["event"] == event]
