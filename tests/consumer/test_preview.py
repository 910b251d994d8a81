"""A backfill costs what its preview said: counted by what Gmail charges."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consumer.foresee import foresee
from consumer.plan import LIST
from consumer.preview import Heard, Known, minutes, preview
from consumer.rematch import catch_up
from shared.gmail.quota import PRICES
from shared.store import investors, searches
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail, with_file
from tests.consumer.names import ADA, BEN
from tests.consumer.steps import listed


def noise(world, number, address=ADA):
    for one in range(number):
        world.google.deliver(address, mail(sender=f"n{one}@letter.example"), notify=False)


def conversation(world, *mails):
    thread = None
    for raw in mails:
        more = {"threadId": thread} if thread else {}
        thread = world.google.deliver(ADA, raw, notify=False, **more)["threadId"]


def previewed(world, address=ADA):
    gmail = world.deps.gmail.account(address)
    return foresee(world.db, gmail, world.deps.settings, world.ids[address])


def charged(world, address=ADA):
    """Units of the mailbox by method since the last time; a look's history is no part of a backfill."""
    counted = world.google.control("counters", method="GET")["mailboxes"].get(address, {"units": {}})["units"]
    world.google.control("counters/reset")
    return {method: units for method, units in counted.items() if method != "history.list"}


def everything(world):
    """Work to the end, the second look at the newest page included."""
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()
    world.rows(
        b"UPDATE mailroom.email_searches SET created_at = created_at - interval '40 seconds' RETURNING 1"
    )
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()


def ledger_and_searches(world):
    return (
        world.rows(b"SELECT * FROM mailroom.account_messages ORDER BY 1, 2"),
        world.rows(b"SELECT * FROM mailroom.email_searches ORDER BY id"),
        world.rows(b"SELECT * FROM mailroom.email_deltas ORDER BY 1"),
    )


def test_a_first_capture_costs_exactly_what_its_preview_said(world):
    noise(world, 60)
    conversation(world, *[mail() for _ in range(7)])
    conversation(world, *[mail() for _ in range(3)], with_file("terms.pdf", "%PDF-1.4"))
    conversation(world, mail(), with_file("deck.pdf", "%PDF-1.4"))
    for _ in range(5):
        world.google.deliver(ADA, mail(), notify=False)
    world.enrol(ADA)
    before = ledger_and_searches(world)
    world.google.control("counters/reset")

    seen = previewed(world)

    # Two searches and the rest of the mailbox, one page each, and the profile: nothing was read.
    assert charged(world) == {"messages.list": 15, "getProfile": 1}
    assert ledger_and_searches(world) == before
    everything(world)
    spent = charged(world)
    # A look at the newest page comes after it, and it is in the preview.
    assert seen.finding == spent["messages.list"] + spent["getProfile"]
    assert seen.fetching == spent["threads.get"] + 20 * (1 + 2 + 5)
    assert seen.units == sum(spent.values())
    assert (seen.listed, seen.known, seen.messages, seen.threads) == (78, 0, 18, 2)
    assert seen.at_most == 0
    assert set(world.states(ADA).values()) == {"stored", "unmatched"}


def test_many_pages_and_refused_queries_are_counted_as_they_will_be(world):
    with world.db.transaction() as conn:
        rows = [InvestorRow(f"P{n}", "", "address", f"person{n}@fund{n}.example") for n in range(10)]
        investors.upsert(conn, rows)
    world.deps = replace(world.deps, settings=world.deps.settings.model_copy(update={"page_size": 25}))
    noise(world, 90)
    for number in range(30):
        world.google.deliver(ADA, mail(sender=f"person{number % 10}@fund{number % 10}.example"), notify=False)
    world.enrol(ADA)
    world.google.control("settings", {"longest_query": 600})
    world.google.control("counters/reset")

    seen = previewed(world)
    charged(world)
    everything(world)

    assert seen.units == sum(charged(world).values())
    assert seen.messages == 30


def test_what_is_stored_or_judged_already_is_not_paid_for_again(world):
    noise(world, 60)
    conversation(world, *[mail() for _ in range(5)])
    world.enrol(ADA)
    everything(world)
    for _ in range(30):  # imported behind our back: nothing tells of it
        world.google.deliver(ADA, mail(), notify=False)
    cursor = world.deps.gmail.account(ADA).profile().history_id
    world.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", cursor)
    with world.db.transaction() as conn:
        assert searches.order(conn, world.ids[ADA]) == "begun"
    charged(world)

    seen = previewed(world)
    charged(world)
    everything(world)

    assert seen.units == sum(charged(world).values())
    assert (seen.listed, seen.known, seen.messages, seen.prove) == (95, 65, 30, 0)
    assert seen.fetching == 30 * 20


def test_little_that_is_unknown_is_read_by_its_headers_and_the_preview_says_how_much_may_follow(world):
    noise(world, 10)
    conversation(world, mail(), mail())
    world.enrol(ADA)
    world.google.control("counters/reset")

    seen = previewed(world)
    charged(world)
    everything(world)

    assert (seen.headers, seen.weighing, seen.at_most) == (12, 240, 240)
    assert seen.units <= sum(charged(world).values()) <= seen.units + seen.at_most


