"""The local Google over real HTTP; Google's own Python client is the judge."""

import base64
import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

import pytest
import urllib3
from google.auth.transport.urllib3 import Request
from google.oauth2.service_account import Credentials
from googleapiclient.discovery import build
from googleapiclient.http import BatchHttpRequest

from infra.local.google import serve
from tests.local_google.app import App

ADA = "ada@fund.example"
PROJECT = "crm-test"
ROBOT = f"mailroom@{PROJECT}.iam.gserviceaccount.com"
SCOPES = ("https://www.googleapis.com/auth/gmail.readonly",)


class Google:
    """The control side in the words of a test, plain requests, and Google's client."""

    def __init__(self, url, key):
        self.url, self.key = url, key
        self._http = urllib3.PoolManager(retries=False, timeout=20)
        self.request = Request(self._http)  # for Google's own library
        self._services = []

    def close(self):
        for service in self._services:
            service.close()
        self._http.clear()

    def send(self, verb, path, **more):
        return self._http.request(verb, f"{self.url}{path}", **more)

    def control(self, path, body=None, verb="POST"):
        answer = self.send(verb, f"/control/{path}", json={} if body is None else body)
        assert answer.status == 200, answer.data
        return answer.json()

    def see(self, path):
        return self.control(path, verb="GET")

    def deliver(self, raw="From: lee@lp.example\nSubject: hello\n\nhello\n", box=ADA, **more):
        told = {"rawUtf8": raw} if isinstance(raw, str) else {"raw": base64.urlsafe_b64encode(raw).decode()}
        return self.control(f"mailboxes/{quote(box)}/messages", told | more)["id"]

    def credentials(self, user=ADA, scopes=SCOPES, **key):
        return Credentials.from_service_account_info(self.key | key, scopes=scopes, subject=user)

    def gmail(self, user=ADA, key=None):
        credentials = self.credentials(user, **(key or {}))
        service = build(
            "gmail", "v1", credentials=credentials, client_options={"api_endpoint": self.url}, cache_discovery=False
        )  # fmt: skip
        self._services.append(service)
        return service

    def token(self, user=ADA):
        credentials = self.credentials(user)
        credentials.refresh(self.request)
        return credentials.token

    def get(self, path, token=None, **headers):
        """GET below /gmail/v1/users as Ada; return status and JSON."""
        headers |= {"authorization": f"Bearer {token or self.token()}"}
        answer = self.send("GET", f"/gmail/v1/users/{path}", headers=headers)
        return answer.status, answer.json()

    def batch(self, requests, path="/batch/gmail/v1"):
        """Run a batch by Google's client; return {request id: reply or error}."""
        # The client would make a connection of its own for the first token and never close it.
        requests[0].http.credentials.refresh(self.request)
        found = {}
        batch = BatchHttpRequest(
            callback=lambda id_, reply, error: found.update({id_: error or reply}),
            batch_uri=f"{self.url}{path}",
        )
        for number, request in enumerate(requests):
            batch.add(request, request_id=f"call {number}")
        batch.execute()
        return found


@pytest.fixture(scope="session")
def server():
    with serve() as running:
        yield running


@pytest.fixture(scope="session")
def robot_key(server):
    body = {"email": ROBOT, "projectId": PROJECT}
    return urllib3.request("POST", f"{server.url}/control/service-accounts", json=body).json()


@pytest.fixture
def google(server, robot_key):
    """A local Google with one empty mailbox."""
    google = Google(server.url, robot_key)
    google.control("reset")
    google.control("mailboxes", {"email": ADA})
    yield google
    google.close()


@pytest.fixture
def users(google):
    """Ada's Gmail."""
    return google.gmail().users()


class Topic:
    """A Pub/Sub that keeps what is published, and answers as told."""

    def __init__(self):
        self.status, self.published, self.paths = 200, [], []
        self.arrived = threading.Condition()

    def take(self, path, body):
        with self.arrived:
            self.paths.append(path)
            if self.status == 200:
                self.published += [json.loads(body)["messages"][0]]
            self.arrived.notify_all()

    def contents(self):
        return [json.loads(base64.b64decode(message["data"])) for message in self.published]

    def wait(self, number, timeout=5):
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.published) >= number, timeout), self.published
            return self.contents()


@contextmanager
def topic_server(topic):
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            topic.take(self.path, body)
            self.send_response(topic.status)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def topic(server, google):
    """The local Google publishes to it for the length of a test."""
    topic = Topic()
    with topic_server(topic) as url:
        server.state.pubsub_url = url
        google.control("settings", {"notify_interval_sec": 0})
        yield topic
        server.state.pubsub_url = ""


@pytest.fixture
def watched(users):
    """Ada's mailbox under a watch of everything."""
    return users.watch(userId="me", body={"topicName": f"projects/{PROJECT}/topics/gmail"}).execute()


@pytest.fixture
def app(google):
    """An OAuth client that people can connect Gmail to."""
    return App(google)
