"""Workers: lease the most overdue account, run it, give it back; wake when one turns due."""

import socket
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from os import getpid
from threading import Event, Thread, current_thread

from consumer import pace, words
from consumer.files import fetch_next
from consumer.heartbeat import Heartbeat
from consumer.rematch import catch_up, erase_outlived
from consumer.run import Deps, Outcome, run
from shared.blobs.sweeping import sweep
from shared.errors import LeaseLost, MailroomError, NoMailbox, OperatorMustAct, Reconnect, TryLater
from shared.log import logger
from shared.store import accounts, audit, deltas, emails, matching, rejects, runs
from shared.store.database import Connection
from shared.store.deltas import Lease
from shared.store.runs import Tally

log = logger("consumer")

# An account whose run failed for a reason nobody foresaw is tried again after this pause.
AFTER_SURPRISE = timedelta(minutes=1)
# Trouble only people can end: looked at again by itself, seldom.
AFTER_OPERATOR = timedelta(minutes=15)
AFTER_NO_MAILBOX = timedelta(hours=24)
STOPPED: dict[type[MailroomError], tuple[str, timedelta]] = {
    Reconnect: ("reconnect", AFTER_NO_MAILBOX),
    NoMailbox: ("no_mailbox", AFTER_NO_MAILBOX),
    OperatorMustAct: ("operator", AFTER_OPERATOR),
}
# Longest sleep without a wake-up call: what a lost announcement can cost.
LONGEST_SLEEP = timedelta(seconds=5)
LOOKS_FOR_CHANGES = timedelta(minutes=1)  # of the rules and in the feed, when none was announced
SWEEPS_EVERY = timedelta(hours=1)
LOOKS_FOR_FILES = timedelta(minutes=5)  # left out for their size: none, until the limit is raised


class Workers:
    """A few threads that work on different accounts, and one that listens for accounts turning due."""

    def __init__(self, deps: Deps, *, threads: int, stop: Event) -> None:
        self._deps = deps
        self._stop = stop
        self._due = Event()
        self._threads = [
            *(Thread(target=self._guard, args=(self._work,), name=f"worker-{n}") for n in range(threads)),
            Thread(target=self._guard, args=(self._listen,), name="listener", daemon=True),
            Thread(target=self._guard, args=(self._rematch,), name="rematcher", daemon=True),
            Thread(target=self._guard, args=(self._index_words,), name="indexer", daemon=True),
            Thread(target=self._guard, args=(self._sweep,), name="sweeper", daemon=True),
            *(
                Thread(target=self._guard, args=(self._fetch_files,), name=f"files-{n}", daemon=True)
                for n in range(deps.settings.attach_concurrency)
            ),
        ]

    def start(self) -> None:
        """Begin to work."""
        for thread in self._threads:
            thread.start()

    def join(self, *, timeout: float) -> None:
        """Wait until every worker has finished its step and given its account back (seconds each)."""
        self._due.set()
        for thread in self._threads:
            if not thread.daemon:
                thread.join(timeout)

    def _guard(self, work: Callable[[], None]) -> None:
        """Keep a thread alive whatever happens; the database may be away for hours."""
        while not self._stop.is_set():
            try:
                work()
            except TryLater as later:
                log.warning("consumer.waits", why=str(later))
                self._stop.wait(later.after.total_seconds())
            except Exception as surprise:
                log.exception("consumer.surprise", kind=type(surprise).__name__)
                self._stop.wait(1)

    def _listen(self) -> None:
        for _ in self._deps.db.listen(deltas.CHANNEL, timeout=LONGEST_SLEEP.total_seconds()):
            self._due.set()
            if self._stop.is_set():
                return

    def _rematch(self) -> None:
        """Follow the rules' changes, and erase what has matched nobody for long enough."""
        settings = self._deps.settings
        for _ in self._deps.db.listen(matching.CHANNEL, timeout=LOOKS_FOR_CHANGES.total_seconds()):
            catch_up(self._deps.db, self._deps.matching, stopped=self._stop.is_set)
            erase_outlived(self._deps.db, after=timedelta(days=settings.unmatched_retention_days))
            if self._stop.is_set():
                return

    def _index_words(self) -> None:
        """Follow the change feed, so that what was stored can be searched for."""
        for _ in self._deps.db.listen(emails.CHANNEL, timeout=LOOKS_FOR_CHANGES.total_seconds()):
            words.catch_up(self._deps.db)
            if self._stop.is_set():
                return

    def _sweep(self) -> None:
        self._stop.wait(SWEEPS_EVERY.total_seconds())
        if not self._stop.is_set():
            clear_away(self._deps)

    def _fetch_files(self) -> None:
        """Catch up with files that were left out and may be held by now."""
        while not self._stop.is_set() and fetch_next(self._deps):
            pass
        self._stop.wait(LOOKS_FOR_FILES.total_seconds())

    def _work(self) -> None:
        lease = self._lease()
        if lease is None:
            self._sleep()
        else:
            self._due.set()  # there may be more than one: let a neighbour look
            attend(self._deps, lease)

    def _lease(self) -> Lease | None:
        owner = f"{socket.gethostname()}:{getpid()}:{current_thread().name}"
        with self._deps.db.transaction() as conn:
            return deltas.lease(conn, owner=owner, lasts=deltas.LEASE)

    def _sleep(self) -> None:
        """Sleep until an account turns due, somebody says so, or we stop."""
        self._due.clear()
        with self._deps.db.transaction() as conn:
            due = deltas.next_due(conn)
        pause = LONGEST_SLEEP if due is None else min(due - datetime.now(UTC), LONGEST_SLEEP)
        if not self._stop.is_set():
            self._due.wait(max(pause.total_seconds(), 0.005))