def test_what_a_conversation_brings_along_is_bounded(world):
    noise(world, 30)
    inside = [mail(sender=f"Ben <{BEN}>", to=ADA) for _ in range(2)]
    attached = with_file("cap-table.xlsx", "PK").replace("ivy@lp.example", BEN)
    conversation(world, *[mail() for _ in range(4)], *inside, attached)
    world.enrol(ADA)
    world.google.control("counters/reset")

    seen = previewed(world)
    charged(world)
    everything(world)

    spent = sum(charged(world).values())
    assert seen.at_most == 3 * 20
    assert spent == seen.units + 20


def test_a_conversation_is_read_once_whatever_it_brings_along(world):
    noise(world, 30)
    attached = [with_file("cap-table.xlsx", "PK").replace("ivy@lp.example", BEN) for _ in range(3)]
    conversation(world, *[mail() for _ in range(4)], *attached)
    world.enrol(ADA)
    world.google.control("counters/reset")

    seen = previewed(world)
    charged(world)
    everything(world)

    spent = charged(world)
    assert spent["threads.get"] == 40
    assert sum(spent.values()) == seen.units + seen.at_most == seen.units + 3 * 20


def test_when_all_was_listed_and_only_left_nothing_is_planned_anew(world):
    for _ in range(20):
        world.google.deliver(ADA, mail(), notify=False)
    catch_up(world.db, world.deps.matching)
    world.enrol(ADA)
    listed(world, ADA)
    with world.db.transaction() as conn:
        assert searches.cancel(conn, world.ids[ADA]).held == 20
    everything(world)  # the look at the newest page
    charged(world)

    seen = previewed(world)
    assert charged(world) == {}
    with world.db.transaction() as conn:
        assert searches.order(conn, world.ids[ADA]) == "resumed"
    everything(world)

    spent = sum(charged(world).values())
    assert (seen.finding, seen.weighing) == (0, 20 * 20)
    assert spent == seen.units + seen.at_most


def test_a_new_investors_search_is_previewed_like_any_other(world):
    noise(world, 40)
    for _ in range(3):
        world.google.deliver(ADA, mail(sender="new@angel.example"), notify=False)
    world.enrol(ADA)
    everything(world)
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Angel", "", "address", "new@angel.example")])
        searches.ask(conn, ["new@angel.example"])
    charged(world)

    seen = previewed(world)
    charged(world)
    everything(world)

    assert seen.units == sum(charged(world).values()) == 1 + 10 + 60


def test_a_mailbox_of_which_everything_is_known_costs_its_listing(world):
    noise(world, 30)
    world.enrol(ADA)
    everything(world)

    seen = previewed(world)

    assert (seen.units, seen.listed, seen.known) == (1 + 2 * PRICES[LIST], 30, 30)


@pytest.mark.parametrize(("rate", "takes"), [(100, 10.75), (0, 0.0)])
def test_minutes_leave_room_for_new_mail(rate, takes):
    assert minutes(60_000, rate=rate) == pytest.approx(takes, abs=0.01)


STATES = st.sampled_from(["waiting", "stored", "unmatched", "excluded", "gone", "dead"])
IDS = st.dictionaries(st.integers(0, 60).map("m{}".format), st.sampled_from(["t1", "t2", "t3"]), max_size=40)
ROWS = st.dictionaries(
    st.integers(0, 60).map("m{}".format),
    st.builds(
        Known, STATES, st.sampled_from(["t1", "t2", "t3"]), st.booleans(), st.booleans(), st.booleans(), st.booleans(),
        st.booleans(),
    ),
    max_size=40,
)  # fmt: skip


@given(IDS, IDS, IDS, ROWS)
def test_nothing_settled_is_ever_counted_again(named, files, rest, ledger):
    heard = [Heard("name", named, 1), Heard("files", files, 1), Heard("rest", rest, 1), Heard("proof", {})]

    seen = preview(heard, ledger, planned=0, prices=PRICES)

    settled = {id_ for id_, row in ledger.items() if row.state not in {"waiting", "unmatched"}}
    judged = {id_ for id_, row in ledger.items() if row.state == "unmatched" and not row.by_search}
    assert seen.messages + seen.prove + seen.headers <= len((named | rest | ledger).keys() - settled - judged)
    assert seen.fetching <= 20 * seen.messages
    assert seen.messages >= len(named.keys() - ledger.keys())
    assert seen.listed == len(rest)


@pytest.mark.parametrize("number", [10, 60])
def test_what_was_listed_before_there_was_any_investor_is_named_and_proved_at_its_price(world, number):
    world.rows(b"DELETE FROM mailroom.investors RETURNING 1")
    noise(world, number)
    conversation(world, *[mail() for _ in range(4)], mail(sender=f"Ben <{BEN}>", to=ADA))
    world.enrol(ADA)
    everything(world)
    assert world.rows(b"SELECT unproved FROM crm.mailboxes") == [(number + 5,)]
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])
        assert searches.order(conn, world.ids[ADA]) == "begun"
    charged(world)

    seen = previewed(world)
    charged(world)
    everything(world)

    spent = sum(charged(world).values())
    assert world.rows(b"SELECT unproved, stored FROM crm.mailboxes") == [(0, 4)]
    # Few are read by their headers, and what these say is fetched on top; many are searched for.
    assert spent - seen.units == (40 if number == 10 else 0)
