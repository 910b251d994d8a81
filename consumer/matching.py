"""Match messages against the rules of this moment, kept in memory and brought up to date by their changes.

Three kinds of rules: by what investors are known, who we are, and who is never captured.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from consumer.index import Index
from consumer.mail.message import Participant
from consumer.match import NOBODY, Excluded, Match, Own, lookup_keys, match
from shared.store import accounts, matching
from shared.store.database import Connection, Database

# More changes at once than this are read anew, all of them.
MANY = 50_000


@dataclass(frozen=True, slots=True)
class Matched:
    """The matches of some messages, which generation of the rules they are by, and who we were by it."""

    found: Mapping[str, tuple[Match, ...]]
    generation: int
    own: Own


@dataclass(frozen=True, slots=True)
class _Rules:
    """Everything that decides, of one generation."""

    index: Index
    own: Own
    excluded: Excluded


class Matching:
    """The rules of one process.  Threads share it."""

    def __init__(self, db: Database, own_domains: frozenset[str]) -> None:
        self._db = db
        self._own_domains = own_domains
        self._lock = Lock()
        self._rules = _Rules(Index(), Own(frozenset(), own_domains), NOBODY)
        self._generation: int | None = None  # None: nothing was read yet

    def match_all(self, people: Mapping[str, Sequence[Participant]]) -> Matched:
        """Match each message's participants; raises TryLater when the database is away."""
        with self._db.transaction() as conn:
            generation = self.refresh(conn)
        found = {one: self.match(group) for one, group in people.items()}
        return Matched(found, generation, self.own)

    def match(self, people: Sequence[Participant]) -> tuple[Match, ...]:
        """Match one message by the rules as they are in memory."""
        addresses, domains = lookup_keys(people)
        with self._lock:
            rules = self._rules
            known = rules.index.rules_for(addresses, domains)
        return match(people, known, own=rules.own, excluded=rules.excluded)

    def learn(self, account_id: int, delivered_to: Iterable[str]) -> None:
        """An address a mailbox's mail is delivered to is ours, whoever's it looks like.  "" is none."""
        own = self.own
        names = {name for name in delivered_to if name and not own.owns(name)}
        if names:
            with self._db.transaction() as conn:
                accounts.learn_aliases(conn, account_id, names)

    @property
    def own(self) -> Own:
        """Who we are, by the rules in memory."""
        return self._rules.own

    @property
    def excluded(self) -> Excluded:
        """Who and what is left out, by the rules in memory."""
        return self._rules.excluded

    def refresh(self, conn: Connection) -> int:
        """Take in what changed since the last time; return the generation of the rules in memory.

        One question to the database when nothing did: so a rule counts from the moment it is committed.
        A generation below ours is either one we asked for before another thread went on, or the database
        is an older one by now (a backup restored, a replica that lagged): then all is read anew.
        """
        current = matching.generation(conn)
        with self._lock:
            if self._generation is not None and current < self._generation:
                current = matching.generation(conn)
            if self._generation is None or not 0 <= current - self._generation <= MANY:
                self._rules = self._read(conn, Index(matching.rules(conn)))
            elif current > self._generation:
                changes = matching.changes(conn, after=self._generation, limit=MANY + 1)
                self._rules = self._read(conn, _applied(self._rules.index, changes))
            self._generation = current
            return current

    def _read(self, conn: Connection, index: Index) -> _Rules:
        """Read what is small anew with every change."""
        stated = matching.excluded(conn)
        kinds = ("address", "domain", "label", "account")
        excluded = Excluded(*(frozenset(value for kind, value in stated if kind == one) for one in kinds))
        return _Rules(index, Own(accounts.own_addresses(conn), self._own_domains), excluded)


def _applied(index: Index, changes: Sequence[matching.Change]) -> Index:
    for one in changes:
        if one.kind in ("address", "domain"):
            act = index.add if one.change == "added" else index.remove
            act(one.investor_id, one.kind, one.value)
    return index
