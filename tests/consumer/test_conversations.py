"""What hangs together is one conversation, whatever comes first and however many mailboxes it comes through."""

import random
import subprocess
import sys
import time
from itertools import combinations

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from consumer import rematch
from consumer.match import canonical
from consumer.matching import Matching
from consumer.rematch import catch_up
from consumer.rethread import rethread
from consumer.thread import Known, conversations, together
from shared.store import accounts, disappearance, investors, matching
from shared.store.investors import InvestorRow
from tests.consumer import conversing
from tests.consumer.conversing import IVY, IVY_TOO, KNOWN, OAK, OWN, Letter, keep, leases, partition, prepare

MAL = "mal@rival.example"
TAGGED, IVES, DOTTED = "ivy+news@lp.example", "iv.y+x@gmail.com", "ivy@googlemail.com"
US = "a1@fund.test"
people = st.lists(
    st.sampled_from([IVY, IVY_TOO, TAGGED, OAK, MAL, IVES, DOTTED, US, "a1+x@fund.test"]),
    min_size=1,
    max_size=3,
    unique=True,
).map(tuple)
letters = st.integers(2, 8).flatmap(
    lambda size: st.tuples(
        *(
            st.builds(
                Letter,
                st.just(number),
                people,
                st.lists(st.integers(0, size), max_size=3, unique=True).map(tuple),
                st.sampled_from(["", "", "g1", "g2"]),
            )
            for number in range(size)
        )
    )
)


def investors_of(letter, rows):
    names = [row.name for row in KNOWN]
    values = {row.value: names.index(row.name) for row in rows}
    return frozenset(values[one] for one in map(canonical, letter.people) if one in values)


def known(letter, rows):
    whole = frozenset(map(canonical, letter.people))
    return Known(
        letter.number, letter.number, f"{letter.number}@x", tuple(f"{n}@x" for n in letter.cites),
        canonical(letter.people[0]), whole, OWN.outsiders(letter.people), investors_of(letter, rows),
        frozenset({(1, letter.gmail_thread or f"t{letter.number}")}),
    )  # fmt: skip


def by_rule(some, rows=KNOWN):
    groups = conversations([known(one, rows) for one in some])
    return {frozenset(one.email_id for one in group) for group in groups}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=letters, chance=st.randoms(use_true_random=False))
@example(
    some=(Letter(0, (IVY,)), Letter(1, (IVY,), (2,)), Letter(2, (IVY, US), (0,))),
    chance=random.Random(1),  # noqa: S311 - an order of arrival
)
def test_in_any_order_of_arrival_the_conversations_are_those_of_the_rule(db, some, chance):
    prepare(db)
    lease = leases(db)[1]
    order = list(some)
    chance.shuffle(order)
    cut = chance.randint(0, len(order))

    for letter in order[:cut]:
        keep(db, lease, [letter])
    keep(db, lease, order[cut:])

    assert partition(db) == by_rule(some)


rules = st.lists(st.sampled_from(KNOWN), unique=True)


def follow(db, rows):
    """Make *rows* the rules, as an admin and then a running consumer do."""
    with db.transaction() as conn:
        investors.upsert(conn, [row for row in KNOWN if row not in rows])  # the numbers stay theirs
        investors.upsert(conn, rows)
        conn.execute(
            b"DELETE FROM mailroom.investor_addresses WHERE value <> ALL (%s)", [[row.value for row in rows]]
        )
    catch_up(db, Matching(db, OWN.domains))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=letters, before=rules, after=rules, cut=st.integers(0, 8))
@example(  # each way: the second address is made known, and taken back
    some=(Letter(0, (IVY, US), (), "g1"), Letter(1, (IVY_TOO, US), (0,), "g1")), before=[KNOWN[0]], after=KNOWN, cut=2
)  # fmt: skip
@example(
    some=(Letter(0, (IVY, US), (), "g1"), Letter(1, (IVY_TOO, US), (0,), "g1")), before=KNOWN, after=[KNOWN[0]], cut=2
)  # fmt: skip
def test_it_makes_no_difference_when_an_address_becomes_an_investors(db, some, before, after, cut):
    prepare(db)
    lease = leases(db)[1]

    follow(db, before)
    keep(db, lease, some[:cut])
    follow(db, after)
    keep(db, lease, some[cut:])

    assert partition(db) == by_rule(some, after)
    assert keys_are_right(db)
    assert rethread(db, OWN.domains, dry_run=True, seen=print) == 0


class Killed(Exception):
    pass


