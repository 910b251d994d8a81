"""Invitations and the answers to them."""

import pytest

from consumer.mail.events import Attendee

ZONES = "BEGIN:VTIMEZONE\r\nTZID:{name}\r\nBEGIN:STANDARD\r\nDTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\nRRULE:FREQ={freq};BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ={freq};BYDAY=-1SU;BYMONTH=3\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"  # fmt: skip
EVENT = "UID:1@lp.example\r\nDTSTART;TZID=Europe/Stockholm:20260303T100000\r\nDTEND;TZID=Europe/Stockholm:20260303T110000\r\nSUMMARY:Board\\, Q1\r\nLOCATION:Room 1\r\nORGANIZER;CN=Ada:mailto:Ada@LP.example\r\nATTENDEE;CN=Vera;PARTSTAT=ACCEPTED:mailto:vera@fund.example\r\n"  # fmt: skip


def invitation(event=EVENT, method="REQUEST", zones="", more=""):
    calendar = f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:{method}\r\n{zones}BEGIN:VEVENT\r\n{event}{more}END:VEVENT\r\nEND:VCALENDAR\r\n"
    return f"Content-Type: text/calendar; charset=utf-8; method={method}\r\n\r\n{calendar}".encode()


@pytest.fixture
def event(read, mixed):
    """Read one event out of a mail with these properties."""
    return lambda *given, **more: read(
        mixed(invitation(*given, **more), subtype=b"alternative")
    ).calendar.events[0]


def test_an_invitation_says_who_when_and_where(read, mixed):
    mail = read(
        mixed(
            b"Content-Type: text/plain\r\n\r\nCome.",
            invitation(more="SEQUENCE:0\r\nSTATUS:CONFIRMED\r\n"),
            subtype=b"alternative",
        )
    )
    one = mail.calendar.events[0]

    assert (mail.kind, mail.calendar.step, mail.text) == ("calendar", "invitation", "Come.")
    assert (one.uid, one.title, one.place, one.status) == ("1@lp.example", "Board, Q1", "Room 1", "confirmed")
    assert (one.starts, one.ends, one.zone) == (
        "2026-03-03T09:00:00Z",
        "2026-03-03T10:00:00Z",
        "Europe/Stockholm",
    )
    assert one.organizer == "ada@lp.example"
    assert one.attendees == (Attendee("vera@fund.example", "Vera", "accepted"),)
    assert [file.media_type for file in mail.attachments] == ["text/calendar"]


@pytest.mark.parametrize(
    ("method", "more", "step"),
    [
        ("REQUEST", "SEQUENCE:2\r\n", "update"), ("REQUEST", "RECURRENCE-ID:20260303T090000Z\r\n", "update"),
        ("CANCEL", "STATUS:CANCELLED\r\n", "cancellation"), ("REPLY", "", "reply"), ("COUNTER", "", "counter"), ("PUBLISH", "", "published"),
    ],
)  # fmt: skip
def test_what_happens_to_the_event_is_told(method, more, step, read, mixed):
    mail = read(mixed(invitation(method=method, more=more)))

    assert mail.calendar.step == step
    assert mail.kind == ("person" if step == "published" else "calendar")


WHEN = {
    "DTSTART:20260303T090000Z": ("2026-03-03T09:00:00Z", "UTC"),
    "DTSTART;VALUE=DATE:20260303": ("2026-03-03", ""),
    "DTSTART:20260303T100000": ("2026-03-03T10:00:00", ""),
    "DTSTART;TZID=W. Europe Standard Time:20260303T100000": ("2026-03-03T09:00:00Z", "W. Europe Standard Time"),
    'DTSTART;TZID="Asia/Tokyo":20260303T180000': ("2026-03-03T09:00:00Z", "Asia/Tokyo"),
    "DTSTART;TZID=/citadel.org/20210210_1/Europe/Paris:20260303T100000": ("2026-03-03T09:00:00Z", "/citadel.org/20210210_1/Europe/Paris"),
    "DTSTART;TZID=../../etc/passwd:20260303T100000": ("2026-03-03T10:00:00", "../../etc/passwd"),
    "DTSTART:99991231T235959Z": ("9999-12-31T23:59:59Z", "UTC"),
    "DTSTART;TZID=America/New_York:99991231T235959": ("9999-12-31T23:59:59", "America/New_York"),
}  # fmt: skip


@pytest.mark.parametrize("line", WHEN)
def test_times_become_utc_where_their_zone_is_known(line, event):
    one = event(f"UID:1\r\n{line}\r\n")

    assert (one.starts, one.zone) == WHEN[line]


def test_a_zone_described_in_the_mail_is_used_unless_it_has_no_end(event):
    there = "UID:1\r\nDTSTART;TZID=Our Office:20260703T100000\r\n"

    assert event(there, zones=ZONES.format(name="Our Office", freq="YEARLY")).starts == "2026-07-03T08:00:00Z"
    assert (
        event(there, zones=ZONES.format(name="Our Office", freq="SECONDLY")).starts == "2026-07-03T10:00:00"
    )


