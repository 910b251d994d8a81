"""Exclusions and our own other addresses decide the past as well, in whatever order they come."""

from itertools import permutations

import pytest

from shared.store import accounts, exclusions, investors
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN
from tests.consumer.test_rematch import follow

LAWYER, ALIAS, EVE = "lawyer@law.example", "ada@portfolio.example", "eve@angel.example"
SEEN = b"SELECT subject FROM crm.emails ORDER BY 1"


def exclude(world, kind, value):
    with world.db.transaction() as conn:
        return exclusions.add(conn, kind=kind, value=value, note="")


def include(world, exclusion_id):
    with world.db.transaction() as conn:
        assert exclusions.remove(conn, exclusion_id) is not None


def know(world, kind, value, name="Eve"):
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow(name, "", kind, value)])


def alias(world, *addresses):
    with world.db.transaction() as conn:
        accounts.set_aliases(conn, world.ids[ADA], addresses)


@pytest.mark.parametrize(("kind", "value"), [("address", LAWYER), ("domain", "law.example")])
def test_an_exclusion_hides_what_is_stored_and_keeps_out_what_comes(world, kind, value):
    world.enrol(ADA)
    world.arrive(ADA, mail(to=f"{ADA}, Lawyer+x@law.example", subject="past"))
    world.arrive(ADA, mail(subject="other"))

    exclude(world, kind, value)
    follow(world)
    later = world.arrive(ADA, mail(to=f"{ADA}, {LAWYER}", subject="later"))

    assert world.rows(SEEN) == [("other",)]
    assert world.states(ADA)[later] == "unmatched"
    assert later not in world.google.bodies(ADA)
    assert world.rows(b"SELECT kind FROM crm.email_changes ORDER BY id DESC LIMIT 1") == [("unmatched",)]


def test_without_the_exclusion_everything_comes_back_and_nothing_private_is_read(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(to=f"{ADA}, {LAWYER}", subject="past"))
    number = exclude(world, "address", LAWYER)
    follow(world)
    world.arrive(ADA, mail(to=f"{ADA}, {LAWYER}", subject="meanwhile"))
    private = world.arrive(ADA, mail(sender=LAWYER, subject="my divorce"))

    include(world, number)
    follow(world)

    assert world.rows(SEEN) == [("meanwhile",), ("past",)]
    assert private not in world.google.bodies(ADA)


def test_mail_between_ourselves_by_another_address_is_nobodys(world):
    """The domain is an investor's, the address is Ada's seat on its board."""
    world.enrol(ADA)
    know(world, "domain", "portfolio.example")
    world.arrive(ADA, mail(sender=ALIAS, subject="note to self"))
    world.arrive(ADA, mail(sender=f"ceo@{ALIAS.partition('@')[2]}", to=ALIAS, subject="board"))
    assert world.rows(SEEN) == [("board",), ("note to self",)]

    alias(world, ALIAS)
    follow(world)
    assert world.rows(SEEN) == [("board",)]

    alias(world)
    follow(world)
    assert world.rows(SEEN) == [("board",), ("note to self",)]


def test_a_label_leaves_out_its_copies_at_once_and_for_as_long_as_they_carry_it(world):
    world.enrol(ADA)
    past = world.arrive(ADA, mail(subject="past"), "INBOX", "Label_7")
    world.arrive(ADA, mail(subject="other"), "INBOX")

    number = exclude(world, "label", f"{ADA}:Label_7")
    follow(world)
    later = world.arrive(ADA, mail(subject="later"), "INBOX", "Label_7")
    assert world.rows(SEEN) == [("other",)]
    assert world.states(ADA)[later] == "excluded"
    assert later not in world.google.bodies(ADA)

    relabel(world, past, remove=["Label_7"])
    assert world.rows(SEEN) == [("other",), ("past",)]
    relabel(world, past, add=["Label_7"])
    assert world.rows(SEEN) == [("other",)]
    relabel(world, later, remove=["Label_7"])
    assert world.rows(SEEN) == [("later",), ("other",)]
    relabel(world, later, add=["Label_7"])

    include(world, number)
    follow(world)
    assert world.rows(SEEN) == [("later",), ("other",), ("past",)]


