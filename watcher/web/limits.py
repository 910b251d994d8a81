"""Slow down whoever tries too often.  Counted in this process, which is enough against guessing."""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock
from typing import cast

from flask import Flask, current_app

WINDOW = timedelta(minutes=1)
MOST_KEYS = 10_000  # callers remembered at once; beyond that the counts start afresh


class Limiter:
    """Counts tries by key within a minute.  Safe to share between threads."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now, self._lock = now, Lock()
        self._since: dict[str, tuple[datetime, int]] = {}

    def spent(self, key: str, *, most: int) -> bool:
        """Tell whether *key* has had its *most* tries of this minute."""
        with self._lock:
            return self._count(key)[1] >= most

    def count(self, key: str) -> None:
        """Count one try."""
        with self._lock:
            if len(self._since) >= MOST_KEYS:
                self._since.clear()
            since, tries = self._count(key)
            self._since[key] = since, tries + 1

    def _count(self, key: str) -> tuple[datetime, int]:
        now = self._now()
        since, tries = self._since.get(key, (now, 0))
        # abs: a clock that was set back must not lock anybody out.
        return (since, tries) if abs(now - since) < WINDOW else (now, 0)


def install(app: Flask, now: Callable[[], datetime]) -> None:
    """Give *app* a limiter of its own."""
    app.extensions["mailroom.limiter"] = Limiter(now)


def limiter() -> Limiter:
    """Return the current app's limiter."""
    return cast("Limiter", current_app.extensions["mailroom.limiter"])
