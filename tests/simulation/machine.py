"""Anything that may happen to two mailboxes and their consumers, in any order; and what must hold whatever did."""

from pathlib import Path
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from consumer import pace, plan
from consumer.rematch import catch_up
from shared.store import exclusions, investors
from shared.store.database import Database
from shared.store.investors import InvestorRow
from tests.simulation.book import RULES, Book, Copy
from tests.simulation.happenings import Happenings, accounts_, people
from tests.simulation.reckoning import accounted_for, reckon
from tests.simulation.sea import ACCOUNTS, Died, Google, begin

# Most of what a run does happens early in it.
moments = st.integers(0, 9) | st.integers(0, 9) | st.integers(0, 40)


class Schedule(Happenings):
    """Steps in any order; invariants after each; the great reckoning once all is quiet."""

    google: ClassVar[Google]
    folder: ClassVar[Path]
    # A check finds what a missing defence has lost: the defences are tried without.
    may_check: ClassVar[bool] = True

    @initialize(
        known=st.sets(st.integers(0, len(RULES) - 1)),
        old=st.lists(people, max_size=5),
        checks=st.booleans(),
        searches=st.booleans(),
        settled=st.booleans(),
    )
    def open(
        self, known: set[int], old: list[str], checks: bool, searches: bool, settled: bool = False
    ) -> None:
        """*searches*: even a few old messages are found by Gmail's search, as thousands would be.

        *settled*: the first capture is over, so no listing finds what history is supposed to tell.
        """
        plan.ONE_BATCH = 0 if searches else 25
        minutes = 180 if checks and self.may_check else 0
        chosen = {"CRM_GMAIL_RETRY_MAX": 50, "CRM_GMAIL_SYNC_INTERVAL_MIN": minutes}
        self.sea, self.book = begin(self.db, self.google, self.folder, chosen), Book()
        self.disturbed = False
        for number in sorted(known):
            self.know(number)
        for person in old:
            self.arrives(ACCOUNTS[0], person, to_us=True, labels=("INBOX",), told=False, same_thread=False)
        self.sea.forget_the_past()
        if settled or not self.may_check:
            for _ in range(2):
                self._work(None)
                self.sea.later(301)

    # What people do.

    @rule(number=st.integers(0, len(RULES) - 1))
    def know(self, number: int) -> None:
        name, kind, value = RULES[number]
        with Database.transaction(self.db) as conn:
            investors.upsert(conn, [InvestorRow(name, "", kind, value)])
        self.book.rules.add(number)
        self.book.ever.add(number)

    @rule(number=st.integers(0, len(RULES) - 1), wholly=st.booleans())
    def forget(self, number: int, wholly: bool) -> None:
        """*wholly*: the investor goes, not only an address of theirs."""
        name, _, value = RULES[number]
        if wholly:
            self.sea.rows(b"DELETE FROM mailroom.investors WHERE name = %s RETURNING 1", name)
            self.book.rules -= {other for other, one in enumerate(RULES) if one[0] == name}
        else:
            self.sea.rows(b"DELETE FROM mailroom.investor_addresses WHERE value = %s RETURNING 1", value)
            self.book.rules.discard(number)

    @rule(person=people)
    def leave_out(self, person: str) -> None:
        with Database.transaction(self.db) as conn:
            exclusions.add(conn, kind="address", value=person, note="")
        self.book.left_out.add(person)

    @rule(person=people)
    def take_back(self, person: str) -> None:
        with Database.transaction(self.db) as conn:
            for one in exclusions.every(conn):
                if one.value == person:
                    exclusions.remove(conn, one.id)
        self.book.left_out.discard(person)

    # What consumers do.

    @rule()
    def works(self) -> None:
        self._work(None)

    @rule()
    def rematches(self) -> None:
        catch_up(self.db, self.sea.deps.matching)

    @rule(
        account=accounts_,
        at=moments,
        what=st.sampled_from(["begin", "commit", "done"]),
        person=people,
        taken_over=st.booleans(),
    )
    def dies_at_work(self, account: str, at: int, what: str, person: str, taken_over: bool) -> None:
        """*taken_over*: the next step comes when its lease has ended, else while nobody may do its work."""

        def die() -> None:
            raise Died

        self._comes(account, person)
        self._work(self._once(at, what, die))
        if taken_over:
            self.sea.later(31)

    @rule(account=accounts_, at=moments, what=st.sampled_from(["begin", "done"]), person=people)
    def is_overtaken_at_work(self, account: str, at: int, what: str, person: str) -> None:
        """A process stands still past its lease, another does the work, mail arrives, and it goes on."""

        def overtaken() -> None:
            self.sea.later(31)
            self._comes(account, person)
            self._work(None)

        self._order(account)
        self._work(self._once(at, what, overtaken))

    @rule(at=moments, account=accounts_, person=people, told=st.booleans())
    def mail_arrives_during_work(self, at: int, account: str, person: str, told: bool) -> None:
        def arrive() -> None:
            self._comes(account, person, told=told)
            came.append(self.book.copies[-1])

        came: list[Copy] = []
        self._order(account)
        # Whoever died holds an account for half a minute: until then nobody can serve it.
        calm = not self.disturbed and not self.sea.rows(
            b"SELECT FROM mailroom.email_deltas WHERE lease_until > now()"
        )
        self._work(self._once(at, "done", arrive))
        if calm and told:  # a notification during a run is served at once, not after the quiet poll
            if self.sea.rows(b"SELECT FROM mailroom.email_deltas WHERE paced_until > now()"):
                # Unless those before it told of nothing: then in seconds.
                self.sea.later(pace.LONGEST.total_seconds())
                self._work(None)
            known = {
                gmail_id for (gmail_id,) in self.sea.rows(b"SELECT gmail_id FROM mailroom.account_messages")
            }
            late = {copy.gmail_id for copy in came} - known
            assert not late, f"announced during a run, and no look came: {late}"

    @rule(
        account=accounts_,
        at=moments,
        person=people,
        number=st.integers(0, len(RULES) - 1),
        also=st.just("") | people,
        how=st.sampled_from(["know", "forget", "leave_out"]),
        followed=st.booleans(),
    )
    def the_rules_change_during_work(  # noqa: PLR0917
        self, account: str, at: int, person: str, number: int, also: str, how: str, followed: bool
    ) -> None:
        """*followed*: another process re-matches what is stored before this one goes on."""

        def change() -> None:
            if how == "leave_out":
                self.leave_out(person)
            else:
                self.know(number) if how == "know" else self.forget(number, wholly=True)
            if followed:
                catch_up(self.db, self.sea.deps.matching)

        self._comes(account, person, also=also)
        self._work(self._once(at, "done", change))

    @rule(seconds=st.sampled_from([2.0, 31.0, 301.0, 6 * 86_400.0]))
    def time_passes(self, seconds: float) -> None:
        """After days history is not trusted, and everything is listed: that is a check as well."""
        self.sea.later(seconds if self.may_check else min(seconds, 301.0))

    # What must hold.

    @invariant()
    def the_cursor_is_never_beyond_what_is_accounted_for(self) -> None:
        if hasattr(self, "sea"):
            accounted_for(self.book, self.sea)

    @invariant()
    def the_cursor_never_goes_back(self) -> None:
        """Else somebody who was overtaken has written."""
        if hasattr(self, "sea"):
            back = self.sea.rows(b"SELECT address, cursor_was, cursor_is FROM simulation.set_back")
            assert not back, f"a cursor went back: {back}"

    def teardown(self) -> None:
        if hasattr(self, "sea"):
            self._quieten()
            reckon(self.book, self.sea)
