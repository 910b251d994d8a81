"""One mailbox: messages, labels, threads, drafts, and how each change becomes history.  No HTTP, no clock.

Gmail: a message id is 16 hex digits and a thread's id is its first message's; a reply stays in its thread
while the subject does; saving a draft replaces the message behind it, and sending one does so once more.
"""

import random
import re
import zlib
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from infra.local.google.heads import HEAD_END, headers_of, shown
from infra.local.google.history import Change, History, Kind

SYSTEM_LABELS = (
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS", "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "STARRED", "UNREAD",
)  # fmt: skip
SUBJECT_PREFIX = re.compile(r"^(?:(?:re|fwd?|aw|wg|sv|tr|rv)\s*(?:\[\d+\])?:\s*)+", re.IGNORECASE)
WORTH_PACKING = 2_000  # bytes
LONGEST_HEAD = 64_000  # bytes; a longer one is read too, at the price of the whole message
LONGEST_THREAD = 100  # messages; Gmail begins a new one after about as many


@dataclass(slots=True, kw_only=True)
class Stored:
    """One message of a mailbox."""

    id: str
    thread_id: str
    labels: set[str]
    internal_ms: int  # when Gmail took it in, or what an import says
    rfc_id: str  # Message-ID without its brackets
    size: int  # bytes
    visible_from: float = 0.0  # the stand-in's time from which get and list know it
    history_id: int = 0  # of the last record that touched it
    words: dict[str, str] | None = None  # what searches read, made by the first of them
    snippet: str | None = None  # made by the first get
    packed: bytes = b""
    is_packed: bool = False

    @property
    def raw(self) -> bytes:
        """The bytes as delivered."""
        return zlib.decompress(self.packed) if self.is_packed else self.packed

    def start(self, most: int) -> bytes:
        """Return the first *most* bytes, without unpacking the attachments behind them."""
        return zlib.decompressobj().decompress(self.packed, most) if self.is_packed else self.packed[:most]

    @property
    def head(self) -> bytes:
        """The head with the line that ends it, and perhaps some of the body."""
        begun = self.start(LONGEST_HEAD)
        return begun if len(begun) < LONGEST_HEAD or HEAD_END.search(begun) else self.raw


