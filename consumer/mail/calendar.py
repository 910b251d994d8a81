"""Invitations, their updates and cancellations, and the answers to them (iCalendar, RFC 5545 and 5546).

The library reads the lines; what could make it work without end is taken out before it sees them.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar as Library
from icalendar import vBroken
from icalendar.timezone import tzp
from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from consumer.mail.addresses import normal
from consumer.mail.events import Attendee, Calendar, Event, Step
from consumer.mail.text import decode, one_line
from consumer.mail.tree import Leaf

TYPES = frozenset({"text/calendar", "application/ics"})
STEPS: dict[str, Step] = {
    "CANCEL": "cancellation",
    "REPLY": "reply",
    "COUNTER": "counter",
    "PUBLISH": "published",
    "ADD": "update",
}
# The properties of an event that are read.
READ = frozenset(
    (
        "UID SEQUENCE STATUS SUMMARY LOCATION DTSTART DTEND DURATION RRULE RECURRENCE-ID ORGANIZER ATTENDEE"
    ).split()
)
MOST_BYTES = 512 * 1024
MOST_TRIED = 3  # parts of one mail
MOST_LINES = 20_000
MOST_EVENTS = 20
MOST_ATTENDEES = 200
LONGEST = 1_000  # characters of a title or a place

ZONE_NAME = re.compile(r"^TZID[^:\n]{0,100}:(.{1,200})$", re.IGNORECASE | re.MULTILINE)
ENDLESS = re.compile(r"FREQ=(?!YEARLY)|COUNT=\d{4}|BYHOUR|BYMINUTE|BYSECOND|RDATE", re.IGNORECASE)
MOST_CHANGES = 40  # of zones and their offsets, all of a mail together
FOLD = re.compile(r"(?<!\n)\n+[ \t]")  # over empty lines too, as the library unfolds


def read(leaves: Sequence[Leaf], defects: set[str]) -> Calendar | None:
    """Read the first calendar part with an event in it; *defects* is told of one that cannot be read."""
    # A calendar without a method is somebody's file like another; one with it asks, or answers.
    stated = (
        leaf
        for leaf in leaves
        if leaf.media_type in TYPES and (leaf.type_parameters.get("method") or _stated(leaf.content))
    )
    for leaf in islice(stated, MOST_TRIED):
        try:
            found = _read(leaf, defects)
        except Exception:  # noqa: BLE001 - whatever the library trips over, the part stays an attachment
            defects.add("calendar-broken")
            continue
        if found:
            return found
    return None


def _stated(content: bytes) -> bool:
    return b"METHOD:" in content[:MOST_BYTES].upper()


def _read(leaf: Leaf, defects: set[str]) -> Calendar | None:
    text, _ = decode(leaf.content[:MOST_BYTES], leaf.type_parameters.get("charset") or "utf-8")
    lines = "\n".join(line.rstrip("\r") for line in text.split("\n"))
    text = _safe(FOLD.sub("", lines))
    tzp.use_default()  # the library remembers every zone a mail ever described, by a name the sender chose
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they quote the mail
        known = Library.from_ical(text)
    components = known.walk("VEVENT")[:MOST_EVENTS]
    if not components:
        return None
    events = tuple(map(_event, components))
    if any(name in READ for one in components for name, _ in one.errors):
        defects.add("calendar-broken")
    method = _text(known.get("METHOD") or leaf.type_parameters.get("method", ""))
    return Calendar(_step(method.upper(), events), events)


def _safe(text: str) -> str:
    """Cut the text to its limits, and take out zones: those we know by name, and those without end."""
    kept, room = list[str](), MOST_CHANGES
    for lines, is_zone in _pieces(text.split("\n")[:MOST_LINES]):
        piece = "\n".join(lines)
        if is_zone:
            if not _needed(piece):
                continue
            room -= piece.upper().count("BEGIN")
        if not is_zone or room >= 0:
            kept.append(piece)
    return "\n".join(kept) + "\n"  # text without a line end the library takes for the name of a file


def _pieces(lines: Sequence[str]) -> Iterator[tuple[Sequence[str], bool]]:
    """Divide lines into zones and what stands between them; a zone never closed is none."""
    start, begin = 0, -1
    for number, line in enumerate(lines):
        if begin < 0 and _is_edge("BEGIN", line):
            begin = number
        elif begin >= 0 and _is_edge("END", line):
            yield lines[start:begin], False
            yield lines[begin : number + 1], True
            start, begin = number + 1, -1
    yield lines[start:], False


def _is_edge(edge: str, line: str) -> bool:
    """Whether a zone begins or ends here; the library takes parameters there: BEGIN;X=Y:VTIMEZONE."""
    said = line.upper()
    return "VTIMEZONE" in said and edge in said.partition(":")[0]


def _needed(zone: str) -> bool:
    name = ZONE_NAME.search(zone)
    return not (name and _zone(name[1].strip())) and not ENDLESS.search(zone)


def _step(method: str, events: Sequence[Event]) -> Step:
    if method == "REQUEST":
        return "update" if any(event.sequence or event.occurrence for event in events) else "invitation"
    return STEPS.get(method, "other")


def _event(event: Any) -> Event:
    start, stated = _moment(event, "DTSTART")
    starts, zone = _written(start, stated)
    rule = _value(event, "RRULE")
    return Event(
        uid=_text(_value(event, "UID")),
        sequence=_number(_value(event, "SEQUENCE")),
        status=_text(_value(event, "STATUS")).lower()[:40],
        title=_text(_value(event, "SUMMARY")),
        place=_text(_value(event, "LOCATION")),
        starts=starts,
        ends=_ends(event, start, stated),
        zone=zone,
        repeats=one_line(rule.to_ical().decode("utf-8", "replace"))[:LONGEST]
        if hasattr(rule, "to_ical")
        else "",
        occurrence=_written(*_moment(event, "RECURRENCE-ID"))[0],
        organizer=_address(_value(event, "ORGANIZER")),
        attendees=tuple(_attendees(event.get("ATTENDEE"))),
    )


def _attendees(value: Any) -> Iterator[Attendee]:
    for one in (value if isinstance(value, list) else [value])[:MOST_ATTENDEES]:
        address = _address(one)
        if address:
            parameters = getattr(one, "params", {})
            yield Attendee(
                address, _text(parameters.get("CN"))[:200], _text(parameters.get("PARTSTAT")).lower()[:40]
            )


def _address(value: Any) -> str:
    stated = _text(value)
    return normal(stated[7:] if stated.lower().startswith("mailto:") else stated) or ""


def _value(event: Any, name: str) -> Any:
    """Return the first value of a property, None where there is none that can be read."""
    value = event.get(name)
    value = value[0] if isinstance(value, list) and value else value
    return None if isinstance(value, vBroken) else value


def _moment(event: Any, name: str) -> tuple[date | None, str]:
    """Return (a time in its zone where that is known, or a day; the name of its zone)."""
    value = _value(event, name)
    moment = getattr(value, "dt", None)
    if not isinstance(moment, datetime):
        return (moment if isinstance(moment, date) else None), ""
    stated = _text(getattr(value, "params", {}).get("TZID"))
    zone = _zone(stated)
    return (moment.replace(tzinfo=zone) if zone else moment), stated


def _written(moment: date | None, stated: str) -> tuple[str, str]:
    """Return (the time as Event has it, the name of its zone)."""
    if not isinstance(moment, datetime):
        return (moment.isoformat() if moment else ""), ""
    with suppress(OverflowError, ValueError):  # the first and the last day of all calendars
        if moment.tzinfo:
            return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), stated or "UTC"
    return moment.replace(tzinfo=None).isoformat(timespec="seconds"), stated


def _ends(event: Any, start: date | None, stated: str) -> str:
    """Return when an event ends: as it says, or by how long it says to last."""
    end, zone = _moment(event, "DTEND")
    lasts = getattr(_value(event, "DURATION"), "dt", None)
    if end is None and start is not None and isinstance(lasts, timedelta) and lasts >= timedelta(0):
        with suppress(OverflowError):
            end, zone = _later(start, lasts), stated
    return _written(end, zone)[0]


def _later(start: date, lasts: timedelta) -> date:
    """Add days by the calendar and hours by the clock (RFC 5545): a day may have 23 hours."""
    later = start + timedelta(days=lasts.days)
    if not isinstance(later, datetime):
        return later
    hours = timedelta(seconds=lasts.seconds)
    return later.astimezone(UTC) + hours if later.tzinfo else later + hours


def _zone(name: str) -> ZoneInfo | None:
    """Return a zone by its name in the world's table, or by the name Windows gives it."""
    name = name.strip().strip('"')
    # Some programs put their own name before it: /citadel.org/20210210_1/Europe/Stockholm.
    for known in (
        name,
        WINDOWS_TO_OLSON.get(name, ""),
        "/".join(name.split("/")[-2:]) if name[:1] == "/" else "",
    ):
        if re.fullmatch(r"[A-Za-z0-9_+-]{1,40}(?:/[A-Za-z0-9_+-]{1,40}){0,2}", known):
            with suppress(Exception):
                return ZoneInfo(known)
    return None


def _text(value: Any) -> str:
    value = value[0] if isinstance(value, list) and value else value
    return one_line(str(value or ""))[:LONGEST]


def _number(value: Any) -> int:
    digits = _text(value)
    return int(digits) if re.fullmatch(r"[0-9]{1,9}", digits) else 0
