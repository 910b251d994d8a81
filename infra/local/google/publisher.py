"""Notifications on their way to Pub/Sub: in the background, one a second, with the faults asked for."""

import base64
import heapq
import json
import threading
import time

import urllib3

from infra.local.google.mailbox import Mailbox
from infra.local.google.state import State, Watch
from infra.local.google.wire import Json

KEPT = 200  # what publishing "answers" when there is no Pub/Sub: the notification is noted, and that is all
UNREACHABLE = 0
TIMEOUT_SEC = 5.0


class Publisher:
    """Publishes by Pub/Sub's ordinary REST call on the watched topic."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._http = urllib3.PoolManager(retries=False, timeout=TIMEOUT_SEC)
        self._due: list[tuple[float, int, str, Json]] = []  # (when on the real clock, order, topic, content)
        self._wake = threading.Condition()
        self._number = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def changed(self, box: Mailbox, labels: set[str]) -> None:
        """Tell every live watch of the mailbox that a message with *labels* changed; hold the lock."""
        now = self._state.now()
        for key, watch in self._state.watches.items():
            if key[1] == box.email and watch.expires_ms > now * 1000 and wants(watch, labels):
                self._notify(key, box, watch, now)

    def _notify(self, key: tuple[str, str], box: Mailbox, watch: Watch, now: float) -> None:
        state, told, dice = self._state, self._state.settings, self._state.random
        since = now - state.last_notified.get(key, 0.0)
        # A clock that was set back must not silence the mailbox.
        if 0 <= since < told.notify_interval_sec:
            state.dropped += 1
            return
        state.last_notified[key] = now
        if dice.random() < told.notify_drop:
            state.dropped += 1
            return
        held_back = told.notify_reorder_sec if dice.random() < told.notify_reorder else 0.0
        for _ in range(2 if dice.random() < told.notify_duplicate else 1):
            self._later(told.notify_delay_sec + held_back, watch.topic, self.content(box))

    def _later(self, delay: float, topic: str, content: Json) -> None:
        with self._wake:
            self._number += 1
            heapq.heappush(self._due, (time.monotonic() + delay, self._number, topic, content))
            self._wake.notify()

    def content(self, box: Mailbox) -> Json:
        """Return what a notification says: the primary address and the newest history id, a number."""
        id_ = box.history.current
        return {
            "emailAddress": box.email,
            "historyId": str(id_) if self._state.settings.notify_string_id else id_,
        }

    def publish(self, topic: str, content: Json) -> int:
        """Publish now and return Pub/Sub's HTTP status, 0 when it cannot be reached.

        Do not hold the state's lock: Pub/Sub may have to come to us for a signature before it answers.
        """
        status = self._send(topic, content) if self._state.pubsub_url else KEPT
        with self._state.lock:
            self._state.notifications.append({"topic": topic, **content, "status": status})
        return status

    def _send(self, topic: str, content: Json) -> int:
        data = base64.b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()
        url = f"{self._state.pubsub_url}/v1/{topic}:publish"
        try:
            return self._http.request("POST", url, json={"messages": [{"data": data}]}).status
        except urllib3.exceptions.HTTPError:
            return UNREACHABLE  # a lost notification: Gmail does not repeat them either

    def _run(self) -> None:
        while (due := self._next()) is not None:
            self.publish(*due)

    def _next(self) -> tuple[str, Json] | None:
        """Wait for the next notification that is due; None when there will be none."""
        with self._wake:
            while not self._closing:
                pause = self._due[0][0] - time.monotonic() if self._due else None
                if pause is not None and pause <= 0:
                    _, _, topic, content = heapq.heappop(self._due)
                    return topic, content
                self._wake.wait(pause)
        return None

    def forget(self) -> None:
        """Drop what is still on its way."""
        with self._wake:
            self._due.clear()

    def close(self) -> None:
        """Stop publishing; what is not sent yet never will be."""
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join(TIMEOUT_SEC)
        self._http.clear()


def wants(watch: Watch, labels: set[str]) -> bool:
    """Whether a watch's label filter lets a change of a message with *labels* through; none means all."""
    return not watch.labels or bool(watch.labels & labels) == watch.include
