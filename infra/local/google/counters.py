"""What every mailbox has cost, and which messages were handed out: proof that no private body was read."""

from collections import Counter
from dataclasses import dataclass, field

from infra.local.google import prices
from infra.local.google.wire import Json


@dataclass(slots=True)
class Counted:
    """One mailbox."""

    calls: Counter[str] = field(default_factory=Counter)
    units: Counter[str] = field(default_factory=Counter)
    bodies: dict[str, list[str]] = field(
        default_factory=dict
    )  # format, or "attachment": message ids in order


class Counters:
    """All mailboxes."""

    def __init__(self) -> None:
        self._boxes: dict[str, Counted] = {}

    def charge(self, email: str, method: str) -> None:
        """Count one call and its price."""
        counted = self._box(email)
        counted.calls[method] += 1
        counted.units[method] += prices.units(method)

    def handed_out(self, email: str, shape: str, message_id: str) -> None:
        """Remember which message somebody was given, and how much of it."""
        self._box(email).bodies.setdefault(shape, []).append(message_id)

    def _box(self, email: str) -> Counted:
        return self._boxes.setdefault(email, Counted())

    def reset(self) -> None:
        """Count from zero."""
        self._boxes.clear()

    def shown(self) -> Json:
        """Return totals over all mailboxes, per method and in one number, and each mailbox by itself."""
        calls, units = Counter[str](), Counter[str]()
        for counted in self._boxes.values():
            calls.update(counted.calls)
            units.update(counted.units)
        return {
            "calls": calls.total(),
            "units": units.total(),
            "total": {"calls": dict(calls), "units": dict(units)},
            "mailboxes": {
                email: {"calls": dict(one.calls), "units": dict(one.units), "bodies": one.bodies}
                for email, one in self._boxes.items()
            },
        }
