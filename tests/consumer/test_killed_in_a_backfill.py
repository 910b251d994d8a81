"""A consumer is killed in the middle of a backfill: the next one pays again for the step under way, and no more."""

from collections import Counter
from dataclasses import dataclass, field, replace
from threading import current_thread

import pytest

from consumer.run import STEP
from consumer.worker import attend
from tests.consumer.mails import mail, with_file
from tests.consumer.names import ADA
from tests.simulation.sea import Died, Hooked

TAKEN_OVER = b"""
    UPDATE mailroom.email_deltas
       SET due_at = now(), lease_until = CASE WHEN lease_owner IS NOT NULL THEN now() - interval '1 second' END
    RETURNING 1
"""
CONVERSATION = 6


@dataclass
class Recording:
    """Gmail, and which pages of which listing it was asked for."""

    real: object
    pages: Counter = field(default_factory=Counter)

    @property
    def counting(self):
        return self.real.counting

    def account(self, address, **named):
        gmail = self.real.account(address, **named)
        ask = gmail.list_ids

        def list_ids(*, page_token=None, q=None, **how):
            self.pages[q, page_token] += 1
            return ask(page_token=page_token, q=q, **how)

        gmail.list_ids = list_ids
        return gmail


@pytest.fixture
def ada(world, database_url):
    """A mailbox of 118 messages, 58 of them an investor's; pages of 25 ids."""
    for number in range(60):
        world.google.deliver(ADA, mail(sender=f"n{number}@letter.example"), notify=False)
    for _ in range(3):
        first = world.google.deliver(ADA, mail(), notify=False)["threadId"]
        for _ in range(CONVERSATION - 1):
            world.google.deliver(ADA, mail(), notify=False, threadId=first)
    for number in range(40):
        raw = with_file("deck.pdf", "%PDF-1.4") if number % 4 == 0 else mail()
        world.google.deliver(ADA, raw, notify=False)
    world.enrol(ADA)
    world.google.control("counters/reset")
    settings = world.deps.settings.model_copy(update={"page_size": 25})
    with Hooked(database_url) as hooked:
        world.deps = replace(world.deps, db=hooked, gmail=Recording(world.deps.gmail), settings=settings)
        yield world


def killed(world, *, at, moment):
    """Work, and die at a transaction; return False when there was no such transaction any more."""
    left, me = [at], current_thread()

    def hook(now):
        if now == moment and current_thread() is me:
            left[0] -= 1
            if not left[0]:
                raise Died

    world.rows(TAKEN_OVER)
    lease = world.lease()
    world.deps.db.hook = hook
    try:
        attend(world.deps, lease)
    except Died:
        return True
    finally:
        world.deps.db.hook = None
    return False


def finished(world):
    world.rows(TAKEN_OVER)
    world.work()
    assert world.rows(b"SELECT count(*) FROM crm.emails") == [(58,)]
    assert "waiting" not in world.states(ADA).values()
    assert world.rows(b"SELECT unproved FROM crm.mailboxes") == [(0,)]


def paid_again(world):
    """How many pages, whole messages and headers were paid for more than once."""
    shapes = world.google.control("counters", method="GET")["mailboxes"][ADA]["bodies"]
    whole = Counter(shapes.get("raw", ())) + Counter(shapes.get("full", ()))
    # A file in a long conversation would be read by itself; here no message is read in two shapes.
    counted = (world.deps.gmail.pages, whole, Counter(shapes.get("metadata", ())))
    return tuple(sum(number - 1 for number in one.values()) for one in counted)


def test_without_a_kill_nothing_is_paid_for_twice(ada):
    finished(ada)

    assert paid_again(ada) == (0, 0, 0)
    assert len(ada.deps.gmail.pages) == 3 + 1 + 5


@pytest.mark.parametrize("moment", ["commit", "done"])
@pytest.mark.parametrize("at", range(5, 61, 9))
def test_only_the_step_under_way_is_paid_for_again(ada, at, moment):
    assert killed(ada, at=at, moment=moment)
    finished(ada)

    pages, whole, headers = paid_again(ada)
    assert pages <= 1
    assert whole <= STEP + CONVERSATION
    assert headers <= STEP
    assert sum(bool(one) for one in (pages, whole, headers)) <= 1


def test_killed_again_and_again_it_still_comes_to_its_end(ada):
    kills = 0
    while killed(ada, at=20, moment="commit"):
        kills += 1
        assert kills < 100
    finished(ada)

    pages, whole, headers = paid_again(ada)
    assert kills > 2
    assert pages <= kills
    assert whole + headers <= kills * (STEP + CONVERSATION)
