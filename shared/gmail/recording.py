"""Keeps the record of units close to what was spent, while a process works and when it ends."""

import threading
from collections.abc import Generator
from contextlib import contextmanager

from shared.errors import TryLater
from shared.gmail.quota import Budget
from shared.log import logger

log = logger("quota")

EVERY_SEC = 3.0


@contextmanager
def recording(budget: Budget, *, every: float = EVERY_SEC) -> Generator[Budget]:
    """Flush *budget* every few seconds inside the block, and at its end."""
    ended = threading.Event()

    def flush() -> None:
        try:
            budget.flush(ending=ended.is_set())
        except TryLater as away:
            log.warning("quota.record_waits", why=str(away))
        except Exception as surprise:  # the record must not end with one bad write
            log.exception("quota.record_failed", kind=type(surprise).__name__)

    def keep_flushing() -> None:
        flush()  # at once: what the day has spent so far is not known before
        while not ended.wait(every):
            flush()

    thread = threading.Thread(target=keep_flushing, name="units", daemon=True)
    thread.start()
    try:
        yield budget
    finally:
        ended.set()
        thread.join()
        flush()
