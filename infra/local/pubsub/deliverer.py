"""Our own loopback Pub/Sub, for machines without Google's emulator: publish by REST, push until acknowledged.

Everything is in memory.  What it does and does not do follows production where the two differ.
"""

import heapq
import itertools
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from infra.local.pubsub.envelope import Message, NotPublishable, push_body, read_data, read_publish
from infra.local.pubsub.loopback import Loopback, Reply, Request

CARRIERS = 8  # pushes under way at once, over all subscriptions
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # seconds before a refused push is tried again; doubles in between
STOP_WITHIN = 2.0  # seconds that a push under way may still take when we stop
FIRST_MESSAGE_ID = 2070443601311540  # ids of Google's have 16 or 17 digits
TOPIC_PATH = re.compile(r"/v1/(projects/[^/]+/topics/[^/:]+)(:publish)?")


@dataclass(frozen=True)
class _Subscription:
    name: str
    carry: Callable[[bytes], bool]  # body → acknowledged
    counts_attempts: bool


@dataclass(frozen=True)
class _Delivery:
    subscription: _Subscription
    message: Message
    attempt: int = 1

    def body(self) -> bytes:
        return push_body(
            self.message,
            self.subscription.name,
            attempt=self.attempt if self.subscription.counts_attempts else None,
        )


class Deliverer:
    """The running bus.  `url` answers `POST /v1/projects/P/topics/T:publish`."""

    def __init__(self, *, port: int = 0) -> None:
        self._topics: dict[str, list[_Subscription]] = {}
        self._due: list[tuple[float, int, _Delivery]] = []  # heap: monotonic time, tie-breaker, what
        self._ids, self._ties = itertools.count(FIRST_MESSAGE_ID), itertools.count()
        self._changed = threading.Condition()
        self._stopping = False
        self._server = Loopback(self._answer, port=port)
        self.url = self._server.url
        self._carriers = [
            threading.Thread(target=self._carry_for_ever, name=f"carrier-{n}", daemon=True)
            for n in range(CARRIERS)
        ]
        for carrier in self._carriers:
            carrier.start()

    def create_topic(self, topic: str) -> None:
        """Create *topic* (its full name); one that exists stays as it is."""
        with self._changed:
            self._topics.setdefault(topic, [])

    def subscribe(
        self, subscription: str, *, topic: str, carry: Callable[[bytes], bool], counts_attempts: bool = False
    ) -> None:
        """Push what *topic* gets from now on through *carry*, again and again until it returns True.

        *counts_attempts* adds deliveryAttempt to the body, as a dead-letter policy would.
        Raises KeyError when there is no such topic.
        """
        with self._changed:
            others = [known for known in self._topics[topic] if known.name != subscription]
            self._topics[topic] = [*others, _Subscription(subscription, carry, counts_attempts)]

    def publish(self, topic: str, messages: list[Message]) -> list[str]:
        """Queue *messages*, whose ids are assigned here.  Raises KeyError for an unknown topic."""
        with self._changed:
            subscriptions = self._topics[topic]
            sent = [replace(message, id=str(next(self._ids))) for message in messages]
            for message in sent:
                for subscription in subscriptions:
                    self._push_later(_Delivery(subscription, message), pause=0)
        return [message.id for message in sent]

    def stop(self) -> None:
        """Stop delivering; what is not acknowledged is forgotten."""
        self._server.stop()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        for carrier in self._carriers:
            carrier.join(STOP_WITHIN)

    def _push_later(self, delivery: _Delivery, *, pause: float) -> None:
        heapq.heappush(self._due, (time.monotonic() + pause, next(self._ties), delivery))
        self._changed.notify()

    def _carry_for_ever(self) -> None:
        while (delivery := self._next_due()) is not None:
            if delivery.subscription.carry(delivery.body()):
                continue
            pause = min(FIRST_PAUSE * 2 ** (delivery.attempt - 1), LONGEST_PAUSE)
            with self._changed:
                self._push_later(replace(delivery, attempt=min(delivery.attempt + 1, 99)), pause=pause)

    def _next_due(self) -> _Delivery | None:
        with self._changed:
            while not self._stopping:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None

    def _answer(self, request: Request) -> Reply:
        if request.path == "/":
            return Reply(200, "Ok\n")
        found = TOPIC_PATH.fullmatch(request.path)
        match (request.method, found and found[2]):
            case ("POST", ":publish") if found:
                return self._publish(found[1], request.body)
            case ("PUT", None) if found:
                self.create_topic(found[1])
                return Reply(200, {"name": found[1]})
        return Reply(404, "Not Found")

    def _publish(self, topic: str, body: bytes) -> Reply:
        now = datetime.now(UTC)
        try:
            messages = [
                Message("", read_data(asked.data), now, asked.attributes, asked.orderingKey)
                for asked in read_publish(body)
            ]
            return Reply(200, {"messageIds": self.publish(topic, messages)})
        except NotPublishable as wrong:
            return _error(400, str(wrong), "INVALID_ARGUMENT")
        except KeyError:
            return _error(404, "Topic not found", "NOT_FOUND")


def _error(code: int, message: str, status: str) -> Reply:
    return Reply(code, {"error": {"code": code, "message": message, "status": status}})
