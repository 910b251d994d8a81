"""Finding old mail by plan: what matches is found, cheaply, once, and nothing else is read."""

from dataclasses import replace
from datetime import timedelta

import pytest

from consumer.worker import attend
from shared.errors import Unanswered
from shared.store import investors, searches
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail, with_file
from tests.consumer.names import ADA, BEN

UNFINISHED = b"""
    SELECT (SELECT count(*) FROM mailroom.email_searches WHERE finished_at IS NULL AND purpose <> 'newest')
         + (SELECT count(*) FROM mailroom.account_messages WHERE state = 'waiting')
"""
STORED = b"SELECT count(*) FROM crm.emails"


def noise(world, number, address=ADA):
    return [
        world.google.deliver(address, mail(sender=f"n{one}@letter.example"), notify=False)["id"]
        for one in range(number)
    ]


def conversation(world, length, address=ADA, **more):
    """Deliver a thread of *length* messages with an investor; return their Gmail ids."""
    first = world.google.deliver(address, mail(**more), notify=False)
    rest = [
        world.google.deliver(address, mail(**more), notify=False, threadId=first["threadId"])["id"]
        for _ in range(length - 1)
    ]
    return [first["id"], *rest]


def settled(world, address=ADA):
    states = world.states(address)
    assert "waiting" not in states.values()
    return {gmail_id for gmail_id, state in states.items() if state == "stored"}


def test_a_search_finds_the_investors_mail_and_reads_nobody_elses(world):
    noise(world, 60)
    ours = conversation(world, 2)
    world.enrol(ADA)

    world.work()

    assert settled(world) == set(ours) == world.google.bodies(ADA)


def test_a_long_conversation_is_read_whole_for_forty_units(world):
    noise(world, 40)
    ours = conversation(world, 6)
    world.enrol(ADA)
    world.work()

    assert settled(world) == set(ours)
    calls = world.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]
    # What is left are the headers read for proof.
    assert (calls["threads.get"], calls["messages.get"]) == (1, 40)


def test_attachments_in_a_long_conversation_arrive_too(world):
    noise(world, 30)
    first = world.google.deliver(ADA, mail(), notify=False)
    for _ in range(4):
        world.google.deliver(ADA, mail(), notify=False, threadId=first["threadId"])
    world.google.deliver(ADA, with_file("terms.pdf", "%PDF-1.4"), notify=False, threadId=first["threadId"])
    world.enrol(ADA)

    world.work()

    assert world.rows(STORED) == [(6,)]
    assert world.rows(b"SELECT filename FROM crm.attachments") == [("terms.pdf",)]


def test_with_many_investors_what_carries_files_is_listed_at_once_and_strangers_files_stay_unread(world):
    with world.db.transaction() as conn:
        many = [InvestorRow(f"{n}", "", "address", f"someone{n}@fund{n}.example") for n in range(100)]
        investors.upsert(conn, many)
    noise(world, 30)
    world.google.deliver(ADA, with_file("menu.pdf", "%PDF-1.4", sender="cook@canteen.example"), notify=False)
    first = world.google.deliver(ADA, mail(), notify=False)
    for _ in range(3):
        world.google.deliver(ADA, mail(), notify=False, threadId=first["threadId"])
    world.google.deliver(ADA, with_file("terms.pdf", "%PDF-1.4"), notify=False, threadId=first["threadId"])
    world.enrol(ADA)

    world.work()

    assert world.rows(b"SELECT terms FROM mailroom.email_searches WHERE purpose = 'files'") == [([],)]
    assert world.rows(STORED) == [(5,)]
    assert world.rows(b"SELECT filename FROM crm.attachments") == [("terms.pdf",)]
    assert len(world.google.bodies(ADA)) == 5


def test_colleagues_in_an_investors_thread_stay_out_of_the_crm(world):
    noise(world, 30)
    ours = conversation(world, 4)
    thread = world.google.control(f"mailboxes/{ADA}/messages/{ours[0]}", method="GET")["threadId"]
    inside = world.google.deliver(ADA, mail(sender=f"Ben <{BEN}>", to=ADA), notify=False, threadId=thread)[
        "id"
    ]
    world.enrol(ADA)

    world.work()

    assert settled(world) == set(ours)
    assert world.states(ADA)[inside] == "unmatched"