@pytest.mark.parametrize("after", [1, 2, 3])
def test_many_messages_are_rematched_in_steps_that_let_others_store_and_may_end_anywhere(db, mocker, after):
    mocker.patch.object(rematch, "MAILS_TOGETHER", 2)
    prepare(db, known=KNOWN[:1])
    lease = leases(db)[1]
    pairs = [
        (Letter(2 * n, (IVY, US), (), f"g{n}"), Letter(2 * n + 1, (IVY_TOO, US), (2 * n,), f"g{n}"))
        for n in range(4)
    ]
    keep(db, lease, [one for pair in pairs[:3] for one in pair])
    with db.transaction() as conn:
        investors.upsert(conn, KNOWN)
    steps, real = [], rematch._rematch

    def counted(conn, rules, ids, **more):
        steps.append(ids)
        if len(steps) == after:
            raise Killed
        real(conn, rules, ids, **more)

    mocker.patch.object(rematch, "_rematch", counted)
    with pytest.raises(Killed):
        catch_up(db, Matching(db, OWN.domains))
    mocker.patch.object(rematch, "_rematch", real)
    keep(db, lease, pairs[3])  # by the new rules, before the old mail agrees with them
    catch_up(db, Matching(db, OWN.domains))

    assert [len(ids) for ids in steps] == [2] * after
    assert partition(db) == {frozenset({2 * n, 2 * n + 1}) for n in range(4)}
    with db.transaction() as conn:
        assert matching.claim(conn) is None
        assert conn.execute(b"SELECT target, position FROM mailroom.match_progress").fetchone() == (None, 0)


def test_an_investor_who_answers_from_home_stays_in_the_conversation(db):
    prepare(db)
    lease = leases(db)[1]

    keep(db, lease, [Letter(0, (IVY, US), (), "g"), Letter(1, (US, IVY), (0,), "g")])
    keep(db, lease, [Letter(2, (IVY_TOO, US), (0, 1), "g"), Letter(3, (MAL, US), (0, 1), "g")])

    assert partition(db) == {frozenset({0, 1, 2}), frozenset({3})}


def test_what_two_investors_claim_holds_nobodys_conversations_together(db):
    desk = "desk@adviser.example"
    prepare(
        db, known=[*KNOWN, InvestorRow("Ivy", "", "address", desk), InvestorRow("Oak", "", "address", desk)]
    )
    lease = leases(db)[1]

    keep(
        db,
        lease,
        [Letter(0, (US, desk), (), "g"), Letter(1, (US, IVY), (0,), "g"), Letter(2, (US, OAK), (0,), "g")],
    )

    assert partition(db) == {frozenset({0}), frozenset({1}), frozenset({2})}
    assert rethread(db, OWN.domains, dry_run=True, seen=print) == 0


@given(some=letters)
def test_conversations_are_what_hangs_together_pair_by_pair(some):
    mails = [known(one, KNOWN) for one in some]
    groups = [{one.email_id} for one in mails]
    for one, other in combinations(mails, 2):
        if together(one, other):
            hers, his = (next(group for group in groups if mail.email_id in group) for mail in (one, other))
            if hers is not his:
                groups.remove(his)
                hers |= his

    assert [{one.email_id for one in group} for group in conversations(mails)] == sorted(groups, key=min)


def test_thousands_that_name_one_beginning_are_divided_in_time_that_grows_with_them():
    def spent(number):
        one = frozenset({IVY})
        mails = [
            Known(n, n, f"{n}@x", ("b@x",), IVY, one, one, frozenset({1}), frozenset({(1, "g")}))
            for n in range(number)
        ]
        began = time.process_time()
        assert len(conversations(mails)) == 1
        return time.process_time() - began

    assert min(spent(20_000) for _ in range(3)) < 40 * min(
        spent(2_000) for _ in range(3)
    )  # pairs: a hundred times


def test_an_investor_who_is_forgotten_leaves_what_only_they_held_together(db):
    prepare(db)
    lease = leases(db)[1]
    keep(db, lease, [Letter(0, (IVY, US), (), "g"), Letter(1, (IVY_TOO, US), (0,), "g")])

    with db.transaction() as conn:
        conn.execute(b"DELETE FROM mailroom.investors WHERE name = 'Ivy'")
    catch_up(db, Matching(db, OWN.domains))

    assert partition(db) == {frozenset({0}), frozenset({1})}


