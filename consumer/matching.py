"""Match messages against the rules of this moment, kept in memory and brought up to date by their changes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from consumer.index import Index
from consumer.mail.message import Participant
from consumer.match import Match, Own, lookup_keys, match
from shared.store import matching
from shared.store.database import Connection, Database

# More changes at once than this are read anew, all of them.
MANY = 50_000


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches of some messages, and which generation of the rules they are by."""

    found: Mapping[str, tuple[Match, ...]]
    generation: int


class Matching:
    """The rules of one process.  Threads share it."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = Lock()
        self._index: Index | None = None
        self._generation = 0

    def match_all(self, people: Mapping[str, Sequence[Participant]], own: Own) -> Matched:
        """Match each message's participants; raises TryLater when the database is away."""
        with self._db.transaction() as conn:
            generation = self.refresh(conn)
        return Matched({one: self.match(group, own) for one, group in people.items()}, generation)

    def match(self, people: Sequence[Participant], own: Own) -> tuple[Match, ...]:
        """Match one message by the rules as they are in memory."""
        addresses, domains = lookup_keys(people)
        with self._lock:
            rules = (self._index or Index()).rules_for(addresses, domains)
        return match(people, rules, own=own)

    def refresh(self, conn: Connection) -> int:
        """Take in what changed since the last time; return the generation of the rules in memory.

        One question to the database when nothing did: so a rule counts from the moment it is committed.
        """
        current = matching.generation(conn)
        with self._lock:
            if self._index is None or current - self._generation > MANY:
                self._index = Index(matching.rules(conn))
            elif current > self._generation:
                self._apply(matching.changes(conn, after=self._generation, limit=MANY + 1))
            self._generation = max(current, self._generation)
            return self._generation

    def _apply(self, changes: Sequence[matching.Change]) -> None:
        assert self._index is not None  # noqa: S101 - the caller has looked
        for one in changes:
            act = self._index.add if one.change == "added" else self._index.remove
            act(one.investor_id, one.kind, one.value)