def test_what_no_search_named_is_proved_by_its_headers_and_never_paid_for_again(world):
    hidden = world.google.deliver(
        ADA, mail(sender="Ivy <i.v+x@lp.example>", to="ivy+deals@lp.example"), notify=False
    )["id"]
    noise(world, 40)
    world.enrol(ADA)
    world.work()

    assert settled(world) == {hidden}
    assert world.rows(b"SELECT count(*) FROM mailroom.account_messages WHERE judged_by = 'search'") == [(0,)]

    world.google.control("counters/reset")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()
    assert set(world.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]) == {"history.list"}


def test_a_new_investors_past_is_searched_in_every_mailbox_and_nothing_else_is_read(world):
    for address in (ADA, BEN):
        noise(world, 30, address)
        conversation(world, 1, address, sender="new@angel.example", to=address)
        world.enrol(address)
    world.work()
    assert world.rows(STORED) == [(0,)]
    world.google.control("counters/reset")

    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Angel", "", "address", "new@angel.example")])
        assert searches.ask(conn, ["new@angel.example"]) == 2
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    done = world.work()

    assert world.rows(STORED) == [(2,)]
    # Each: a look 2, the profile 1, two searches 10, the message 20.
    assert done.units == 2 * 33


def test_a_backfill_stopped_after_any_step_goes_on_without_paying_twice(world):
    noise(world, 40)
    ours = conversation(world, 5) + conversation(world, 1)
    world.enrol(ADA)
    units, steps = 0, 0
    while world.rows(UNFINISHED) != [(0,)]:
        steps += 1
        lease = world.lease()
        turns = iter([False, False])
        units += attend(replace(world.deps, stopping=lambda turns=turns: next(turns, True)), lease).units

    assert settled(world) == set(ours)
    assert 5 < steps < 100
    # Each of the runs looks first (2 units); the rest is what one run would have paid.
    assert units - 2 * steps == 1 + 2 * 5 + 5 + 40 + 20 + 40 * 20


@pytest.mark.parametrize("refused_above", [60, 400])
def test_a_query_gmail_refuses_is_asked_in_halves(world, refused_above):
    with world.db.transaction() as conn:
        rows = [InvestorRow(f"P{n}", "", "address", f"person{n}@fund{n}.example") for n in range(10)]
        investors.upsert(conn, rows)
    noise(world, 60)
    ours = conversation(world, 1, sender="person7@fund7.example")
    world.enrol(ADA)
    world.google.control("settings", {"longest_query": refused_above})

    world.work()

    assert settled(world) >= set(ours)


def test_a_message_that_never_answers_does_not_keep_the_others_from_being_proved(world):
    stuck, *_ = noise(world, 40)
    world.enrol(ADA)
    real = world.deps.gmail.account

    class Stuck:
        counting = world.deps.gmail.counting

        def account(self, address, **named):
            gmail = real(address, **named)
            ask = gmail.metadata

            def metadata(ids):
                answers = ask([one for one in ids if one != stuck])
                silent = Unanswered("Gmail did not answer", after=timedelta(seconds=2))
                return answers | ({stuck: silent} if stuck in ids else {})

            gmail.metadata = metadata
            return gmail

    world.deps = replace(world.deps, gmail=Stuck())
    world.work()
    for _ in range(world.deps.settings.retry_max):
        world.rows(b"UPDATE mailroom.account_messages SET not_before = now() RETURNING 1")
        world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
        world.work()

    assert world.states(ADA)[stuck] == "dead"
    assert world.rows(UNFINISHED) == [(0,)]


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?Ivy_=5Bivy=40home=2Eexample=5D?=",
        "=?utf-8?q?ivy=40lp=2Eexample_=28Sales?=",
        "=?utf-8?q?Ivy_=22the_boss?=",
        "=?utf-8?q?info=40lp=2Eexample_via_Box?=",
    ],
)
def test_an_old_conversation_is_kept_whatever_its_investor_puts_into_a_name(world, name):
    noise(world, 30)
    ours = conversation(world, 4, sender=f"{name} <ivy@lp.example>")
    world.enrol(ADA)

    world.work()

    assert settled(world) == set(ours)
    assert world.rows(b"SELECT DISTINCT author_address FROM crm.emails") == [("ivy@lp.example",)]