def test_a_thread_of_gmails_whose_mail_was_erased_is_no_longer_an_investors(db):
    prepare(db)
    lease = leases(db)[1]
    keep(db, lease, [Letter(0, (IVY, US), (), "g0"), Letter(1, (IVY, US), (0,), "g1")])

    with db.transaction() as conn:
        disappearance.erase(
            conn, [email for (email,) in conn.execute(b"SELECT id FROM mailroom.emails WHERE subject = 's1'")]
        )

    assert keys_are_right(db)
    assert {key for _, key, _ in whole(db)[2]} == {"g0"}


def test_an_address_that_is_verified_to_be_ours_ceases_to_be_an_investors(db):
    prepare(db)
    lease = leases(db)[1]
    with db.transaction() as conn:
        accounts.learn_aliases(conn, 1, {"other@fund.example"})
    rules = Matching(db, OWN.domains)
    catch_up(db, rules)
    keep(db, lease, [Letter(0, (IVY, US))])

    with db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.account_aliases SET address = %s", [IVY])
    with db.transaction() as conn:
        accounts.set_aliases(conn, 1, [IVY])
    catch_up(db, rules)

    assert rules.own.owns(IVY)
    with db.transaction() as conn:
        assert conn.execute(b"SELECT count(*) FROM mailroom.email_matches").fetchone() == (0,)


def test_who_turns_out_to_be_a_colleague_holds_nothing_together(db):
    prepare(db)
    lease = leases(db)[1]
    keep(db, lease, [Letter(0, (IVY, MAL), (), "g"), Letter(1, (OAK, MAL), (0,), "g")])
    assert partition(db) == {frozenset({0, 1})}

    with db.transaction() as conn:
        accounts.learn_aliases(conn, 1, {MAL})
    catch_up(db, Matching(db, OWN.domains))

    assert partition(db) == {frozenset({0}), frozenset({1})}
    assert rethread(db, OWN.domains, dry_run=True, seen=print) == 0


def test_a_late_parent_brings_its_children_together(db):
    prepare(db)
    lease = leases(db)[1]
    replies = [Letter(1, (IVY, US), (0,)), Letter(2, (OAK, US), (0,))]

    keep(db, lease, replies)
    assert partition(db) == {frozenset({1}), frozenset({2})}
    keep(db, lease, [Letter(0, (IVY, OAK, US))])

    assert partition(db) == {frozenset({0, 1, 2})}


@pytest.mark.parametrize(("asks", "answered"), [(TAGGED, IVY), (IVY, TAGGED), (IVES, DOTTED)])
def test_who_writes_under_a_plus_tag_stays_in_one_conversation(db, asks, answered):
    prepare(db)
    lease = leases(db)[1]
    letters = [
        Letter(0, (asks, US), gmail_thread="g"),
        Letter(1, (US, answered), (0,), "g"),
        Letter(2, (asks, US), (7, 1), "h"),
    ]

    for one in letters:
        keep(db, lease, [one])

    assert partition(db) == {frozenset({0, 1, 2})}
    assert rethread(db, OWN.domains, dry_run=True, seen=print) == 0


def test_a_colleague_with_a_plus_tag_is_no_outsider(db):
    prepare(db)
    lease = leases(db)[1]

    for number, who in enumerate([(IVY, "a1+x@fund.test"), ("a1+x@fund.test", OAK)]):
        keep(db, lease, [Letter(number, who, gmail_thread="g")])

    assert partition(db) == {frozenset({0}), frozenset({1})}


def test_a_stranger_who_copies_in_both_sides_brings_no_two_conversations_together(db):
    prepare(db)
    lease = leases(db)[1]
    keep(db, lease, [Letter(0, (IVY, US)), Letter(1, (OAK, US))])

    keep(db, lease, [Letter(2, (MAL, US, IVY, OAK), cites=(0, 1))])

    assert partition(db) == {frozenset({0, 2}), frozenset({1})}  # where it says it began, and no more


def test_a_stranger_cannot_pose_as_the_message_two_conversations_grew_from(db):
    prepare(db)
    lease = leases(db)[1]
    keep(db, lease, [Letter(1, (IVY, US), cites=(7, 9)), Letter(2, (OAK, US), cites=(8, 9))])

    keep(db, lease, [Letter(9, (MAL, IVY, OAK))])

    assert partition(db) == {frozenset({1}), frozenset({2}), frozenset({9})}


def test_one_thread_of_gmails_with_strangers_in_it_is_several_conversations(db):
    prepare(db)
    lease = leases(db)[1]

    for number, who in enumerate([(IVY, US), (MAL, US), (US, IVY), (MAL, US)]):
        keep(db, lease, [Letter(number, who, gmail_thread="g1")])

    assert partition(db) == {frozenset({0, 2}), frozenset({1, 3})}


