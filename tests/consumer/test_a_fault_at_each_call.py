"""One fault at each call of one run, of every kind Gmail is known for: every message ends stored, once.

18 kinds at 8 calls each: the profile, history, search, threads and messages of a first backfill and live mail.
"""

import json

import pytest

from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Limits, Transport
from tests.consumer.mails import mail
from tests.contract.liar import lying
from tests.gmail.conftest import Hasty
from tests.gmail.scripted import BAD_TOKEN, refusal

HTML = b"<!DOCTYPE html><title>Error</title>"
UNITS = (
    "Quota exceeded for quota metric 'Total Query Cost' and limit 'Units per minute per user' of service 'g'"
)
LATER = "User-rate limit exceeded.  Retry after 2199-01-01T00:00:00.000Z"
OLD, NEW = 4, 3  # messages: two and two in threads that are read as a whole, the new ones one by one


def refused(status, reason, message):
    return lambda *_: (status, json.dumps(refusal(status, reason, message)).encode())


KINDS = {
    "400 odd": refused(400, "failedPrecondition", "Precondition check failed."),
    "401": lambda *_: (401, json.dumps(BAD_TOKEN).encode()),
    "403 odd": refused(403, "somethingNew", "No."),
    "403 quota of the minute": refused(403, "rateLimitExceeded", UNITS),
    "403 retry after": refused(403, "userRateLimitExceeded", LATER),
    "403 no scope": refused(
        403, "insufficientPermissions", "Request had insufficient authentication scopes."
    ),
    "404 HTML": lambda *_: (404, HTML),
    "429 concurrent": refused(429, "rateLimitExceeded", "Too many concurrent requests for user"),
    "500": refused(500, "backendError", "Backend Error"),
    "502 HTML": lambda *_: (502, HTML),
    "503": refused(503, "backendError", "The service is currently unavailable."),
    "504 HTML": lambda *_: (504, HTML),
    "redirect": lambda *_: (302, b""),
    "200 HTML": lambda *_: (200, HTML),
    "200 empty": lambda *_: (200, b""),
    "cut in two": lambda status, body: (status, body[: len(body) // 2]),
    "cut before its end": lambda status, body: (status, body[:-7]),
    "no answer": lambda *_: None,
}


class Once:
    """Spoils the answer to one call of Gmail's: the one with this number."""

    def __init__(self):
        self.spoil, self.at, self.calls = None, -1, 0

    def __call__(self, path, status, body):
        number, self.calls = self.calls, self.calls + 1
        return self.spoil(status, body) if number == self.at else (status, body)


@pytest.fixture
def once(world, google):
    """The world's Gmail behind the spoiler; a pause that Gmail names is over by the next round."""
    told, transport, clock = Once(), Transport(limits=Limits(connect=2, read=5, whole=10)), Hasty()
    key = google.control("service-accounts", {"email": "f@p.iam.gserviceaccount.com", "projectId": "p"})
    with lying(google.url, told) as url:
        tokens = DelegatedTokens(key, f"{google.url}/token", transport=transport)
        gmail = GmailFactory(
            url, transport=transport, tokens=tokens, budget=Budget(0, clock=clock, sleep=clock.sleep)
        )
        world.deps = type(world.deps)(
            **{name: getattr(world.deps, name) for name in type(world.deps).__slots__} | {"gmail": gmail}
        )
        told.clock = clock
        yield told
    transport.close()


def run(world, once, address, spoil=None, at=-1):
    """One account from its enrolment on, the fault at call *at*; return the ids it should have stored."""
    world.google.control("mailboxes", {"email": address})
    ids = [deliver(world, address)]
    ids += [deliver(world, address, threadId=ids[0]) for _ in range(OLD - 1)]
    world.enrol(address)
    once.spoil, once.at, once.calls = spoil, at, 0
    world.work()
    ids += [deliver(world, address) for _ in range(NEW)]
    world.push(address)
    world.work()
    calls = once.calls
    while stored(world, address) != set(ids) and once.calls < calls + 60:
        later(world, once)
    return set(ids), calls


def deliver(world, address, **more):
    return world.google.deliver(address, mail(to=address), **more)["id"]


def later(world, once):
    """Whatever was postponed or paused is due."""
    once.clock.now += 7200
    world.rows(b"UPDATE mailroom.account_messages SET not_before = now() RETURNING 1")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()


def stored(world, address):
    return {id_ for id_, state in world.states(address).items() if state == "stored"}


@pytest.mark.parametrize("kind", KINDS)
def test_every_message_is_stored_once_wherever_the_fault(world, once, kind):
    ids, calls = run(world, once, "calm@fund.test")
    assert stored(world, "calm@fund.test") == ids
    assert calls >= 8

    for at in range(calls):
        address = f"fault{at}@fund.test"
        ids, _ = run(world, once, address, KINDS[kind], at)

        assert stored(world, address) == ids == set(world.states(address)), f"{kind} at call {at}"
        assert set(world.states(address).values()) == {"stored"}
    [(emails, distinct)] = world.rows(b"SELECT count(*), count(DISTINCT message_id) FROM mailroom.emails")
    assert emails == distinct == (calls + 1) * (OLD + NEW)
