"""What every Pub/Sub must do, asked of Google's emulator behind the relay and of our own deliverer."""

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from watcher.notification import decode


def test_what_is_published_arrives_as_a_signed_push_in_googles_form(running, data):
    [message_id] = running.publish(data, attributes={"origin": "test"})

    [push] = running.endpoint.wait_for_push(data)
    message = push.body["message"]
    assert push.body["subscription"] == running.subscription
    assert (message["messageId"], message["message_id"]) == (message_id, message_id)
    assert message["publishTime"] == message["publish_time"]
    assert message["attributes"] == {"origin": "test"}
    assert push.headers["Content-Type"] == "application/json"
    assert push.headers["From"] == "noreply@google.com"
    assert push.headers["User-Agent"].startswith("APIs-Google; ")
    assert "deliveryAttempt" not in push.body


def test_a_notification_of_gmail_survives_the_way(running):
    running.publish(b'{"emailAddress":"ada@example.com","historyId":4711}')

    running.endpoint.wait_for(lambda: any(b"ada@" in push.data for push in running.endpoint.pushes))
    [push] = [push for push in running.endpoint.pushes if b"ada@" in push.data]
    found = decode(json.dumps(push.body).encode(), subscription=running.subscription)
    assert (found.address, found.history_id) == ("ada@example.com", 4711)
    assert abs(found.published_at - datetime.now(UTC)) < timedelta(minutes=5)


def test_several_messages_of_one_call_get_their_ids_in_order(running, data):
    datas = [data + bytes([n]) for n in range(5)]

    ids = running.publish(*datas)

    for one, message_id in zip(datas, ids, strict=True):
        [push] = running.endpoint.wait_for_push(one)
        assert push.body["message"]["messageId"] == message_id


def test_a_push_that_is_not_acknowledged_comes_again_with_the_same_id(running, data):
    refusals = {data + str(status).encode(): status for status in (503, 500, 429, 401, 302, 205)}
    running.endpoint.scripts |= {one: [status] for one, status in refusals.items()}

    running.publish(*refusals)

    for one in refusals:
        first, second = running.endpoint.wait_for_push(one, times=2)
        assert first.body["message"] == second.body["message"]
    assert [settled(running, data)] + [len(running.endpoint.of(one)) for one in refusals] == [0] + [2] * 6


def test_what_acknowledges_in_production_acknowledges_here(running, data):
    acknowledgements = {data + str(status).encode(): status for status in (200, 201, 202, 204)}
    running.endpoint.scripts |= {one: [status] for one, status in acknowledgements.items()}

    running.publish(*acknowledgements)

    for one in acknowledgements:
        running.endpoint.wait_for_push(one)
    assert [settled(running, data)] + [len(running.endpoint.of(one)) for one in acknowledgements] == [0] + [
        1
    ] * 4


def settled(running, data):
    """Let a later message arrive, and the emulator's second of redelivery pass, then count."""
    marker = data + b"marker"
    running.endpoint.scripts[marker] = [503, 503]
    running.publish(marker)
    running.endpoint.wait_for_push(marker, times=3)
    return len(running.endpoint.of(data))


def test_a_dropped_connection_is_no_acknowledgement(running, data):
    def hang_up():
        raise ConnectionError("gone")

    running.endpoint.scripts[data] = [hang_up]

    running.publish(data)

    assert len(running.endpoint.wait_for_push(data, times=2)) == 2


def test_duplicates_come_on_request(running, data):
    running.bus.faults(duplicate=1)
    running.publish(data)
    first, second = running.endpoint.wait_for_push(data, times=2)
    assert first.body == second.body

    running.bus.faults()
    running.publish(data + b"2")
    running.endpoint.wait_for_push(data + b"2")
    assert settled(running, data + b"2") == 1


def test_losses_come_on_request_and_look_delivered(running, data):
    dropped = running.bus.counts().get("dropped", 0)
    running.bus.faults(drop=1)
    running.publish(data)
    end = time.monotonic() + 20
    while running.bus.counts().get("dropped", 0) == dropped and time.monotonic() < end:
        time.sleep(0.02)

    running.bus.faults()

    assert settled(running, data) == 0


def test_disorder_comes_on_request_and_loses_nothing(running, data):
    # Many, because the emulator's own disorder may undo some of ours.
    sent = [data + bytes([n]) for n in range(40)]
    running.bus.faults(reorder=0.5, seed=7)

    for one in sent:
        running.publish(one)
    for one in sent:
        running.endpoint.wait_for_push(one)

    came = [push.data for push in running.endpoint.pushes if push.data in sent]
    assert sorted(came) == sent
    assert came != sent


def test_without_a_token_nothing_reaches_the_endpoint(running, data):
    before = running.bus.counts().get("unsigned", 0)
    running.sign.broken = True
    running.publish(data)
    end = time.monotonic() + 20
    while running.bus.counts().get("unsigned", 0) == before and time.monotonic() < end:
        time.sleep(0.02)
    assert running.endpoint.of(data) == []

    running.sign.broken = False

    assert running.endpoint.wait_for_push(data)
    assert running.endpoint.refused == []


def test_publishing_to_a_topic_that_is_not_there_is_404(running):
    answer = running.post("projects/crm-test/topics/nowhere", {"messages": [{"data": "YQ=="}]})

    assert answer.status == 404
    assert answer.json() == {"error": {"code": 404, "message": "Topic not found", "status": "NOT_FOUND"}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nonsense", "Payload isn't valid for request."),
        ({"messages": [{"data": "!!"}]}, "Payload isn't valid for request."),
        ({"messages": [{"data": "YQ==", "colour": "red"}]}, "Payload isn't valid for request."),
        ({"messages": []}, "No messages to publish"),
        ({"messages": [{"data": ""}]}, "Some messages are empty"),
    ],
)
def test_a_publish_call_that_makes_no_sense_is_400(running, content, message):
    answer = running.post(running.topic, content)

    assert answer.status == 400
    assert answer.json()["error"] == {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}


@pytest.mark.parametrize("share", [-0.1, 1.1])
def test_a_share_outside_of_0_to_1_is_refused(running, share):
    with pytest.raises(ValueError, match="share between 0 and 1"):
        running.bus.faults(drop=share)