def test_a_second_copy_that_cites_more_than_the_first_changes_nothing(db):
    prepare(db, accounts=2)
    held = leases(db, accounts=2)
    keep(db, held[1], [Letter(0, (IVY, US)), Letter(1, (IVY, OAK, US)), Letter(2, (IVY, US), cites=(0,))])

    keep(db, held[2], [Letter(2, (IVY, US), cites=(0, 1))])

    assert partition(db) == {frozenset({0, 2}), frozenset({1})}


def conversation(chance: random.Random, size):
    """A long talk among the same people, each message citing some earlier ones, some parents never held."""
    return [
        Letter(number, (chance.choice([IVY, OAK]), IVY, OAK, US), tuple(sorted(chance.sample(range(number), k=min(number, 2)))))
        for number in range(size)
    ]  # fmt: skip


@pytest.mark.parametrize("turn", range(3))
def test_through_three_mailboxes_at_once_it_is_one_conversation(db, database_url, tmp_path, turn):
    chance = random.Random(turn)  # noqa: S311 - an order of arrival
    talk = conversation(chance, 24)
    prepare(db, accounts=3)
    leases(db, accounts=3)
    running = []
    for account in (1, 2, 3):
        order = [msgspec.structs.replace(one, gmail_thread=f"g{one.number % 5}") for one in talk]
        chance.shuffle(order)
        file = tmp_path / f"{account}.json"
        file.write_bytes(msgspec.json.encode(order))
        command = [sys.executable, "-m", conversing.__name__, database_url, str(file), str(account)]
        running.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))

    for one in running:
        one.stdin.write("\n")
        one.stdin.flush()
    said = [one.communicate(timeout=60)[0] for one in running]

    assert [one.returncode for one in running] == [0, 0, 0], said
    assert partition(db) == {frozenset(range(24))}
    with db.transaction() as conn:
        assert conn.execute(b"SELECT count(*) FROM mailroom.email_threads").fetchone() == (1,)
        assert conn.execute(b"SELECT count(*) FROM crm.threads").fetchone() == (1,)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(some=letters, chance=st.randoms(use_true_random=False))
def test_rethreading_changes_nothing_that_is_right_and_repairs_what_is_not(db, some, chance):
    prepare(db)
    keep(db, leases(db)[1], list(some))
    before = whole(db)

    assert rethread(db, OWN.domains, dry_run=False, seen=print) == 0
    assert whole(db) == before

    with db.transaction() as conn:
        ids = [one for (one,) in conn.execute(b"SELECT id FROM mailroom.email_threads ORDER BY id")]
        for (email,) in conn.execute(b"SELECT id FROM mailroom.emails ORDER BY id").fetchall():
            conn.execute(
                b"UPDATE mailroom.emails SET thread_id = %s WHERE id = %s", [chance.choice(ids), email]
            )
    damaged = partition(db)
    moved = rethread(db, OWN.domains, dry_run=True, seen=print)
    assert partition(db) == damaged
    assert rethread(db, OWN.domains, dry_run=False, seen=print) == moved
    assert partition(db) == by_rule(some)
    assert keys_are_right(db)
    assert rethread(db, OWN.domains, dry_run=False, seen=print) == 0


def whole(db):
    with db.transaction() as conn:
        return (
            conn.execute(b"SELECT id, thread_id FROM mailroom.emails ORDER BY id").fetchall(),
            conn.execute(b"SELECT * FROM mailroom.email_threads ORDER BY id").fetchall(),
            conn.execute(b"SELECT * FROM mailroom.email_thread_keys ORDER BY 1, 2, 3").fetchall(),
        )


def keys_are_right(db):
    with db.transaction() as conn:
        kept = conn.execute(
            b"SELECT account_id, gmail_thread_id, thread_id FROM mailroom.email_thread_keys"
        ).fetchall()
        right = conn.execute(
            b"SELECT DISTINCT m.account_id, m.gmail_thread_id, e.thread_id"
            b" FROM mailroom.emails e JOIN mailroom.account_messages m ON m.email_id = e.id"
        ).fetchall()
        empty = conn.execute(
            b"SELECT count(*) FROM mailroom.email_threads t"
            b" WHERE NOT EXISTS (SELECT FROM mailroom.emails e WHERE e.thread_id = t.id) "
        ).fetchone()
    return set(kept) == set(right) and empty == (0,)