@dataclass(slots=True)
class Mailbox:
    """A mailbox and its history."""

    email: str
    dice: random.Random
    aliases: tuple[str, ...] = ()
    user_labels: dict[str, str] = field(default_factory=dict)  # id: name
    no_mailbox: bool = False  # a user without Gmail
    messages: dict[str, Stored] = field(default_factory=dict)
    threads: dict[str, list[str]] = field(default_factory=dict)  # thread id: message ids
    drafts: dict[str, str] = field(default_factory=dict)  # draft id: id of the message behind it
    history: History = field(init=False)
    _order: list[tuple[int, str]] = field(default_factory=list)  # (internal_ms, id), oldest first
    _cited: dict[tuple[str, str], str] = field(default_factory=dict)  # (Message-ID, subject): thread id
    _next_id: int = 0

    def __post_init__(self) -> None:
        """Start the counters anywhere: nothing may depend on where."""
        self.history = History(self.dice)
        self._next_id = self.dice.randrange(0x1800_0000_0000_0000, 0x1900_0000_0000_0000)

    def add(  # noqa: PLR0913 - what a delivery may say
        self,
        raw: bytes,
        labels: Iterable[str],
        internal_ms: int,
        *,
        thread_id: str = "",
        visible_from: float = 0.0,
        in_history_from: float = 0.0,
    ) -> Stored:
        """Let a message arrive; labels that filters give are inside the one messagesAdded record."""
        self._next_id += self.dice.randrange(1, 0x10_0000)
        new_id = f"{self._next_id:016x}"
        about = headers_of(raw)
        packed = zlib.compress(raw, 1) if len(raw) > WORTH_PACKING else raw
        message = Stored(
            id=new_id,
            thread_id=self._thread(new_id, about, thread_id),
            labels=set(labels),
            internal_ms=internal_ms,
            rfc_id=about.get("message-id", "").strip("<> \t"),
            size=len(raw),
            visible_from=visible_from,
            packed=packed,
            is_packed=packed is not raw,
        )
        self.messages[new_id] = message
        self.threads.setdefault(message.thread_id, []).append(new_id)
        insort(self._order, (internal_ms, new_id))
        self._write([message], "messagesAdded", visible_from=in_history_from)
        return message

    def _thread(self, new_id: str, about: dict[str, str], given: str) -> str:
        """Return the thread a message belongs to: the one of any message it cites, under the same subject.

        What is cited counts although it is not here (yet), so that a reply that arrives first is found too.
        """
        subject = SUBJECT_PREFIX.sub("", shown(about.get("subject", "")).strip()).strip().lower()
        own, cited = about.get("message-id", ""), about.get("in-reply-to", "") + about.get("references", "")
        keys = [(name, subject) for name in re.findall(r"<([^<>\s]+)>", own + cited)]
        known = (self._cited[key] for key in keys if key in self._cited)
        open_ = (thread for thread in known if len(self.threads.get(thread, ())) < LONGEST_THREAD)
        thread = given or next(open_, new_id)
        for key in keys:
            self._cited[key] = thread
        return thread

    def relabel(
        self, ids: Iterable[str], add: Iterable[str], remove: Iterable[str], *, visible_from: float = 0.0
    ) -> list[Stored]:
        """Change labels of one or many messages.  KeyError when one is unknown, and then nothing changes.

        What came and what went is one record or two, by chance: Gmail writes both.
        """
        messages, changes = [self.messages[id_] for id_ in ids], list[list[Change]]([[], []])
        for message in messages:
            gone = tuple(sorted(set(remove) & message.labels))
            come = tuple(sorted(set(add) - message.labels))
            message.labels = (message.labels - set(gone)) | set(come)
            if come:
                changes[0].append(_change("labelsAdded", message, come))
            if gone:
                changes[1].append(_change("labelsRemoved", message, gone))
        together = self.dice.random() < 0.5  # noqa: PLR2004 - a coin
        for one in [changes[0] + changes[1]] if together else changes:
            self._record(one, visible_from=visible_from)
        return messages

    def delete(self, message_id: str, *, visible_from: float = 0.0) -> Stored:
        """Delete permanently.  KeyError when unknown."""
        message = self.messages.pop(message_id)
        thread = self.threads[message.thread_id]
        thread.remove(message_id)
        if not thread:
            del self.threads[message.thread_id]
        del self._order[bisect_left(self._order, (message.internal_ms, message.id))]
        self.drafts = {draft: id_ for draft, id_ in self.drafts.items() if id_ != message_id}
        self._write([message], "messagesDeleted", visible_from=visible_from)
        return message

    def touch(self, message_id: str, *, visible_from: float = 0.0) -> None:
        """Write a record that names a message and says nothing about it, as Gmail sometimes does."""
        self._write([self.messages[message_id]], "bare", visible_from=visible_from)

    def new_draft_id(self) -> str:
        """Return an id as Gmail's drafts have them."""
        return f"r-{self.dice.randrange(10**17, 10**19)}"

    def _write(self, messages: list[Stored], kind: Kind, *, visible_from: float) -> None:
        self._record([_change(kind, message) for message in messages], visible_from=visible_from)

    def _record(self, changes: list[Change], *, visible_from: float) -> None:
        if not changes:
            return
        id_ = self.history.write(tuple(changes), visible_from=visible_from)
        for change in changes:
            if change.message_id in self.messages:
                self.messages[change.message_id].history_id = id_

    def newest_first(self, *, now: float) -> Iterator[Stored]:
        """Yield what the index shows, newest internal date first."""
        for _, id_ in reversed(self._order):
            if self.messages[id_].visible_from <= now:
                yield self.messages[id_]

    def thread(self, thread_id: str, *, now: float) -> list[Stored]:
        """Return a thread's messages that the index shows, oldest first."""
        found = [self.messages[id_] for id_ in self.threads.get(thread_id, ())]
        shown_ = [message for message in found if message.visible_from <= now]
        return sorted(shown_, key=lambda message: (message.internal_ms, message.id))

    def own(self, address: str) -> bool:
        """Whether an address is this mailbox's, in any case."""
        return address.lower() in {self.email, *(alias.lower() for alias in self.aliases)}

    def label_ids(self, given: Iterable[str]) -> list[str]:
        """Return label ids for ids or names; a name nobody knows becomes a new user label."""
        names = {name: id_ for id_, name in self.user_labels.items()}
        found = []
        for label in given:
            if label not in SYSTEM_LABELS and label not in self.user_labels and label not in names:
                is_id = re.fullmatch(r"Label_\d+", label)
                names[label] = label if is_id else f"Label_{len(self.user_labels) + 1}"
                self.user_labels[names[label]] = label
            found.append(names.get(label, label))
        return found


def _change(kind: Kind, message: Stored, changed: tuple[str, ...] = ()) -> Change:
    return Change(kind, message.id, message.thread_id, tuple(sorted(message.labels)), changed)
