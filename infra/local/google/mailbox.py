"""One mailbox: messages, labels, threads, and the history of what changed.  No HTTP in here.

Facts: history ids rise with random gaps; a message id is 16 hex digits and a thread's id is its
first message's; putting mail in the bin is a label change, not a deletion; a draft's save replaces
the message behind it.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from infra.local.google.mime import headers_of

SYSTEM_LABELS = (
    "CHAT", "SENT", "INBOX", "IMPORTANT", "TRASH", "DRAFT", "SPAM", "CATEGORY_FORUMS", "CATEGORY_UPDATES",
    "CATEGORY_PERSONAL", "CATEGORY_PROMOTIONS", "CATEGORY_SOCIAL", "STARRED", "UNREAD",
)  # fmt: skip

Kind = Literal["messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved", "bare"]
SUBJECT_PREFIX = re.compile(r"^((re|fwd?|aw|wg|sv|tr|rv)\s*:\s*)+", re.IGNORECASE)


@dataclass(slots=True)
class Stored:
    """One message of a mailbox."""

    id: str
    thread_id: str
    raw: bytes
    labels: set[str]
    internal_ms: int
    history_id: int
    message_id: str
    subject: str
    visible_from: float = 0.0  # the stand-in's time from which get and list know it (index lag)


@dataclass(frozen=True, slots=True)
class Record:
    """One change.  *labels* are the message's after it, *changed* those that came or went."""

    id: int
    kind: Kind
    message_id: str
    thread_id: str
    labels: tuple[str, ...]
    changed: tuple[str, ...] = ()
    visible_from: float = 0.0


@dataclass(slots=True)
class Mailbox:
    """A mailbox and its history."""

    email: str
    random: random.Random
    aliases: tuple[str, ...] = ()
    user_labels: dict[str, str] = field(default_factory=dict)  # id: name
    no_mailbox: bool = False
    history_id: int = 0
    floor: int = 0  # records at or below it are forgotten
    messages: dict[str, Stored] = field(default_factory=dict)
    records: list[Record] = field(default_factory=list)
    by_message_id: dict[str, str] = field(default_factory=dict)  # RFC Message-ID: message id
    _next_id: int = 0

    def __post_init__(self) -> None:
        """Start the counters anywhere: nothing may depend on where."""
        self.history_id = self.random.randrange(100_000, 9_000_000)
        self.floor = self.history_id - 1
        self._next_id = self.random.randrange(0x1800_0000_0000_0000, 0x1900_0000_0000_0000)

    def add(
        self,
        raw: bytes,
        labels: Iterable[str],
        internal_ms: int,
        *,
        thread_id: str = "",
        visible_from: float = 0.0,
    ) -> Stored:
        """Let a message arrive; labels that filters give are inside the one messagesAdded record."""
        self._next_id += self.random.randrange(1, 0x10_0000)
        new_id = f"{self._next_id:016x}"
        about = headers_of(raw)
        subject = SUBJECT_PREFIX.sub("", about.get("subject", "")).strip().lower()
        thread = thread_id or self._thread(about, subject) or new_id
        message = Stored(
            new_id,
            thread,
            raw,
            set(labels),
            internal_ms,
            0,
            about.get("message-id", ""),
            subject,
            visible_from,
        )
        self.messages[new_id] = message
        if message.message_id:
            self.by_message_id.setdefault(message.message_id, new_id)
        self._record("messagesAdded", message, visible_from=visible_from)
        return message

    def _thread(self, about: dict[str, str], subject: str) -> str | None:
        """Gmail keeps a reply in its parent's thread while the subject stays the same."""
        for cited in re.findall(r"<([^<>\s]+)>", about.get("in-reply-to", "") + about.get("references", "")):
            parent = self.messages.get(self.by_message_id.get(f"<{cited}>", ""))
            if parent and parent.subject == subject:
                return parent.thread_id
        return None

    def relabel(self, message_id: str, add: Iterable[str], remove: Iterable[str]) -> Stored:
        """Change labels: one record for what came and one for what went.  KeyError when unknown."""
        message = self.messages[message_id]
        gone = tuple(sorted(set(remove) & message.labels))
        come = tuple(sorted(set(add) - message.labels))
        message.labels = (message.labels - set(gone)) | set(come)
        if come:
            self._record("labelsAdded", message, come)
        if gone:
            self._record("labelsRemoved", message, gone)
        return message

    def delete(self, message_id: str) -> Stored:
        """Delete permanently.  KeyError when unknown."""
        message = self.messages.pop(message_id)
        self._record("messagesDeleted", message)
        return message

    def touch(self, message_id: str) -> None:
        """Write a record that names a message and says nothing about it, as Gmail sometimes does."""
        self._record("bare", self.messages[message_id])

    def _record(
        self, kind: Kind, message: Stored, changed: tuple[str, ...] = (), *, visible_from: float = 0.0
    ) -> None:
        self.history_id += self.random.randrange(1, 60)
        message.history_id = self.history_id
        labels = tuple(sorted(message.labels))
        self.records.append(
            Record(self.history_id, kind, message.id, message.thread_id, labels, changed, visible_from)
        )

    def since(self, start: int, *, now: float) -> list[Record]:
        """Return the records after *start* that the index shows by *now*; LookupError when forgotten."""
        if start <= 0 or start < self.floor:
            raise LookupError(start)
        return [record for record in self.records if record.id > start and record.visible_from <= now]

    def shown_history_id(self, *, now: float) -> int:
        """Return the current history id as the index shows it by *now*."""
        hidden = [record.id for record in self.records[-1000:] if record.visible_from > now]
        return min(hidden) - 1 if hidden else self.history_id

    def forget(self, to: int) -> None:
        """Move the floor of history: what lies at or below is gone for good."""
        self.floor = to
        self.records = [record for record in self.records if record.id > to]

    def newest_first(self, *, now: float) -> Iterator[Stored]:
        """Yield what the index shows, newest internal date first."""
        shown = [message for message in self.messages.values() if message.visible_from <= now]
        yield from sorted(shown, key=lambda message: (message.internal_ms, message.id), reverse=True)

    def thread(self, thread_id: str) -> list[Stored]:
        """Return a thread's messages, oldest first."""
        found = [message for message in self.messages.values() if message.thread_id == thread_id]
        return sorted(found, key=lambda message: (message.internal_ms, message.id))
