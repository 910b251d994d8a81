"""It makes no difference whether the mail or the investor came first."""

from datetime import timedelta
from itertools import count

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consumer.index import Index
from consumer.match import canonical
from consumer.rematch import catch_up, erase_outlived
from consumer.storing import RulesChanged
from shared.gmail.client import Gmail
from shared.store import investors, matching
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

VISIBLE = b"SELECT DISTINCT subject FROM crm.emails ORDER BY 1"
LINKS = (
    b"SELECT investor, role, matched_address, strategy, ambiguous FROM crm.investor_emails ORDER BY 1, 2, 3"
)
RULES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["address", "domain"]), st.sampled_from(["a", "b", "c"]))
)


def know(world, *rules):
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow(name, "", kind, value) for name, kind, value in rules])


def forget(world, name):
    world.rows(b"DELETE FROM mailroom.investors WHERE name = %s RETURNING 1", name)


def follow(world):
    """What a running consumer does when the rules have changed."""
    catch_up(world.db, world.deps.matching)
    world.work()


def test_mail_that_came_before_its_investor_is_captured_when_the_investor_comes(world):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail(sender="eve@angel.example", subject="first"))
    assert world.states(ADA) == {gmail_id: "unmatched"}

    know(world, ("Eve", "address", "eve@angel.example"))
    follow(world)

    assert world.rows(VISIBLE) == [("first",)]


def test_mail_that_came_a_moment_before_its_investor_is_captured_though_gmails_search_misses_it(
    world, mocker
):
    world.enrol(ADA)
    world.work()
    late = world.arrive(ADA, mail(sender="eve@angel.example", subject="just now"))
    real = Gmail.list_ids

    def lagging(self, **asked):
        page = real(self, **asked)
        kept = tuple(one for one in page.messages if not asked.get("q") or one.id != late)
        return msgspec.structs.replace(page, messages=kept)

    mocker.patch.object(Gmail, "list_ids", lagging)

    know(world, ("Eve", "address", "eve@angel.example"))
    follow(world)

    assert world.rows(VISIBLE) == [("just now",)]


def test_stored_mail_is_linked_to_a_second_investor_without_asking_gmail_for_it(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(to=f"{ADA}, eve@angel.example"))
    world.google.control("counters/reset")

    know(world, ("Eve", "domain", "angel.example"))
    follow(world)

    assert [link[0] for link in world.rows(LINKS)] == ["Eve", "Ivy Investor"]
    assert world.google.bodies(ADA) == set()
    assert world.rows(b"SELECT kind FROM crm.email_changes ORDER BY id") == [("stored",), ("matched",)]


def test_plus_tags_and_dots_of_gmail_are_found_again(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(to=f"{ADA}, e.v.e+deals@googlemail.com"))

    know(world, ("Eve", "address", "eve@gmail.com"))
    follow(world)

    assert [link[0] for link in world.rows(LINKS)] == ["Eve", "Ivy Investor"]


def test_mail_whose_last_investor_goes_is_hidden_at_once_and_erased_in_time(world):
    world.enrol(ADA)
    gmail_id = world.arrive(ADA, mail())
    assert world.rows(VISIBLE) == [("Term sheet",)]

    forget(world, "Ivy Investor")
    assert world.rows(VISIBLE) == []
    follow(world)
    assert erase_outlived(world.db, after=timedelta(days=1)) == 0
    assert world.rows(b"SELECT count(*) FROM mailroom.emails") == [(1,)]

    assert erase_outlived(world.db, after=timedelta(0)) == 1
    assert world.rows(b"SELECT count(*) FROM mailroom.emails") == [(0,)]
    assert world.states(ADA) == {gmail_id: "unmatched"}


def test_an_investor_who_comes_back_before_the_end_gets_the_mail_back(world):
    world.enrol(ADA)
    world.arrive(ADA, mail())
    forget(world, "Ivy Investor")
    follow(world)

    know(world, ("Ivy again", "address", "ivy@lp.example"))
    follow(world)

    assert world.rows(VISIBLE) == [("Term sheet",)]
    assert erase_outlived(world.db, after=timedelta(0)) == 0


