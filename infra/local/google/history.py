"""What changed in a mailbox: numbered records, a floor below which they are forgotten, an index that may lag.

Gmail: ids rise with random gaps; a record may hold several changes, or none ("bare", naming a message only);
putting mail in the bin is a label change and not a deletion.
"""

import random
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved", "bare"]
WIDEST_GAP = 60  # between neighbouring ids


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one message."""

    kind: Kind
    message_id: str
    thread_id: str
    labels: tuple[str, ...]  # of the message, after it
    changed: tuple[str, ...] = ()  # labels that came or went


@dataclass(frozen=True, slots=True)
class Record:
    """Changes under one id."""

    id: int
    changes: tuple[Change, ...]
    visible_from: float = 0.0  # the stand-in's time at which history.list begins to show it


@dataclass(slots=True)
class History:
    """The records of one mailbox, oldest first."""

    dice: random.Random
    current: int = 0  # id of the newest record, shown or not
    floor: int = 0  # records at or below it are forgotten
    _records: list[Record] = field(default_factory=list)
    _hidden: deque[Record] = field(default_factory=deque)  # not shown yet, oldest first

    def __post_init__(self) -> None:
        """Start anywhere: nothing may depend on where."""
        self.current = self.dice.randrange(100_000, 9_000_000)
        self.floor = self.current - 1

    def write(self, changes: tuple[Change, ...], *, visible_from: float = 0.0) -> int:
        """Add a record and return its id."""
        self.current += self.dice.randrange(1, WIDEST_GAP)
        record = Record(self.current, changes, visible_from)
        self._records.append(record)
        # A record behind a hidden one is hidden with it: the index never shows a later change first.
        if visible_from or self._hidden:
            self._hidden.append(record)
        return record.id

    def shown(self, *, now: float) -> int:
        """Return the current id as the index shows it by *now*."""
        while self._hidden and self._hidden[0].visible_from <= now:
            self._hidden.popleft()
        return self._hidden[0].id - 1 if self._hidden else self.current

    def since(self, start: int, *, now: float) -> list[Record]:
        """Return what the index shows after *start*; LookupError when that is forgotten."""
        if start <= 0 or start < self.floor:
            raise LookupError(start)
        upto = self.shown(now=now)
        first, last = self._after(start), self._after(upto)
        return self._records[first:last]

    def forget(self, to: int) -> None:
        """Move the floor: what lies at or below it is gone for good."""
        self.floor = to
        del self._records[: self._after(to)]
        while self._hidden and self._hidden[0].id <= to:
            self._hidden.popleft()

    def _after(self, id_: int) -> int:
        return bisect_right(self._records, id_, key=lambda record: record.id)
