"""What Pub/Sub and the credentials raise, in words; and what the desk does with messages, without Pub/Sub."""

from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from google.api_core import exceptions as refusals
from google.auth.exceptions import RefreshError
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import Refused, TryLater
from tests.pull.conftest import changed, until
from watcher.intake import folded
from watcher.notification import Notification
from watcher.pull import in_words
from watcher.pulled import MOST_TOGETHER, Desk

ADA = "ada@fund.test"


@pytest.mark.parametrize(
    ("trouble", "kind", "names"),
    [
        (refusals.NotFound("x"), Refused, "no subscription projects/p/subscriptions/s"),
        (refusals.PermissionDenied("x"), Refused, "roles/pubsub.subscriber"),
        (refusals.FailedPrecondition("x"), Refused, "type Pull"),
        (refusals.Unauthenticated("x"), Refused, "credentials"),
        (refusals.ServiceUnavailable("x"), TryLater, "did not answer (ServiceUnavailable)"),
        (refusals.ResourceExhausted("x"), TryLater, "ResourceExhausted"),
        (refusals.ServiceUnavailable("Getting metadata from plugin failed with error: ya29.canary"), TryLater, "access token"),
        (RefreshError("canary"), TryLater, "access token"),
        (None, TryLater, "did not answer"),
    ],
)  # fmt: skip
def test_what_pubsub_raises_tells_somebody_what_to_do_or_is_tried_again(trouble, kind, names):
    said = in_words(trouble, "projects/p/subscriptions/s")

    assert type(said) is kind
    assert names in str(said)
    assert "canary" not in str(said)


told = st.builds(
    Notification,
    st.sampled_from(["ada@fund.test", "ben@fund.test", "x@else.test"]),
    st.integers(1, 10**20 - 1),
    st.text(max_size=3),
    st.none(),
)


@given(st.lists(told))
def test_folding_keeps_the_greatest_id_of_every_address_in_order(notifications):
    kept = folded(notifications)

    assert [one.address for one in kept] == sorted({one.address for one in notifications})
    for one in kept:
        same = [other.history_id for other in notifications if other.address == one.address]
        assert one.history_id == max(same)


@dataclass
class Message:
    data: bytes
    message_id: str = "1"
    publish_time: datetime = field(default_factory=lambda: datetime.now(UTC))
    fate: str = "held"

    def ack_with_response(self):
        self.fate = "acknowledged"
        answer = Future()
        answer.set_result(None)
        return answer

    def nack(self):
        self.fate = "given back"


@pytest.fixture
def desk(world):
    desk = Desk(world.db)
    yield desk
    desk.close(within=5)


def test_every_message_of_a_burst_is_answered_and_late_ones_go_back(world, desk):
    world.enrol(ADA)
    burst = [Message(changed(ADA, number)) for number in range(1, 3 * MOST_TOGETHER)]
    for message in burst:
        desk.put(message)

    desk.open()
    desk.clear(within=20, last=True)
    late = Message(changed(ADA, 10_000))
    desk.put(late)

    assert {message.fate for message in burst} == {"acknowledged"}
    assert late.fate == "given back"
    assert world.deltas() == {ADA: (True, 3 * MOST_TOGETHER - 1)}
    assert world.rows(b"SELECT wake FROM mailroom.email_deltas") == [(3,)]


def test_one_message_that_fails_by_surprise_does_not_hold_up_the_others(world, desk):
    world.enrol(ADA)
    odd, good = Message(None), Message(changed(ADA, 5))  # no library hands over a message without bytes
    for message in (odd, good):
        desk.put(message)
    desk.open()
    desk.clear(within=20, last=True)

    assert (odd.fate, good.fate) == ("given back", "acknowledged")
    assert world.deltas() == {ADA: (True, 5)}


def test_a_surprise_acknowledges_nothing(world, desk):
    with world.db.transaction() as conn:
        conn.execute(b"ALTER TABLE mailroom.email_deltas RENAME TO elsewhere")
    message = Message(changed(ADA, 1))

    desk.put(message)
    desk.open()

    until(lambda: message.fate == "given back")