def test_the_feed_tells_of_mail_that_is_another_investors_too_when_one_is_deleted(world):
    world.enrol(ADA)
    know(world, ("Eve", "address", "eve@angel.example"))
    world.arrive(ADA, mail(to=f"{ADA}, eve@angel.example"))
    ((before,),) = world.rows(b"SELECT max(id) FROM crm.email_changes")

    forget(world, "Eve")
    follow(world)

    assert [link[0] for link in world.rows(LINKS)] == ["Ivy Investor"]
    assert world.rows(b"SELECT kind FROM crm.email_changes WHERE id > %s", before) == [("matched",)]


def test_what_is_being_matched_again_is_not_erased_by_another_consumer(world):
    world.enrol(ADA)
    world.arrive(ADA, mail())
    forget(world, "Ivy Investor")
    follow(world)

    with world.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.emails SET unmatched_since = NULL")
        assert erase_outlived(world.db, after=timedelta(0)) == 0

    assert erase_outlived(world.db, after=timedelta(0)) == 0
    assert world.rows(b"SELECT count(*) FROM mailroom.emails") == [(1,)]


def test_rules_that_change_while_a_message_is_being_read_count(world, mocker):
    world.enrol(ADA)
    rules = world.deps.matching
    real, asked = rules.match_all, []

    def meddling(people):
        found = real(people)
        asked.append(people)
        if len(asked) == 2:  # the headers were weighed, the whole message was matched, nothing is stored yet
            know(world, ("Eve", "address", "eve@angel.example"))
        return found

    mocker.patch.object(rules, "match_all", meddling)

    world.arrive(ADA, mail(to=f"{ADA}, eve@angel.example"))

    assert len(asked) == 3
    assert [link[0] for link in world.rows(LINKS)] == ["Eve", "Ivy Investor"]
    assert RulesChanged.__doc__


def forget_rule(world, value, generation):
    """What a backup restored under a running consumer does: the rule is gone, and so is every trace of it."""
    world.rows(b"DELETE FROM mailroom.investor_addresses WHERE value = %s RETURNING 1", value)
    world.rows(b"DELETE FROM mailroom.match_changes WHERE id > %s RETURNING 1", generation)


def test_a_backup_restored_under_a_running_consumer_brings_its_rules_back(world):
    world.enrol(ADA)
    with world.db.transaction() as conn:
        before = matching.generation(conn)
    know(world, ("Eve", "address", "eve@angel.example"))
    world.arrive(ADA, mail(sender="eve@angel.example", subject="first"))
    assert world.rows(VISIBLE) == [("first",)]

    forget_rule(world, "eve@angel.example", before)
    world.arrive(ADA, mail(sender="eve@angel.example", subject="nobody's"))
    world.arrive(ADA, mail(subject="after"))

    assert world.rows(b"SELECT subject FROM mailroom.emails ORDER BY 1") == [("after",), ("first",)]


def test_rules_that_never_stand_still_make_mail_wait_and_not_fail(world, mocker):
    world.enrol(ADA)
    rules = world.deps.matching
    real, numbers = rules.match_all, count()

    def meddling(people):
        found = real(people)
        know(world, ("Eve", "address", f"eve{next(numbers)}@angel.example"))
        return found

    mocker.patch.object(rules, "match_all", meddling)
    gmail_id = world.arrive(ADA, mail())
    assert world.states(ADA) == {gmail_id: "waiting"}

    mocker.stopall()
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    world.work()

    assert world.states(ADA) == {gmail_id: "stored"}


def test_a_thread_that_asked_before_another_one_went_on_reads_nothing_anew(world, mocker):
    rules = world.deps.matching
    with world.db.transaction() as conn:
        now = rules.refresh(conn)
    everything = mocker.spy(matching, "rules")
    mocker.patch.object(matching, "generation", side_effect=[now - 1, now])

    with world.db.transaction() as conn:
        assert rules.refresh(conn) == now

    assert everything.call_count == 0


