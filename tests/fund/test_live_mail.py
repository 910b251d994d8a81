"""What arrives after now: without end, the same every time, and mixed like a real day."""

import email
import itertools
import re
from datetime import timedelta

import pytest

from infra.local.fund import live
from infra.local.ownmail import OwnMail, should_capture

SEED = 7


class Clock:
    """Moves three seconds at every look."""

    def __init__(self, start):
        self.time = start

    def __call__(self):
        self.time += timedelta(seconds=3)
        return self.time


@pytest.fixture(scope="module")
def arrivals(now):
    return list(itertools.islice(live(SEED, now, Clock(now)), 2000))


def test_the_same_seed_and_clock_bring_the_same_messages(arrivals, now):
    again = itertools.islice(live(SEED, now, Clock(now)), 200)

    assert list(again) == arrivals[:200]


def test_about_two_messages_in_three_are_captured(arrivals):
    captured = sum(any(copy.captured for copy in copies) for copies in arrivals)

    assert 0.6 < captured / len(arrivals) < 0.73


def test_every_arrival_is_one_message_dated_by_the_clock(arrivals, now):
    for at, copies in enumerate(arrivals, start=1):
        assert len({copy.message_key for copy in copies}) == 1
        assert {copy.internal_date for copy in copies} == {now + timedelta(seconds=3 * at)}


def test_no_message_comes_twice_not_even_from_the_past(arrivals, sample):
    keys = [copies[0].message_key for copies in arrivals]

    assert len(set(keys)) == len(keys)
    assert not set(keys) & {copy.message_key for copy in sample.mail}


def test_talks_of_the_past_go_on_and_new_ones_begin(arrivals, sample):
    past = {copy.message_key for copy in sample.mail}
    seen = set()
    continued = 0
    for copies in arrivals:
        references = re.findall(r"<([^>]+)>", email.message_from_bytes(copies[0].raw)["References"] or "")
        assert all(one in past or one in seen for one in references)
        continued += any(one in past for one in references)
        seen.add(copies[0].message_key)

    assert continued > 0


def test_live_mail_obeys_the_same_rule_as_the_past(arrivals, sample):
    addresses = {address for investor in sample.investors for address in investor.addresses}
    domains = {domain for investor in sample.investors for domain in investor.domains}
    own = {mate.address for mate in sample.teammates} | {f"ir@{sample.domain}"}

    for copy in itertools.chain.from_iterable(arrivals):
        mail = OwnMail("", copy.raw, copy.labels, copy.internal_date, None)
        assert copy.captured == should_capture(mail, addresses, domains, own), copy.why


def test_attachments_and_answers_keep_coming(arrivals):
    late = [copies[0].raw for copies in arrivals[1500:]]

    assert any(b"application/pdf" in raw for raw in late)
    assert sum(b"\r\nReferences: " in raw for raw in late) > 100
