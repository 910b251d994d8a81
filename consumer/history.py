"""Fold Gmail's history into one answer per message.  Decides only.

The same id recurs over many records and pages; only what is true at the end counts.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from shared.gmail.resources import HistoryRecord

# States that say what Gmail did with a message, not what we thought of it: Gmail may undo them.
CLOSED_BY_GMAIL = frozenset({"excluded", "gone"})


@dataclass(slots=True)
class Told:
    """What a stretch of history says about one message in the end."""

    thread_id: str = ""
    labels: tuple[str, ...] | None = None  # as last stated; None: never stated
    gone: bool = False
    arrived: bool = False  # came into view just now: delivered, or rescued from where it is not captured


@dataclass(frozen=True, slots=True)
class Fold:
    """What a stretch of history asks the ledger to do."""

    told: Mapping[str, Told] = field(default_factory=dict)

    @property
    def present(self) -> dict[str, Told]:
        """Messages that exist at the end; the ledger adds those it does not know."""
        return {gmail_id: told for gmail_id, told in self.told.items() if not told.gone}

    @property
    def gone(self) -> list[str]:
        """Messages permanently deleted in Gmail (putting one in the bin is a label, not this)."""
        return [gmail_id for gmail_id, told in self.told.items() if told.gone]


def fold(records: Iterable[HistoryRecord], skip: Collection[str] = ()) -> Fold:
    """Fold *records*, oldest first, over all pages of one look.

    A label change names a message too: mail rescued from spam or restored from the bin (*skip*: the
    labels that are not captured) comes without a messagesAdded record.  The labels of a record's
    message are those after the change.
    """
    told: dict[str, Told] = {}
    for record in records:
        for change in (*record.messages_added, *record.labels_added, *record.labels_removed):
            about = told.setdefault(change.message.id, Told())
            about.thread_id = change.message.thread_id or about.thread_id
            about.labels = tuple(change.message.label_ids)
            about.gone = False
        for change in record.messages_added:
            told[change.message.id].arrived = True
        for change in record.labels_removed:
            told[change.message.id].arrived |= ruled_out(change.label_ids, skip)
        for deleted in record.messages_deleted:
            about = told.setdefault(deleted.message.id, Told())
            about.thread_id = deleted.message.thread_id or about.thread_id
            about.gone = True
    return Fold(told)


def ruled_out(labels: Collection[str], skip: Collection[str]) -> bool:
    """Whether labels alone say that a message is not captured (drafts, chats, spam, the bin)."""
    return not set(labels).isdisjoint(skip)


def reopened(fold: Fold, states: Mapping[str, str], skip: Collection[str]) -> list[str]:
    """Return the messages that labels had ruled out and no longer do, and those that are there after all."""
    return [
        gmail_id
        for gmail_id, told in fold.present.items()
        if states.get(gmail_id) in CLOSED_BY_GMAIL
        and told.labels is not None
        and not ruled_out(told.labels, skip)
    ]
