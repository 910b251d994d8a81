"""What only a search has judged is proved by its headers, thread by thread where that is cheaper."""

from consumer.proof import untold
from consumer.rematch import catch_up
from shared.gmail.resources import Message
from shared.store import investors, ledger
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

# Ivy as Gmail's search does not know her.
DOTTED = "Ivy <i.v.y+deals@gmail.com>"
UNPROVED = b"SELECT unproved FROM crm.mailboxes WHERE address = %s"
DOUBT = b"UPDATE mailroom.account_messages SET judged_by = 'search' WHERE state = 'unmatched' AND judged_by = 'headers' RETURNING 1"

ORDER = (
    b"INSERT INTO mailroom.email_searches (account_id, kind, purpose)"
    b" VALUES (%s, 'backfill', 'proof') RETURNING 1"
)
STATE = (
    b"UPDATE mailroom.account_messages SET state = %s, judged_by = %s, email_id = NULL, error = 'x'"
    b" WHERE gmail_id = %s RETURNING 1"
)
DUE = b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1"


def know_ivy(world):
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Ivy Investor", "Ivy", "address", "ivy@gmail.com")])


def thread(world, *senders, labels=()):
    """Deliver a conversation, one message of each sender; return the ids."""
    first = world.google.deliver(ADA, mail(sender=senders[0]), *labels, notify=False)
    rest = [
        world.google.deliver(ADA, mail(sender=one), *labels, notify=False, threadId=first["threadId"])["id"]
        for one in senders[1:]
    ]
    return [first["id"], *rest]


def nobodys(number):
    return [f"n{one}@letter.example" for one in range(number)]


def calls(world):
    return world.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]


def proved(world):
    """Enrol and work until nothing is left, and say what reading cost: (threads, messages)."""
    world.enrol(ADA)
    world.work()
    assert world.rows(UNPROVED, ADA) == [(0,)]
    return calls(world).get("threads.get", 0), calls(world).get("messages.get", 0)


def proved_again(world):
    """Let all that is unmatched be judged by a search alone, and prove it."""
    world.rows(DOUBT)
    world.rows(ORDER, world.ids[ADA])
    world.rows(DUE)
    world.google.control("counters/reset")
    world.work()
    assert world.rows(UNPROVED, ADA) == [(0,)]


def forget(world, gmail_id):
    world.rows(b"DELETE FROM mailroom.account_messages WHERE gmail_id = %s RETURNING 1", gmail_id)


def test_three_messages_of_a_thread_are_read_for_forty_units_and_two_by_themselves(world):
    thread(world, *nobodys(3))
    thread(world, *nobodys(2))
    thread(world, *nobodys(30))

    assert proved(world) == (2, 2)
    assert set(world.states(ADA).values()) == {"unmatched"}
    assert world.google.bodies(ADA) == set()


def test_who_no_search_knows_is_found_in_the_middle_of_a_thread(world):
    know_ivy(world)
    ids = thread(world, *nobodys(20), DOTTED, *nobodys(20))

    proved(world)

    assert {one for one, state in world.states(ADA).items() if state == "stored"} == {ids[20]}
    assert world.google.bodies(ADA) == {ids[20]}


def test_a_draft_in_a_thread_is_left_out_by_its_label(world):
    ids = thread(world, *nobodys(40))
    draft = world.google.deliver(
        ADA, mail(sender=ADA, to="ivy@lp.example"), "DRAFT", notify=False, threadId=ids[0]
    )["id"]

    proved(world)

    assert world.states(ADA)[draft] == "excluded"
    assert world.google.bodies(ADA) == set()


def test_a_message_that_is_no_longer_in_its_thread_is_asked_for_by_itself(world):
    ids = thread(world, *nobodys(40))
    proved(world)
    world.google.control(f"mailboxes/{ADA}/messages/{ids[7]}", method="DELETE")
    now = world.deps.gmail.account(ADA).profile().history_id
    world.rows(b"UPDATE mailroom.email_accounts SET cursor = %s RETURNING 1", now)

    proved_again(world)

    assert (calls(world)["threads.get"], calls(world)["messages.get"]) == (1, 1)
    assert set(world.states(ADA).values()) == {"unmatched"}


def test_a_thread_that_cannot_be_read_is_read_message_by_message(world):
    know_ivy(world)
    ids = thread(world, *nobodys(30), DOTTED)
    world.google.control("faults", {"method": "threads.get", "effect": "malformed", "first": 1})

    assert proved(world) == (1, 32)  # thirty-one headers, and one message whole
    assert world.states(ADA)[ids[-1]] == "stored"


def test_units_that_run_out_between_threads_cost_no_thread_twice(world):
    for _ in range(30):
        thread(world, *nobodys(3))
    world.google.control("faults", {"method": "threads.get", "effect": "retryAfter", "seconds": 1, "nth": 13})
    world.enrol(ADA)
    world.work()
    assert 0 < world.rows(UNPROVED, ADA)[0][0] < 90

    world.rows(DUE)
    world.work()

    assert world.rows(UNPROVED, ADA) == [(0,)]
    assert calls(world)["threads.get"] == 30 + 1  # Gmail charges for the refused one, too
    assert "messages.get" not in calls(world)


def test_a_message_nothing_told_of_is_found_in_a_thread_that_is_read(world):
    ids = thread(world, *nobodys(40), "Ivy <ivy@lp.example>")
    proved(world)
    forget(world, ids[-1])

    proved_again(world)

    assert world.states(ADA)[ids[-1]] == "stored"


def test_what_history_has_still_to_tell_of_is_left_to_it():
    def read(gmail_id, history_id, *labels):
        return Message(id=gmail_id, thread_id="t", label_ids=labels, history_id=history_id)

    answers = {
        one.id: one for one in (read("old", 7), read("new", 8), read("asked", 7), read("spam", 7, "SPAM"))
    }

    assert untold(answers, {"asked"}, cursor=7, skip=("SPAM",)) == [ledger.Seen("old", "t", ())]


def test_thread_mates_in_other_states_stay_what_they_are(world):
    ids = thread(world, *["Ivy <ivy@lp.example>"] * 4, *nobodys(40))
    proved(world)
    others = dict(zip(ids, ("dead", "gone", "excluded"), strict=False))
    for gmail_id, state in others.items():
        world.rows(STATE, state, "headers", gmail_id)

    proved_again(world)

    assert world.states(ADA) == dict.fromkeys(ids, "unmatched") | others | {ids[3]: "stored"}


def test_what_its_whole_mail_has_judged_is_not_fetched_again_because_of_a_thread(world):
    ids = thread(world, "Ivy <ivy@lp.example>", *nobodys(40))
    proved(world)
    world.rows(STATE, "unmatched", "mail", ids[0])

    proved_again(world)

    assert world.states(ADA)[ids[0]] == "unmatched"


def test_mail_that_was_there_before_the_first_investor_is_proved_too(world):
    world.rows(b"DELETE FROM mailroom.investors RETURNING 1")
    ids = thread(world, *nobodys(30), DOTTED)
    world.enrol(ADA, BEN)
    world.work()
    assert world.rows(UNPROVED, ADA) == [(31,)]

    know_ivy(world)
    catch_up(world.db, world.deps.matching)
    world.work()

    assert world.states(ADA)[ids[-1]] == "stored"
    assert world.rows(UNPROVED, ADA) == [(0,)]
