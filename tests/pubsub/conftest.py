"""An endpoint as strict as the real one, and a bus of each kind that pushes to it."""

import base64
import json
import threading
import time
import uuid
from dataclasses import dataclass

import pytest
import urllib3
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.local.pubsub import NoEmulator, start
from infra.local.pubsub.loopback import Loopback, Reply
from shared.errors import NotAuthentic
from watcher.push_keys import Answer
from watcher.push_token import PushTokens

AUDIENCE, ACCOUNT = "https://crm.example.com/push", "push@project.iam.gserviceaccount.com"
TOPIC, SUBSCRIPTION = "projects/crm-test/topics/gmail", "projects/crm-test/subscriptions/mailroom"
KEY = rsa.generate_private_key(65537, 2048)


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def id_token(**changes):
    now = int(time.time())
    claims = {"iss": "accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True}
    claims |= {"iat": now, "exp": now + 3600} | changes
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "RS256", "kid": "k"}, claims))
    return f"{signed}.{b64(KEY.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


@dataclass
class Signer:
    broken: bool = False

    def __call__(self):
        if self.broken:
            raise RuntimeError("no token today")
        return id_token()


@dataclass
class Push:
    headers: dict
    body: dict
    data: bytes


class Endpoint:
    """Records every authentic push; answers what the test scripts for its data, else 204."""

    def __init__(self, port=0):
        pem = KEY.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        keys = json.dumps({"k": pem.decode()}).encode()
        self.tokens = PushTokens(
            audience=AUDIENCE, service_account=ACCOUNT, certs_url="x", fetch=lambda _: Answer(keys)
        )
        self.pushes, self.refused, self.scripts = [], [], {}
        self.changed = threading.Condition()
        self.server = Loopback(self.answer, port=port)
        self.url = self.server.url + "/push/gmail"
        self.port = int(self.server.url.rpartition(":")[2])

    def answer(self, request):
        try:
            self.tokens.verify(request.headers.get("Authorization"))
        except NotAuthentic:
            self.refused.append(request)
            return Reply(401)
        body = json.loads(request.body)
        data = base64.b64decode(body["message"]["data"])
        with self.changed:
            self.pushes.append(Push(dict(request.headers), body, data))
            self.changed.notify_all()
            script = self.scripts.get(data)
            step = script.pop(0) if script else 204
        return Reply(step() if callable(step) else step)

    def of(self, data):
        return [push for push in self.pushes if push.data == data]

    def wait_for(self, condition, within=20):
        with self.changed:
            assert self.changed.wait_for(condition, within), "it did not happen in time"

    def wait_for_push(self, data, times=1):
        self.wait_for(lambda: len(self.of(data)) >= times)
        return self.of(data)


class Running:
    """A bus, its endpoint, and how to publish."""

    topic, subscription = TOPIC, SUBSCRIPTION

    def __init__(self, kind, *, port=0, **options):
        self.sign = Signer()
        self.endpoint = Endpoint(port)
        self.bus = a_bus(kind, self.endpoint.url, self.sign, **options)

    def publish(self, *datas, topic=TOPIC, **more):
        messages = [{"data": base64.b64encode(data).decode()} | more for data in datas]
        answer = self.post(topic, {"messages": messages})
        assert answer.status == 200, answer.data
        return answer.json()["messageIds"]

    def post(self, topic, content):
        return urllib3.request(
            "POST",
            f"{self.bus.url}/v1/{topic}:publish",
            body=content if isinstance(content, bytes) else json.dumps(content).encode(),
            headers={"Content-Type": "application/json"},
            retries=False,
            timeout=10,
        )

    def stop(self):
        self.bus.stop()
        self.endpoint.server.stop()


def a_bus(kind, endpoint, sign, **options):
    return start(
        endpoint=endpoint,
        topic=TOPIC,
        subscription=SUBSCRIPTION,
        audience=AUDIENCE,
        service_account=ACCOUNT,
        sign=sign,
        prefer=kind,
        **options,
    )


@pytest.fixture(scope="session", params=["deliverer", "emulator"])
def shared_bus(request):
    try:
        running = Running(request.param)
    except NoEmulator as reason:
        pytest.skip(str(reason))
    yield running
    running.stop()


@pytest.fixture
def running(shared_bus):
    yield shared_bus
    shared_bus.bus.faults()
    shared_bus.sign.broken = False


@pytest.fixture
def data():
    """What no other test publishes."""
    return uuid.uuid4().bytes


@pytest.fixture
def own_bus():
    """Make a bus that no other test shares."""
    made = []

    def make(kind, **options):
        made.append(Running(kind, **options))
        return made[-1]

    yield make
    for running in made:
        running.stop()


class Late(Running):
    """A bus that began before its endpoint."""

    def __init__(self, kind, port):
        self.sign, self.port, self.endpoint = Signer(), port, None
        self.bus = a_bus(kind, f"http://127.0.0.1:{port}/push/gmail", self.sign)

    def wait_until_refused(self):
        end = time.monotonic() + 20
        while not self.bus.counts().get("unreachable"):
            assert time.monotonic() < end
            time.sleep(0.02)

    def open_endpoint(self):
        self.endpoint = Endpoint(self.port)

    def stop(self):
        self.bus.stop()
        if self.endpoint:
            self.endpoint.server.stop()


@pytest.fixture
def endpoint_later():
    made = []

    def make(kind, port):
        try:
            made.append(Late(kind, port))
        except NoEmulator as reason:
            pytest.skip(str(reason))
        return made[-1]

    yield make
    for running in made:
        running.stop()
