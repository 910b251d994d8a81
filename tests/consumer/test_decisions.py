"""The consumer's pure decisions, as properties."""

from hypothesis import given
from hypothesis import strategies as st

from consumer.history import Fold, fold, reopened, ruled_out
from consumer.thread import place
from shared.gmail.resources import Change, HistoryRecord, MessageRef

IDS = st.sampled_from(["a", "b", "c"])
LABELS = st.sets(st.sampled_from(["INBOX", "SPAM", "TRASH", "DRAFT", "UNREAD"])).map(
    lambda s: tuple(sorted(s))
)
KINDS = st.sampled_from(["messages_added", "messages_deleted", "labels_added", "labels_removed"])


def record(kind, message_id, labels):
    return HistoryRecord(id="1", **{kind: (Change(message=MessageRef(message_id, "t", labels)),)})


RECORDS = st.lists(st.builds(record, KINDS, IDS, LABELS))


@given(RECORDS)
def test_only_the_last_word_on_a_message_counts(records):
    folded = fold(records)

    for message_id in ("a", "b", "c"):
        said = [
            (r, kind) for r in records for kind in KINDS_OF(r) if getattr(r, kind)[0].message.id == message_id
        ]
        if not said:
            assert message_id not in folded.told
            continue
        last, kind = said[-1]
        assert (message_id in folded.gone) == (kind == "messages_deleted")
        if kind != "messages_deleted":
            assert folded.present[message_id].labels == getattr(last, kind)[0].message.label_ids


def KINDS_OF(record):  # noqa: N802 - reads as a table
    names = ("messages_added", "messages_deleted", "labels_added", "labels_removed")
    return [name for name in names if getattr(record, name)]


@given(RECORDS)
def test_present_and_gone_share_nothing(records):
    folded = fold(records)

    assert not set(folded.present) & set(folded.gone)


def test_a_record_without_changes_says_nothing():
    assert fold([HistoryRecord(id="1")]) == Fold({})


@given(RECORDS, st.dictionaries(IDS, st.sampled_from(["waiting", "stored", "excluded", "unmatched"])))
def test_only_excluded_messages_whose_labels_allow_it_are_reopened(records, states):
    skip = ("SPAM", "TRASH", "DRAFT", "CHAT")
    folded = fold(records)

    for message_id in reopened(folded, states, skip):
        assert states[message_id] == "excluded"
        assert not ruled_out(folded.present[message_id].labels, skip)


RELATED = st.lists(
    st.tuples(
        st.sampled_from(["copy", "gmail", "reference", "reply"]),
        st.integers(1, 9),
        st.integers(1, 5),
    )
)


@given(RELATED, st.randoms())
def test_the_place_of_a_message_does_not_depend_on_the_order_of_what_it_may_belong_with(related, dice):
    shuffled = list(related)
    dice.shuffle(shuffled)

    assert place(related) == place(shuffled)


@given(RELATED)
def test_the_oldest_thread_takes_every_other_one_in(related):
    threads = {thread for _, _, thread in related}
    where = place(related)

    assert where.thread_id == min(threads, default=None)
    assert set(where.absorbs) == threads - {where.thread_id}
