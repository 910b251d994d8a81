"""Keep a lease while one step takes long: a slow Gmail, a large mail, a pause for units.

Without it a step longer than the lease could never end: two workers would take the account from each
other for ever.  It is bounded: a worker that hangs stops beating, and its account is taken over.
"""

import time
from threading import Event, Thread
from types import TracebackType
from typing import Self

from shared.errors import LeaseLost, MailroomError
from shared.log import logger
from shared.store import deltas
from shared.store.database import Database
from shared.store.deltas import LEASE, Lease

log = logger("consumer")

BEAT_SEC = LEASE.total_seconds() / 3
# A step that shows no progress for this long hangs; another worker shall have the account.
LONGEST_STEP_SEC = 600.0


class Heartbeat:
    """Extends one lease from a thread of its own, for as long as the work in the block gets on."""

    def __init__(
        self, db: Database, lease: Lease, *, every: float = BEAT_SEC, longest_step: float = LONGEST_STEP_SEC
    ) -> None:
        """*every* and *longest_step* are in seconds."""
        self._db, self._lease = db, lease
        self._every, self._longest = every, longest_step
        self._over = Event()
        self._progress_at = time.monotonic()
        self._thread = Thread(target=self._beat, name=f"heartbeat-{lease.account_id}", daemon=True)

    def progress(self) -> None:
        """Say that a step has ended: the time a step may take begins anew."""
        self._progress_at = time.monotonic()

    @property
    def beating(self) -> bool:
        """Whether the lease is still being extended."""
        return self._thread.is_alive()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Waited for: a beat under way must not extend the lease after it was given back.
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._over.wait(self._every):
            if time.monotonic() - self._progress_at > self._longest:
                log.error("step.hangs", account=self._lease.account_id, seconds=self._longest)
                return
            if not self._extend():
                return

    def _extend(self) -> bool:
        """Extend the lease; False when it is no longer ours (the worker's own fence will find out)."""
        try:
            with self._db.transaction() as conn:
                deltas.hold(conn, self._lease, lasts=LEASE)
        except LeaseLost:
            return False
        except MailroomError as away:
            log.warning("heartbeat.missed", account=self._lease.account_id, why=str(away))
        return True
