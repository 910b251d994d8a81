"""What the simulation's steps are made of: mail put into a mailbox, notifications, and consumers at work."""

from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine

from consumer.rematch import catch_up
from consumer.worker import attend
from shared.store import deltas
from shared.store.database import Database
from tests.simulation.book import SKIP, Book, Copy
from tests.simulation.sea import Died, Hooked, Sea
from watcher.intake import take
from watcher.notification import Notification

# Once nothing is owed for so many hours in a row, nothing more will happen; a day is enough for all else.
CALM, AT_MOST = 3, 24
# Two accounts with old mail take turns, a step each.
MOST_RUNS = 60
OWED = b"""
    SELECT (SELECT count(*) FROM mailroom.account_messages WHERE state = 'waiting')
         + (SELECT count(*) FROM mailroom.email_searches WHERE finished_at IS NULL)
         + (SELECT count(*) FROM mailroom.email_accounts WHERE status <> 'active')
"""


class Deeds(RuleBasedStateMachine):
    """A schedule's world, and what may be done in it."""

    db: ClassVar[Hooked]
    sea: Sea
    book: Book

    def _quieten(self) -> None:
        """Nothing happens any more, everything works: what is owed has to be done now."""
        self.sea.google.control("faults/clear")
        self.sea.google.control("settings", {"history_lag_sec": 0.0, "message_lag_sec": 0.0})
        calm = 0
        for _ in range(AT_MOST):
            self.sea.later(3700)
            catch_up(self.db, self.sea.deps.matching)
            self._reconnect()
            self._work(None)
            calm = 0 if self.sea.rows(OWED) != [(0,)] else calm + 1
            if calm == CALM:
                return

    def _reconnect(self) -> None:
        """An admin mends what only people can."""
        self.sea.google.control("token-errors/clear")
        stopped = self.sea.rows(
            b"UPDATE mailroom.email_accounts SET status = 'active', status_reason = '' WHERE status <> 'active'"
            b" RETURNING id"
        )
        with Database.transaction(self.db) as conn:
            deltas.wake(conn, [account_id for (account_id,) in stopped])

    def _put(
        self, account: str, logical: int, labels: tuple[str, ...], *, told: bool, **more: object
    ) -> None:
        shown = self.sea.google.deliver(account, self._raw(logical), labels, **more)
        self._note(account, logical, shown)
        if not SKIP & set(labels):
            self.book.visible.add(logical)
        self._tell(account, told)

    def _raw(self, logical: int) -> str:
        sender, to, also = self.book.people[logical]
        return (
            f"From: {sender}\r\nTo: {to}\r\n{f'Cc: {also}' if also else 'X-Cc: nobody'}\r\nSubject: S {logical}\r\n"
            f"Message-ID: <{logical}@sim>\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n\r\nHello {logical}\r\n"
        )

    def _note(self, account: str, logical: int, shown: dict[str, str]) -> None:
        where = shown["id"], logical, shown["threadId"], int(shown["historyId"])
        self.book.copies.append(Copy(account, *where))

    def _tell(self, account: str, told: bool) -> None:
        if told:
            self._notify(
                account, int(self.sea.google.control(f"mailboxes/{account}", method="GET")["historyId"])
            )

    def _notify(self, account: str, history_id: int) -> None:
        hook, self.db.hook = self.db.hook, None
        take(self.db, [Notification(account, history_id, "1", None)])
        self.db.hook = hook

    def _order(self, account: str) -> None:
        """Let there be work for the account: an admin asks for a run."""
        (account_id,) = self.sea.rows(b"SELECT id FROM mailroom.email_accounts WHERE address = %s", account)[
            0
        ]
        with Database.transaction(self.db) as conn:
            deltas.wake(conn, [account_id])

    def _some(self, which: int) -> Copy | None:
        there = [copy for copy in self.book.copies if copy.gmail_id in self.sea.google.messages(copy.account)]
        return there[-1 - which % len(there)] if there else None

    def _once(self, at: int, what: str, act):
        """A hook that acts at the *at*-th moment of this kind."""
        left = [at]

        def hook(moment: str) -> None:
            if moment == what:
                left[0] -= 1
                if left[0] == -1:
                    self.db.hook = None
                    act()

        return hook

    def _work(self, hook) -> None:
        """Serve every account that is due, as a consumer does; the hook may end or interrupt it."""
        for _ in range(MOST_RUNS):
            with Database.transaction(self.db) as conn:
                lease = deltas.lease(conn, owner="sim", lasts=deltas.LEASE)
            if lease is None:
                return
            self.db.hook = hook
            try:
                attend(self.sea.deps, lease)
            except Died:
                return
            finally:
                self.db.hook = None