def test_a_mailbox_left_out_shows_nothing_that_only_it_holds(world):
    world.enrol(ADA, BEN)
    world.arrive(ADA, mail(subject="hers"))
    both = mail(to=f"{ADA}, {BEN}", subject="both", message_id="both@lp.example")
    world.arrive(ADA, both)
    world.arrive(BEN, both)

    number = exclude(world, "account", ADA)
    follow(world)
    later = world.arrive(ADA, mail(subject="later"))
    assert world.rows(SEEN) == [("both",)]
    assert later not in world.google.bodies(ADA)

    include(world, number)
    follow(world)
    assert world.rows(SEEN) == [("both",), ("hers",), ("later",)]


FORWARDS = "Delivered-To: ada@portfolio.example\r\nDelivered-To: other@portfolio.example\r\n"


def test_an_alias_that_only_forwards_shows_by_what_mail_is_delivered_to(world):
    """Otherwise the founder is a contact in his own CRM."""
    world.enrol(ADA)
    know(world, "domain", "portfolio.example")
    world.arrive(ADA, mail(sender="colleague@fund.test", to=ALIAS, subject="before"))
    assert world.rows(SEEN) == [("before",)]

    world.arrive(ADA, FORWARDS + mail(to=ALIAS, subject="Ivy to the alias"))
    follow(world)
    world.arrive(ADA, mail(sender="colleague@fund.test", to=ALIAS, subject="after"))

    assert world.rows(SEEN) == [("Ivy to the alias",)]
    aliases = world.rows(b"SELECT address, source FROM mailroom.account_aliases")
    assert aliases == [(ALIAS, "delivered_to")]
    alias(world)  # what Gmail's settings say is another matter
    assert world.rows(b"SELECT address, source FROM mailroom.account_aliases") == aliases


@pytest.mark.parametrize("first", ["mail", "investor"])
def test_an_investor_an_admin_named_stays_one_whatever_mail_was_delivered_to(world, first):
    world.enrol(ADA)
    if first == "investor":
        know(world, "address", EVE)
    world.arrive(ADA, f"Delivered-To: {EVE}\r\n" + mail(subject="odd"))
    if first == "mail":
        know(world, "address", EVE)
    follow(world)

    world.arrive(ADA, mail(sender=EVE, subject="hers"))

    assert world.rows(SEEN) == [("hers",), ("odd",)]


def relabel(world, gmail_id, *, add=(), remove=()):
    moved = world.google.control(
        f"mailboxes/{ADA}/messages/{gmail_id}/labels", {"add": list(add), "remove": list(remove)}
    )
    world.push(ADA, int(moved["historyId"]))
    world.work()


STEPS = ("mail", "investor", "exclusion", "alias")


@pytest.mark.parametrize("order", list(permutations(STEPS))[::3], ids="-".join)
def test_the_order_of_mail_investor_exclusion_and_alias_makes_no_difference(world, order):
    world.enrol(ADA)
    does = {
        "mail": lambda: [
            world.arrive(ADA, mail(sender=EVE, subject="hers")),
            world.arrive(ADA, mail(sender=EVE, to=f"{ADA}, {LAWYER}", subject="left out")),
            world.arrive(ADA, mail(sender="ada@angel.example", subject="our own")),
        ],
        "investor": lambda: know(world, "domain", "angel.example"),
        "exclusion": lambda: exclude(world, "address", LAWYER),
        "alias": lambda: alias(world, "ada@angel.example"),
    }

    for step in order:
        does[step]()
        follow(world)

    assert world.rows(SEEN) == [("hers",)]


def test_quotes_that_say_nothing_neither_hide_an_investor_nor_get_round_an_exclusion(world):
    exclude(world, "address", LAWYER)
    world.enrol(ADA)

    world.arrive(ADA, mail(sender='"i\\vy"@lp.example'))
    world.arrive(ADA, mail(to=f'{ADA}, "lawyer"@law.example'))

    assert world.rows(b"SELECT author_address FROM crm.emails") == [("ivy@lp.example",)]
