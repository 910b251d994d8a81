"""What a message says about a calendar, as plain values."""

from dataclasses import dataclass
from typing import Literal

Step = Literal["invitation", "update", "cancellation", "reply", "counter", "published", "other"]


@dataclass(frozen=True, slots=True)
class Attendee:
    """Somebody invited, and what they answered."""

    address: str
    name: str
    status: str  # accepted | declined | tentative | needs-action | delegated, or "" when nothing is said


@dataclass(frozen=True, slots=True)
class Event:
    """One event of an invitation.

    A time is ISO 8601: UTC with a Z where the zone is known ("2026-03-03T09:00:00Z"), a day alone for
    all-day events ("2026-03-03"), without zone where the sender gave none; "" when there is none.
    """

    uid: str
    sequence: int
    status: str  # confirmed | tentative | cancelled, or ""
    title: str
    place: str
    starts: str
    ends: str
    zone: str  # as the sender names it: "Europe/Stockholm", "W. Europe Standard Time"; "" when none
    repeats: str  # the RRULE, "" for a single event
    occurrence: str  # which one of a series this is about, "" for all of it
    organizer: str
    attendees: tuple[Attendee, ...]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What a message says about a calendar."""

    step: Step
    events: tuple[Event, ...]
