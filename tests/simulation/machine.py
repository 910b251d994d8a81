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
from tests.simulation.book import PEOPLE, RULES, SKIP, Book, Copy
from tests.simulation.deeds import Deeds
from tests.simulation.reckoning import accounted_for, reckon
from tests.simulation.sea import ACCOUNTS, Died, Google, begin, encoded

FAULTS = (
    "quotaOfMinute", "retryAfter", "concurrent", "backendError", "unavailable", "badGateway", "cutBefore",
    "cutAfter", "truncated", "malformed", "html", "authError", "empty",
)  # fmt: skip
ENDS = {
    "invalid_grant": "Token has been expired or revoked.",
    "admin_policy_enforced": "",
    "unauthorized_client": "",
}
METHODS = ("", "history.list", "messages.list", "messages.get", "threads.get", "batch", "token", "getProfile")

accounts_ = st.sampled_from(ACCOUNTS)
people = st.sampled_from(PEOPLE)
newest_first = st.integers(0, 2) | st.integers(0, 30)
# Most of what a run does happens early in it.
moments = st.integers(0, 9) | st.integers(0, 9) | st.integers(0, 40)


class Schedule(Deeds):
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

    # What happens in Gmail.

    @rule(account=accounts_, person=people, to_us=st.booleans(), told=st.booleans(), same_thread=st.booleans(),
          also=st.just("") | people, labels=st.sampled_from([("INBOX", "UNREAD"), ("SENT",), ("SPAM",), ("INBOX",), ("DRAFT",)]))  # fmt: skip
    def arrives(
        self,
        account: str,
        person: str,
        *,
        to_us: bool,
        labels: tuple[str, ...],
        told: bool,
        same_thread: bool,
        also: str = "",
    ) -> None:
        """*also*: somebody in Cc."""
        logical = len(self.book.people)
        self.book.people[logical] = ((person, account) if to_us else (account, person)) + (also,)
        threads = [copy.thread for copy in self.book.copies if copy.account == account]
        more = {"threadId": threads[-1]} if same_thread and threads else {}
        self._put(account, logical, labels, told=told, **more)

    @rule(account=accounts_, told=st.booleans())
    def a_copy_arrives_elsewhere(self, account: str, told: bool) -> None:
        if self.book.people:
            self._put(account, max(self.book.people), ("INBOX",), told=told)

    @rule(account=accounts_, person=people)
    def old_mail_is_imported(self, account: str, person: str) -> None:
        logical = len(self.book.people)
        self.book.people[logical] = (person, account, "")
        self._put(account, logical, ("INBOX",), told=True, internalDateMs=1_500_000_000_000)

    @rule(account=accounts_, person=people, saves=st.integers(1, 3), sent=st.booleans(), told=st.booleans())
    def a_draft_is_written(self, account: str, person: str, saves: int, sent: bool, told: bool) -> None:
        """Each save puts a new message in the place of the last, and so does sending."""
        logical = len(self.book.people)
        self.book.people[logical] = (account, person, "")
        box, body = f"mailboxes/{account}", {"raw": encoded(self._raw(logical)), "notify": False}
        first = self.sea.google.control(f"{box}/drafts", body)
        draft, drafts = first["draftId"], [first]
        drafts += [self.sea.google.control(f"{box}/drafts/{draft}", body, "PUT") for _ in range(saves - 1)]
        for shown in drafts:
            self._note(account, logical, shown)
        if sent:
            body = {"notify": False}
            self._note(account, logical, self.sea.google.control(f"{box}/drafts/{draft}/send", body))
            self.book.visible.add(logical)
        self._tell(account, told)

    @rule(
        which=newest_first,
        verb=st.sampled_from(["trash", "untrash", "spam", "ham", "read"]),
        told=st.booleans(),
    )
    def is_moved(self, which: int, verb: str, told: bool) -> None:
        copy = self._some(which)
        if copy is None:
            return
        where = f"mailboxes/{copy.account}/messages/{copy.gmail_id}"
        moves = {"spam": (["SPAM"], ["INBOX"]), "ham": (["INBOX"], ["SPAM"]), "read": ([], ["UNREAD"])}
        if verb in moves:
            add, remove = moves[verb]
            self.sea.google.control(f"{where}/labels", {"add": add, "remove": remove, "notify": False})
        else:
            self.sea.google.control(f"{where}/{verb}", {"notify": False})
        if not SKIP & set(self.sea.google.messages(copy.account)[copy.gmail_id].get("labelIds", ())):
            self.book.visible.add(copy.logical)
        self._tell(copy.account, told)

    @rule(account=accounts_, person=people, seen=st.booleans(), told=st.booleans())
    def is_rescued_from_spam(self, account: str, person: str, seen: bool, told: bool) -> None:
        self.arrives(account, person, to_us=True, labels=("SPAM",), told=True, same_thread=False)
        if seen:
            self._work(None)
        self.is_moved(0, "ham", told)

    @rule(which=newest_first, told=st.booleans())
    def is_deleted(self, which: int, told: bool) -> None:
        copy = self._some(which)
        if copy is not None:
            self.sea.google.control(f"mailboxes/{copy.account}/messages/{copy.gmail_id}", method="DELETE")
            self._tell(copy.account, told)

    @rule(account=accounts_, person=people)
    def history_expires(self, account: str, person: str) -> None:
        """With a message in it that nobody was told of."""
        self._comes(account, person, told=False)
        self.sea.google.control(f"mailboxes/{account}/history-floor", {"to": "current"})

    @rule(history=st.sampled_from([0.0, 3.0, 20.0]), messages=st.sampled_from([0.0, 3.0, 20.0]))
    def the_index_lags(self, history: float, messages: float) -> None:
        """What history tells of may not be there to be read yet."""
        self.disturbed = True
        self.sea.google.control("settings", {"history_lag_sec": history, "message_lag_sec": messages})

    @rule(
        effect=st.sampled_from(FAULTS),
        method=st.sampled_from(METHODS),
        first=st.integers(1, 4),
        skip=st.integers(0, 5),
    )
    def google_fails(self, effect: str, method: str, first: int, skip: int) -> None:
        self.disturbed = True
        for turn in range(first):
            self.sea.google.control(
                "faults", {"effect": effect, "method": method, "nth": skip + turn + 1, "seconds": 30}
            )

    @rule(account=accounts_, how=st.sampled_from(sorted(ENDS)))
    def access_ends(self, account: str, how: str) -> None:
        """A grant is revoked, a user is gone, a policy forbids: until somebody mends it."""
        self.disturbed = True
        refusal = {"status": 400, "error": how, "errorDescription": ENDS[how], "email": account}
        self.sea.google.control("token-errors", refusal)
        self.sea.google.control("tokens/expire", {"email": account})

    @rule(account=accounts_)
    def a_notification_comes_twice_late_or_early(self, account: str) -> None:
        self._notify(account, 1)
        self._notify(account, 10**9)

    # What people do.

    @rule(number=st.integers(0, len(RULES) - 1))
    def know(self, number: int) -> None:
        name, kind, value = RULES[number]
        with Database.transaction(self.db) as conn:
            investors.upsert(conn, [InvestorRow(name, "", kind, value)])
        self.book.rules.add(number)
        self.book.ever.add(number)

    @rule(number=st.integers(0, len(RULES) - 1))
    def forget(self, number: int) -> None:
        self.sea.rows(b"DELETE FROM mailroom.investors WHERE name = %s RETURNING 1", RULES[number][0])
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
                (self.know if how == "know" else self.forget)(number)
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

    def _comes(self, account: str, person: str, *, told: bool = True, also: str = "") -> None:
        """Let there be something to lose: a plain new message."""
        self.arrives(account, person, to_us=True, labels=("INBOX",), told=told, same_thread=False, also=also)
