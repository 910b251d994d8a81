"""What only our own deliverer can be asked: many at once, attempts counted, endpoints that hang."""

import json
import threading
from datetime import UTC, datetime

import pytest
import urllib3

from infra.local.processes import free_port
from infra.local.pubsub.deliverer import Deliverer
from infra.local.pubsub.envelope import Message, push_body


@pytest.fixture
def deliverer():
    made = Deliverer()
    made.create_topic("projects/p/topics/t")
    yield made
    made.stop()


class Carried:
    """Takes deliveries; answers False as often as told, then True."""

    def __init__(self, refusals=0):
        self.bodies, self.refusals, self.changed = [], refusals, threading.Condition()

    def __call__(self, body):
        with self.changed:
            self.bodies.append(json.loads(body))
            self.changed.notify_all()
            self.refusals -= 1
            return self.refusals < 0

    def wait(self, times):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.bodies) >= times, 20)
        return self.bodies


def a_message(data=b"x"):
    return Message("", data, datetime.now(UTC))


def test_attempts_are_counted_on_request(deliverer):
    counted, plain = Carried(refusals=2), Carried(refusals=2)
    deliverer.subscribe("a", topic="projects/p/topics/t", carry=counted, counts_attempts=True)
    deliverer.subscribe("b", topic="projects/p/topics/t", carry=plain)

    deliverer.publish("projects/p/topics/t", [a_message()])

    assert [body["deliveryAttempt"] for body in counted.wait(3)] == [1, 2, 3]
    assert not any("deliveryAttempt" in body for body in plain.wait(3))


def test_every_subscription_gets_every_message_and_a_new_one_of_a_name_replaces_the_old(deliverer):
    old, new, other = Carried(), Carried(), Carried()
    for name, carry in (("a", old), ("b", other), ("a", new)):
        deliverer.subscribe(name, topic="projects/p/topics/t", carry=carry)

    [message_id] = deliverer.publish("projects/p/topics/t", [a_message()])

    assert [found.wait(1)[0]["message"]["messageId"] for found in (new, other)] == [message_id] * 2
    assert old.bodies == []


def test_more_than_two_pushes_are_under_way_at_once(deliverer):
    together = threading.Barrier(6, timeout=20)

    def carry(_body):
        together.wait()
        return True

    deliverer.subscribe("a", topic="projects/p/topics/t", carry=carry)
    deliverer.publish("projects/p/topics/t", [a_message() for _ in range(5)])

    together.wait()  # the sixth: passes only when all five wait at the same moment


def test_one_message_that_is_never_taken_does_not_keep_the_others_from_arriving(deliverer):
    never, seen = {"data": "bmV2ZXI="}, Carried()

    def carry(body):
        return json.loads(body)["message"]["data"] != never["data"] and seen(body)

    deliverer.subscribe("a", topic="projects/p/topics/t", carry=carry)
    deliverer.publish("projects/p/topics/t", [a_message(b"never") for _ in range(20)] + [a_message(b"good")])

    assert seen.wait(1)


def test_a_message_published_before_anybody_subscribed_is_not_kept(deliverer):
    deliverer.publish("projects/p/topics/t", [a_message(b"early")])
    late = Carried()
    deliverer.subscribe("a", topic="projects/p/topics/t", carry=late)
    deliverer.publish("projects/p/topics/t", [a_message(b"late")])

    assert [body["message"]["data"] for body in late.wait(1)] == ["bGF0ZQ=="]


def test_an_unknown_topic_cannot_be_subscribed_to(deliverer):
    with pytest.raises(KeyError):
        deliverer.subscribe("a", topic="projects/p/topics/other", carry=Carried())


def test_topics_are_created_over_rest_too(deliverer):
    url = f"{deliverer.url}/v1/projects/p/topics/new"
    assert urllib3.request("PUT", url, json={}).json() == {"name": "projects/p/topics/new"}

    answer = urllib3.request("POST", f"{url}:publish", json={"messages": [{"data": "YQ=="}]})
    assert len(answer.json()["messageIds"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/", 200), ("GET", "/v1/zz", 404), ("DELETE", "/", 200)]
)
def test_other_paths_answer_as_the_emulators_do(deliverer, method, path, status):
    assert urllib3.request(method, deliverer.url + path).status == status


def test_the_push_body_is_what_google_documents():
    moment = datetime(2026, 11, 22, 14, 34, 7, 170_000, tzinfo=UTC)
    message = Message("2070443601311540", b"x?>~", moment, {"k": "v"}, "key")

    assert json.loads(push_body(message, "projects/P/subscriptions/S", attempt=5)) == {
        "message": {
            "data": "eD8+fg==",
            "messageId": "2070443601311540",
            "message_id": "2070443601311540",
            "publishTime": "2026-11-22T14:34:07.17Z",
            "publish_time": "2026-11-22T14:34:07.17Z",
            "attributes": {"k": "v"},
            "orderingKey": "key",
        },
        "subscription": "projects/P/subscriptions/S",
        "deliveryAttempt": 5,
    }


def test_an_endpoint_that_hangs_past_the_deadline_gets_the_message_again(own_bus, data):
    running, go_on = own_bus("deliverer", ack_deadline=0.2), threading.Event()

    def hang():
        go_on.wait(20)
        return 204

    running.endpoint.scripts[data] = [hang]
    running.publish(data)

    assert len(running.endpoint.wait_for_push(data, times=2)) == 2
    go_on.set()


@pytest.mark.parametrize("kind", ["deliverer", "emulator"])
def test_an_endpoint_that_is_not_up_yet_gets_its_messages_once_it_is(kind, endpoint_later, data):
    port = free_port()
    running = endpoint_later(kind, port)
    running.publish(data)
    running.wait_until_refused()

    running.open_endpoint()

    assert running.endpoint.wait_for_push(data)
