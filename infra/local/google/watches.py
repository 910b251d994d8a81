"""users.watch and users.stop, and the notifications they cause."""

import base64
import heapq
import json
import threading
import time
from typing import Any

import urllib3

from infra.local.google.mailbox import Mailbox
from infra.local.google.request import Request
from infra.local.google.state import State, Watch
from infra.local.google.wire import GoogleError, Reply, no_content, ok

WEEK_MS = 7 * 86_400_000


class Publisher:
    """Publishes notifications to the watched topic in the background, with the faults asked for."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._http = urllib3.PoolManager(retries=False, timeout=5)
        self._due: list[tuple[float, int, str, dict[str, Any]]] = []
        self._wake = threading.Condition()
        self._number = 0
        self._last: dict[str, float] = {}
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def changed(self, box: Mailbox, labels: set[str]) -> None:
        """Tell every live watch of the mailbox that it changed; hold the state's lock."""
        now = self._state.now()
        for (project, email), watch in list(self._state.watches.items()):
            if email == box.email and watch.expires_ms > now * 1000 and _wanted(watch, labels):
                self._notify(project, box, watch, now)

    def _notify(self, project: str, box: Mailbox, watch: Watch, now: float) -> None:
        """At most one a second and mailbox: what comes faster is dropped, not queued."""
        settings, dice = self._state.settings, self._state.random
        if now - self._last.get(f"{project} {box.email}", 0.0) < settings.notify_interval_sec:
            return
        self._last[f"{project} {box.email}"] = now
        if dice.random() < settings.notify_drop:
            return
        body = notification(box, as_string=settings.notify_string_id)
        for _ in range(2 if dice.random() < settings.notify_duplicate else 1):
            self._later(settings.notify_delay_sec, watch.topic, body)

    def _later(self, delay: float, topic: str, body: dict[str, Any]) -> None:
        with self._wake:
            self._number += 1
            heapq.heappush(self._due, (time.monotonic() + delay, self._number, topic, body))
            self._wake.notify()

    def publish(self, topic: str, body: dict[str, Any]) -> int:
        """Publish now and return Pub/Sub's HTTP status; without a Pub/Sub it is only noted."""
        self._state.notifications.append({"topic": topic, **body})
        if not self._state.pubsub_url:
            return 200
        data = base64.b64encode(json.dumps(body, separators=(",", ":")).encode()).decode()
        url = f"{self._state.pubsub_url}/v1/{topic}:publish"
        return self._http.request("POST", url, json={"messages": [{"data": data}]}).status

    def _run(self) -> None:
        while not self._closing:
            with self._wake:
                self._wake.wait_for(lambda: self._due or self._closing)
                if not self._due:
                    return
                pause = self._due[0][0] - time.monotonic()
                if pause > 0:
                    self._wake.wait(pause)
                    continue
                _, _, topic, body = heapq.heappop(self._due)
            try:
                self.publish(topic, body)
            except urllib3.exceptions.HTTPError:
                continue  # a lost notification: Gmail does not repeat them either

    def close(self) -> None:
        """Stop publishing."""
        with self._wake:
            self._closing = True
            self._wake.notify()


def notification(box: Mailbox, *, as_string: bool) -> dict[str, Any]:
    """Return what a notification says: the primary address and the newest history id, a number."""
    return {"emailAddress": box.email, "historyId": str(box.history_id) if as_string else box.history_id}


def _wanted(watch: Watch, labels: set[str]) -> bool:
    return not watch.labels or bool(watch.labels & labels) == watch.include


def start_watch(state: State, publisher: Publisher, box: Mailbox, request: Request) -> Reply:
    """users.watch: seven days; sends a test message to the topic at once."""
    request.only()
    body = json.loads(request.body or b"{}")
    topic, project = str(body.get("topicName", "")), request.access.project
    if box.no_mailbox:
        raise GoogleError(400, "Mail service not enabled", "failedPrecondition", name="FAILED_PRECONDITION")
    if not topic.startswith(f"projects/{project}/topics/"):
        message = f"Invalid topicName does not match projects/{project}/topics/*"
        raise GoogleError(400, message, "invalidArgument")
    live = state.watches.get((project, box.email))
    if live and live.topic != topic and live.expires_ms > state.now() * 1000:
        message = "Only one user push notification client allowed per developer (call /stop then try again)"
        raise GoogleError(400, message, "invalidArgument")
    _test(publisher.publish(topic, notification(box, as_string=state.settings.notify_string_id)), topic)
    watch = Watch(
        topic,
        int(state.now() * 1000) + WEEK_MS,
        frozenset(body.get("labelIds", ())),
        include=str(body.get("labelFilterBehavior", "include")).lower() != "exclude",
    )
    state.watches[project, box.email] = watch
    return ok({"historyId": str(box.history_id), "expiration": str(watch.expires_ms)})


def _test(status: int, topic: str) -> None:
    sent = f"Error sending test message to Cloud PubSub {topic} : "
    if status == 404:  # noqa: PLR2004 - Pub/Sub's Not Found
        raise GoogleError(404, f"{sent}Resource not found (resource={topic.rsplit('/', 1)[-1]}).", "notFound")
    if status >= 300:  # noqa: PLR2004 - HTTP's own border
        raise GoogleError(403, f"{sent}User not authorized to perform this action.", "forbidden")


def stop_watch(state: State, box: Mailbox, request: Request) -> Reply:
    """users.stop: 204, also without a watch."""
    request.only()
    state.watches.pop((request.access.project, box.email), None)
    return no_content()
