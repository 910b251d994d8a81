"""Quota: units of the last minute for each user and project, and calls at the same time (facts A10, A11).

Off unless switched on.  A refused call is charged too, as far as anybody knows.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime

from infra.local.google.errors import GoogleError, quota_spent, too_many_concurrent
from infra.local.google.settings import Settings

MINUTE = 60.0


@dataclass(slots=True)
class Window:
    """The units of one user or project in the last minute."""

    spent: deque[tuple[float, int]] = field(default_factory=deque)
    total: int = 0

    def add(self, now: float, units: int) -> None:
        """Count a call."""
        self.forget(now)
        self.spent.append((now, units))
        self.total += units

    def forget(self, now: float) -> None:
        """Drop what is older than a minute."""
        while self.spent and self.spent[0][0] <= now - MINUTE:
            self.total -= self.spent.popleft()[1]


class Meter:
    """All windows.  Hold the state's lock."""

    def __init__(self) -> None:
        self._users: dict[str, Window] = {}
        self._projects: dict[str, Window] = {}
        self._until: dict[str, float] = {}  # a user told to retry after a time, until then
        self._running: Counter[str] = Counter()
        self.refusals: Counter[tuple[str, str]] = Counter()  # (user, what)

    def enter(self, user: str, settings: Settings) -> None:
        """Begin a call.  Raises Google's 429 when there are too many of this user at once."""
        most = settings.concurrent_calls
        if most and self._running[user] >= most:
            self.refusals[user, "concurrent"] += 1
            raise too_many_concurrent()
        self._running[user] += 1

    def leave(self, user: str) -> None:
        """End a call."""
        self._running[user] -= 1

    def charge(self, user: str, project: str, units: int, now: float, settings: Settings) -> None:
        """Count a call's units.  Raises Google's refusal when the minute has not that many left."""
        late = self._until.get(user, 0.0)
        windows = (
            (self._users.setdefault(user, Window()), settings.units_per_minute),
            (self._projects.setdefault(project, Window()), settings.project_units_per_minute),
        )
        for window, _ in windows:
            window.forget(now)
        over = any(most and window.total + units > most for window, most in windows)
        if not over and now >= late:
            for window, _ in windows:
                window.add(now, units)
            return
        if settings.refused_calls_cost:
            for window, _ in windows:
                window.add(now, units)
        self.refusals[user, "quota"] += 1
        raise self._refusal(user, now, settings)

    def _refusal(self, user: str, now: float, settings: Settings) -> GoogleError:
        if settings.quota_style == "retry_after":
            # Asking again before the time that was named moves it out.
            self._until[user] = max(self._until.get(user, 0.0), now + settings.retry_after_sec)
            return retry_after(self._until[user], settings.quota_status)
        return quota_old() if settings.quota_style == "old" else quota_spent()

    def shown(self) -> dict[str, dict[str, int]]:
        """Return refusals by user."""
        found: dict[str, dict[str, int]] = {}
        for (user, what), number in self.refusals.items():
            found.setdefault(user, {})[what] = number
        return found

    def most_in_a_minute(self, user: str) -> int:
        """Return the units of this user's last minute as it is counted now."""
        window = self._users.get(user)
        return window.total if window else 0


def retry_after(until: float, status: int) -> GoogleError:
    """Refuse and name a time, with the two blanks of the original."""
    moment = datetime.fromtimestamp(until, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return GoogleError(
        status,
        f"User-rate limit exceeded.  Retry after {moment}",
        "userRateLimitExceeded" if status == 403 else "rateLimitExceeded",  # noqa: PLR2004
        domain="usageLimits",
    )


def quota_old() -> GoogleError:
    """Refuse in the words older projects see."""
    return GoogleError(
        403,
        "Quota exceeded for quota metric 'Queries' and limit 'Previous quota: Units per minute per user' of "
        "service 'gmail.googleapis.com' for consumer 'project_number:1'.",
        "rateLimitExceeded",
        domain="usageLimits",
    )
