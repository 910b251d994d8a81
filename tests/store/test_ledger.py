"""The ledger: every id we were told of, once, and what became of it."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.errors import NotStorable
from shared.store import accounts, ledger
from shared.store.ledger import Postponed, Seen


@pytest.fixture
def account(db):
    with db.transaction() as conn:
        now = datetime.now(UTC)
        return accounts.enrol(conn, "ada@fund.test", cursor=1, watch_expires_at=None, watch_due_at=now)


@pytest.fixture
def do(db, account):
    """Call a function of the ledger for the account, in a transaction of its own."""

    def call(function, *args, **named):
        with db.transaction() as conn:
            return function(conn, account, *args, **named)

    return call


def seen(*ids, labels=("INBOX",), live=True):
    return [Seen(one, f"t-{one}", labels, live) for one in ids]


def waiting(do):
    return [entry.gmail_id for entry in do(ledger.waiting, limit=10)]


def test_an_id_is_written_once_however_often_it_is_told(do):
    assert do(ledger.add, seen("m1", "m2", live=False)) == 2
    assert do(ledger.add, seen("m2", "m3", "m3")) == 1

    assert do(ledger.all_states) == {"m1": "waiting", "m2": "waiting", "m3": "waiting"}


def test_live_mail_has_its_turn_before_old_mail_and_the_newest_first(do):
    do(ledger.add, seen("a1", "a3", "a2", live=False))
    do(ledger.add, seen("b1", "b2"))

    assert waiting(do) == ["b2", "b1", "a3", "a2", "a1"]


def test_old_mail_that_turns_out_to_have_just_arrived_goes_before_the_rest(do):
    do(ledger.add, seen("a1", "a2", live=False))

    assert do(ledger.add, seen("a1")) == 0

    assert [(entry.gmail_id, entry.live) for entry in do(ledger.waiting, limit=10)] == [
        ("a1", True),
        ("a2", False),
    ]


def test_labels_with_odd_names_come_back_as_they_went_in(do):
    do(ledger.add, seen("m1", labels=("INBOX", "Label_7", '{"x",}')))
    do(ledger.add, [Seen("m2", "t", None)])

    labels = {entry.gmail_id: entry.labels for entry in do(ledger.waiting, limit=10)}

    assert labels == {"m1": ["INBOX", "Label_7", '{"x",}'], "m2": []}


@pytest.mark.parametrize("state", ["unmatched", "excluded", "gone", "dead"])
def test_a_settled_row_has_no_turn_and_adding_it_again_does_not_wake_it(do, state):
    do(ledger.add, seen("m1"))

    do(ledger.settle, ["m1"], state, "why")
    do(ledger.add, seen("m1"))

    assert do(ledger.states, ["m1", "unknown"]) == {"m1": state}
    assert waiting(do) == []
    assert do(ledger.next_waiting) is None


def test_only_a_waiting_row_is_settled(do):
    do(ledger.add, seen("m1"))
    do(ledger.settle, ["m1"], "gone")

    do(ledger.settle, ["m1"], "unmatched")

    assert do(ledger.states, ["m1"]) == {"m1": "gone"}


def test_a_dead_row_must_say_why(do):
    do(ledger.add, seen("m1"))

    with pytest.raises(NotStorable):
        do(ledger.settle, ["m1"], "dead", "")

    assert do(ledger.states, ["m1"]) == {"m1": "waiting"}


def test_a_postponed_row_waits_and_counts_its_own_failures_only(do):
    do(ledger.add, seen("m1", "m2"))

    do(ledger.postpone, ["m1"], Postponed(timedelta(hours=1), "busy", counts=True))
    do(ledger.postpone, ["m2"], Postponed(timedelta(0), "the account was told to pause", counts=False))

    [entry] = do(ledger.waiting, limit=10)
    assert (entry.gmail_id, entry.attempts) == ("m2", 0)
    do(ledger.settle, ["m2"], "unmatched")
    assert timedelta(minutes=59) < do(ledger.next_waiting) <= timedelta(hours=1)


@pytest.mark.parametrize(
    ("state", "afterwards"),
    [("excluded", "waiting"), ("gone", "waiting"), ("unmatched", "unmatched"), ("dead", "dead")],
)
def test_relabelling_reopens_what_was_excluded_and_nothing_else(do, state, afterwards):
    do(ledger.add, seen("m1", labels=("SPAM",)))
    do(ledger.settle, ["m1"], state, "why")

    do(ledger.relabel, {"m1": ["INBOX"], "unknown": ["X"]})
    do(ledger.reopen, ["m1", "unknown"])

    assert do(ledger.states, ["m1", "unknown"]) == {"m1": afterwards}
    if afterwards == "waiting":
        [entry] = do(ledger.waiting, limit=10)
        assert (entry.labels, entry.attempts) == (["INBOX"], 0)


def test_a_deleted_message_is_gone_whatever_it_was_and_its_row_stays(do):
    do(ledger.add, seen("m1", "m2"))
    do(ledger.settle, ["m2"], "unmatched")

    assert do(ledger.disappeared, ["m1", "m2", "unknown"]) == [None, None]
    assert do(ledger.disappeared, ["m1"]) == []
    assert do(ledger.all_states) == {"m1": "gone", "m2": "gone"}


def test_one_accounts_ledger_is_not_anothers(db, do):
    do(ledger.add, seen("m1"))
    with db.transaction() as conn:
        now = datetime.now(UTC)
        other = accounts.enrol(conn, "ben@fund.test", cursor=1, watch_expires_at=None, watch_due_at=now)
        assert ledger.add(conn, other, seen("m1")) == 1
        ledger.settle(conn, other, ["m1"], "gone")

    assert do(ledger.all_states) == {"m1": "waiting"}


@pytest.mark.parametrize(
    ("expected", "to", "moved"), [(1, 5, True), (2, 5, False), (1, 1, True), (1, 0, False)]
)
def test_the_cursor_moves_only_forward_and_only_from_where_the_work_began(db, account, expected, to, moved):
    with db.transaction() as conn:
        assert accounts.move_cursor(conn, account, expected=expected, to=to) is moved
        assert accounts.by_id(conn, account).cursor == (to if moved else 1)