def clear_away(deps: Deps) -> None:
    """Forget old rejects, end the retention of raw messages, and remove blobs nothing refers to."""
    with deps.db.transaction() as conn:
        rejects.forget(conn, older_than=rejects.KEPT)
    sweep(deps.db, deps.blobs, raw_retention=timedelta(days=deps.settings.raw_retention_days))


def attend(deps: Deps, lease: Lease) -> Tally:
    """Run one leased account and give it back, whatever happened; return what was done.

    One account's trouble stays its own: nothing is raised but the database being away.
    """
    started, tally = datetime.now(UTC), Tally()
    with deps.gmail.counting(lambda units: _spend(tally, units)), Heartbeat(deps.db, lease) as heart:
        outcome = _attempt(deps, lease, tally, heart)
    if outcome is None:
        return tally
    with deps.db.transaction() as conn:
        if tally.changed:
            runs.record(conn, lease.account_id, tally, started_at=started)
        if outcome.vain:
            _keep_pace(conn, lease)
        deltas.release(
            conn, lease, due_in=outcome.due_in, seen_wake=outcome.seen_wake, lag_looks=outcome.lag_looks
        )
    if tally.changed:
        log.info(
            "run.done", account=lease.account_id, kind=tally.kind, status=tally.status, stored=tally.stored
        )
    return tally


def _keep_pace(conn: Connection, lease: Lease) -> None:
    """While Gmail fails, notifications ask no faster than when they tell of nothing."""
    with suppress(LeaseLost):  # the account was removed
        pushed = deltas.pushed(conn, lease)
        paced = pace.after(pushed.vain, pushed.calm, asked=True, news=False)
        if paced is not None:
            deltas.pace(conn, lease, vain=paced.vain, pause=paced.pause)


def _spend(tally: Tally, units: int) -> None:
    tally.units += units


def _attempt(deps: Deps, lease: Lease, tally: Tally, heart: Heartbeat) -> Outcome | None:
    """Return when the account is due again, or None when it is no longer ours to give back."""
    try:
        return run(deps, lease, tally, progress=heart.progress)
    except LeaseLost as lost:
        log.warning("lease.lost", account=lease.account_id, why=str(lost))
        return None
    except TryLater as later:
        log.info("run.waits", account=lease.account_id, why=str(later))
        return Outcome(later.after, None, None, vain=True)
    except (Reconnect, NoMailbox, OperatorMustAct) as trouble:
        tally.error = str(trouble)
        return _stop_account(deps, lease, trouble)
    except MailroomError as refused:
        log.error("run.failed", account=lease.account_id, why=str(refused))
        tally.error = str(refused)
    except Exception as surprise:
        # The text may quote mail; the traceback goes to the log, which shows code and no values.
        log.exception("run.surprise", account=lease.account_id, kind=type(surprise).__name__)
        tally.error = f"unexpected {type(surprise).__name__}; the log has the details"
    return Outcome(AFTER_SURPRISE, None, None, vain=True)


def _stop_account(deps: Deps, lease: Lease, trouble: Reconnect | NoMailbox | OperatorMustAct) -> Outcome:
    status, pause = next(what for kind, what in STOPPED.items() if isinstance(trouble, kind))
    with deps.db.transaction() as conn:
        accounts.set_status(conn, lease.account_id, status, str(trouble))
        audit.note(conn, actor="consumer", action=f"account.{status}", subject=str(lease.account_id))
    log.error("account.stopped", account=lease.account_id, status=status, why=str(trouble))
    return Outcome(pause, None, 0)