def test_the_order_of_mail_and_investor_makes_no_difference(world):
    # Spelt as their owners give them: Gmail's search does not know that e.v.e+1 is eve.
    people = ["ivy@lp.example", "x@nordwind.example", "eve@gmail.com", "partner@sub.angel.example"]
    rules = [
        ("Eve", "address", "eve@gmail.com"),
        ("Angel", "domain", "angel.example"),
        ("Two", "address", people[0]),
    ]
    world.enrol(ADA, BEN)
    for number, person in enumerate(people):
        world.arrive(ADA, mail(sender=person, subject=f"before {number}"))
        world.arrive(BEN, mail(sender=f"Ben <{BEN}>", to=person, subject=f"before to {number}"), "SENT")
    know(world, *rules)
    follow(world)
    for number, person in enumerate(people):
        world.arrive(ADA, mail(sender=person, subject=f"after {number}"))
        world.arrive(BEN, mail(sender=f"Ben <{BEN}>", to=person, subject=f"after to {number}"), "SENT")

    links = world.rows(
        b"SELECT subject, investor, role, matched_address, strategy, ambiguous FROM crm.investor_emails ORDER BY 1, 2"
    )
    before = [(row[0].removeprefix("before "), *row[1:]) for row in links if row[0].startswith("before")]
    after = [(row[0].removeprefix("after "), *row[1:]) for row in links if row[0].startswith("after")]
    assert before == after != []


def test_an_address_at_another_investors_domain_is_ambiguous_whichever_was_known_first(world):
    """The mail stored before the domain's owner was known, and that stored after, are marked alike."""
    world.enrol(ADA)
    know(world, ("Eve", "address", "eve@angel.example"))
    follow(world)
    world.arrive(ADA, mail(sender="eve@angel.example", subject="before"))
    alone = world.rows(LINKS)
    know(world, ("Angel Partners", "domain", "angel.example"))
    follow(world)
    world.arrive(ADA, mail(sender="eve@angel.example", subject="after"))

    assert [link[4] for link in alone] == [False]
    both = [("Angel Partners", "domain", True), ("Eve", "address", True)]
    assert [(who, how, unsure) for who, _, _, how, unsure in world.rows(LINKS)] == sorted(both * 2)

    forget(world, "Angel Partners")
    follow(world)
    assert [link[4] for link in world.rows(LINKS)] == [False, False]


@given(RULES, RULES)
def test_an_index_brought_up_to_date_equals_a_new_one(added, removed):
    index = Index(added)
    for rule in removed:
        index.remove(*rule)
    left = Index(rule for rule in added if rule not in removed)

    keys = {value for _, _, value in added}
    assert index.rules_for(keys, keys) == left.rules_for(keys, keys)
    assert len(index) == len(left)


def test_the_database_and_the_code_agree_on_the_canonical_form(db):
    odd = [
        "a@b.example", "a+b@c.example", "+x@c.example", "a.b@gmail.com", "a.b+c@googlemail.com", "...@gmail.com",
        '"a+b"@c.example', '"a.b+c"@gmail.com', '"a\\.b"@c.example', '"a b"@c.example', '""@c.example', '"@c.example', '"a"b"@c.example',
        '"a@b"@c.example', "a@b@c.example", "ä.ö+x@gmail.com", "a+@c.example", "+@gmail.com",
    ]  # fmt: skip
    with db.transaction() as conn:
        found = conn.execute(b"SELECT mailroom.canonical(a) FROM unnest(%s::text[]) AS a", (odd,)).fetchall()

    assert [row[0] for row in found] == [canonical(one) for one in odd]


LOCALS = st.text(
    st.one_of(st.sampled_from("\".+\\@ab=?'\n "), st.characters(codec="utf-8", exclude_characters="\0")),
    max_size=12,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(LOCALS, st.sampled_from(["c.example", "gmail.com"])), min_size=1, max_size=30))
def test_the_database_and_the_code_agree_on_the_canonical_form_of_anything(db, parts):
    some = [f"{local}@{domain}" for local, domain in parts for local in (local, f'"{local}"')]
    with db.transaction() as conn:
        found = conn.execute(b"SELECT mailroom.canonical(a) FROM unnest(%s::text[]) AS a", (some,)).fetchall()

    assert [row[0] for row in found] == [canonical(one) for one in some]