LASTS = {
    "DTSTART:20260303T100000Z\r\nDURATION:PT1H": "2026-03-03T11:00:00Z",
    "DTSTART;TZID=Europe/Stockholm:20260328T100000\r\nDURATION:P1D": "2026-03-29T08:00:00Z",  # a day of 23 hours
    "DTSTART;TZID=Europe/Stockholm:20260328T230000\r\nDURATION:PT6H": "2026-03-29T04:00:00Z",
    "DTSTART:20260303T100000\r\nDURATION:P1DT30M": "2026-03-04T10:30:00",
    "DTSTART;VALUE=DATE:20260303\r\nDURATION:P2D": "2026-03-05",
    "DTSTART:99991231T235959Z\r\nDURATION:PT1H": "",
    "DTSTART;TZID=America/New_York:99991231T235959\r\nDURATION:PT1H": "",
    "DTSTART:20260303T100000Z\r\nDURATION:P99999999999999D": "",
    "DTSTART:20260303T100000Z\r\nDURATION:-PT1H": "",
    "DTSTART:20260303T100000Z\r\nDTEND:20260303T103000Z\r\nDURATION:PT1H": "2026-03-03T10:30:00Z",
    "DTSTART:20260303T100000Z\r\nDTEND:garbage\r\nDURATION:PT1H": "2026-03-03T11:00:00Z",
    "DURATION:PT1H": "",
}


@pytest.mark.parametrize("lines", LASTS)
def test_an_event_that_says_how_long_it_lasts_has_an_end(lines, event):
    assert event(f"UID:1\r\n{lines}\r\n").ends == LASTS[lines]


@pytest.mark.parametrize(
    "name",
    [
        "DTSTART",
        "DTEND",
        "DURATION",
        "RRULE:FREQ=NEVER\r\nX",
        "SEQUENCE",
        "RECURRENCE-ID",
        'ATTENDEE;CN="a:b\r\nX',
    ],
)
def test_a_property_that_cannot_be_read_costs_itself_alone(name, read, mixed):
    good = EVENT if name not in {"DTSTART", "DTEND"} else EVENT.replace(f"{name};", "X-OLD;")
    mail = read(mixed(invitation(good, more=f"{name}:garbage\r\n"), subtype=b"alternative"))
    one = mail.calendar.events[0]

    assert (mail.kind, one.title, one.organizer) == ("calendar", "Board, Q1", "ada@lp.example")
    assert one.starts == ("" if name == "DTSTART" else "2026-03-03T09:00:00Z")
    assert ("calendar-broken" in mail.defects) is (name[:8] != "ATTENDEE")


@pytest.mark.parametrize(
    "broken",
    [
        b"", b"BEGIN:VCALENDAR", b"END:VEVENT\r\n" * 9, b"BEGIN:VCALENDAR\r\n" * 5_000, b"\xff" * 900, b"METHOD:REQUEST\r\nBEGIN:VEVENT",
        b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nDTSTART:x\r\nRRULE:FREQ=NEVER\r\nATTENDEE:\0\r\nEND:VEVENT\r\nEND:VCALENDAR",
    ],
)  # fmt: skip
def test_a_broken_calendar_stays_a_file_and_says_so(broken, read, mixed):
    mail = read(mixed(b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + broken))

    assert mail.calendar is None or mail.calendar.events
    assert mail.attachments
    assert mail.calendar or mail.kind == "person"


def test_more_events_and_guests_than_anybody_has_are_cut(read, mixed):
    guests = "".join(f"ATTENDEE:mailto:g{n}@lp.example\r\n" for n in range(500))
    calendar = invitation(more=guests).replace(
        b"END:VCALENDAR", b"BEGIN:VEVENT\r\nUID:2\r\nEND:VEVENT\r\n" * 50 + b"END:VCALENDAR"
    )
    found = read(mixed(calendar)).calendar

    assert (len(found.events), len(found.events[0].attendees)) == (20, 200)


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        ("BEGIN;X=Y:VTIMEZONE", "END;X=Y:VTIMEZONE"), ("begin:vtimezone", "end:vtimezone"),
        ("BEGIN\r\n\r\n :VTIMEZONE", "END:VTIME\r\n\r\n\tZONE"),
    ],
)  # fmt: skip
def test_a_zone_without_end_is_left_out_however_it_is_written(begin, end, event):
    there = EVENT.replace("Europe/Stockholm:20260303", "Our Office:20260703")
    zone = ZONES.format(name="Our Office", freq="SECONDLY")
    written = zone.replace("BEGIN:VTIMEZONE", begin).replace("END:VTIMEZONE", end)

    assert event(there, zones=written).starts == "2026-07-03T10:00:00"


def test_a_calendar_that_is_the_name_of_a_file_is_not_that_file(read, mixed, tmp_path):
    file = tmp_path / "private.ics"
    file.write_bytes(invitation().partition(b"\r\n\r\n")[2])

    mail = read(mixed(b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + str(file).encode()))

    assert mail.calendar is None
