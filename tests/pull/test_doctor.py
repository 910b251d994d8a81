"""What the doctor reads from a real Pub/Sub about a subscription."""

import pytest

from infra.cli.checkup.subscription import look
from shared.config import Settings
from tests.pull.conftest import Bus


@pytest.fixture
def look_at(monkeypatch):
    def look_at(bus, **more):
        monkeypatch.setenv("PUBSUB_EMULATOR_HOST", bus.host)
        known = {"CRM_GMAIL_PUBSUB_SUBSCRIPTION": bus.subscription, "CRM_GMAIL_PUBSUB_TOPIC": bus.topic}
        return [(one.state, one.says) for one in look(Settings.model_validate(known | more))]

    return look_at


def test_a_subscription_to_pull_from_is_read_and_found_right(bus, look_at):
    assert look_at(bus)[0] == ("ok", f"it is for mailroom pull: what {bus.topic} gets")


def test_one_on_another_topic_is_a_problem(bus, look_at):
    [(state, says), *_] = look_at(bus, CRM_GMAIL_PUBSUB_TOPIC="projects/crm-test/topics/else")

    assert state == "problem"
    assert bus.topic in says


def test_one_that_is_not_there_is_a_problem(running_emulator, look_at):
    [(state, says)] = look_at(Bus(running_emulator.host))

    assert state == "problem"
    assert "there is none named projects/crm-test/subscriptions/pull-" in says


def test_a_pubsub_that_is_away_is_only_noted(look_at):
    [(state, says)] = look_at(Bus("127.0.0.1:9"))

    assert state == "note"
    assert "did not answer" in says
