"""What reading a message tells beside its text reaches the CRM's view."""

from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN

VERDICT = "Authentication-Results: mx.google.com; spf=pass smtp.mailfrom=ivy@lp.example; dmarc=pass header.from=lp.example\r\n"
REPLY = "Yes, 20m.\r\n\r\nBest,\r\nIvy\r\n\r\nOn Mon, 16 Nov 2026 at 09:00, Ada <ada@fund.test> wrote:\r\n> Will you?"


def calendar(method="REQUEST", more=""):
    event = f"UID:1@lp.example\r\nDTSTART:20261120T090000Z\r\nSUMMARY:Board\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ivy@lp.example\r\n{more}"
    return {
        "extra": f"MIME-Version: 1.0\r\nContent-Type: text/calendar; method={method}\r\n",
        "text": f"BEGIN:VCALENDAR\r\nMETHOD:{method}\r\nBEGIN:VEVENT\r\n{event}END:VEVENT\r\nEND:VCALENDAR",
    }


def test_a_reply_shows_its_new_part_and_who_really_wrote_it(world):
    world.enrol(ADA)

    world.arrive(ADA, mail(extra=VERDICT, text=REPLY))

    assert world.rows(
        b"SELECT new_text, kind, verified, spf, dkim, dmarc, sealed, marks FROM crm.emails"
    ) == [("Yes, 20m.", "person", True, "pass", "", "pass", "", [])]


def test_a_message_nobody_vouches_for_is_stored_unverified(world):
    world.enrol(ADA)

    world.arrive(ADA, mail(extra=VERDICT.replace("mx.google.com", "mx.attacker.example")))

    assert world.rows(b"SELECT verified, dmarc FROM crm.emails") == [(False, "")]


def test_a_stranger_who_calls_himself_ivy_and_names_her_in_cc_is_not_verified_as_her(world):
    world.enrol(ADA)

    forged = {"sender": '"Ivy Investor" <mal@evil.example>', "extra": "Cc: ivy@lp.example\r\n"}
    world.arrive(ADA, mail(subject="New wire instructions", **forged))

    assert world.rows(b"SELECT role, verified FROM crm.investor_emails") == [("cc", False)]
    assert world.rows(b"SELECT last_author_name, last_verified FROM crm.threads") == [("Ivy Investor", False)]
    assert world.rows(b"SELECT last_in_verified FROM crm.investor_activity WHERE messages > 0") == [(False,)]
    assert world.rows(b"SELECT last_author_address FROM crm.threads") == [("mal@evil.example",)]


def test_a_received_copy_adds_the_verdict_a_sent_copy_cannot_have(world):
    world.enrol(ADA, BEN)
    plain = mail(sender=ADA, to=f"ivy@lp.example, {BEN}", message_id="sent@fund.test")
    ours = VERDICT.replace("lp.example", "fund.test")

    world.arrive(ADA, plain, "SENT")
    assert world.rows(b"SELECT verified FROM crm.emails") == [(False,)]
    world.arrive(BEN, ours + plain)
    assert world.rows(b"SELECT verified, dmarc, direction FROM crm.emails") == [(True, "pass", "outbound")]
    world.arrive(BEN, plain)
    assert world.rows(b"SELECT verified, dmarc FROM crm.emails") == [(True, "pass")]


def test_what_is_forged_in_a_colleagues_name_came_in_and_was_not_sent(world):
    world.enrol(ADA)
    forged = VERDICT.replace("lp.example", "fund.test").replace("dmarc=pass", "dmarc=fail")

    world.arrive(ADA, mail(sender=BEN, to=f"{ADA}, ivy@lp.example", extra=forged))

    assert world.rows(b"SELECT dmarc, verified, direction FROM crm.emails") == [("fail", False, "inbound")]


def test_an_absent_investors_program_and_a_bounce_are_told_from_an_answer(world):
    world.enrol(ADA)

    world.arrive(ADA, mail(subject="Automatic reply: Round", extra="Auto-Submitted: auto-replied\r\n"))
    world.arrive(
        ADA,
        mail(
            sender="postmaster@nordwind.example",
            subject="Undeliverable: Round",
            text="bo@nordwind.example\r\n550 5.1.1 gone",
        ),
    )

    assert world.rows(b"SELECT kind FROM crm.emails ORDER BY id") == [("auto_reply",), ("delivery_report",)]
    assert world.rows(b"SELECT report->'recipients'->0->>'address', report->'recipients'->0->>'status' FROM crm.emails WHERE report IS NOT NULL") == [
        ("bo@nordwind.example", "5.1.1")
    ]  # fmt: skip


def test_an_invitation_and_its_answers_are_stored_as_they_can_be_asked_for(world):
    world.enrol(ADA)

    world.arrive(ADA, mail(**calendar()))
    world.arrive(ADA, mail(**calendar("REPLY", more="LOCATION:\\u0000 \x00\x85\r\n")))

    assert world.rows(
        b"SELECT kind, calendar->>'step', e->>'starts', e->'attendees'->0->>'status'"
        b"  FROM crm.emails, jsonb_array_elements(calendar->'events') AS e ORDER BY id"
    ) == [
        ("calendar", "invitation", "2026-11-20T09:00:00Z", "accepted"),
        ("calendar", "reply", "2026-11-20T09:00:00Z", "accepted"),
    ]


def test_a_mailbox_that_shows_only_metadata_shows_no_part_of_the_text(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(**calendar()))
    with world.db.transaction() as conn:
        conn.execute(b"UPDATE mailroom.email_accounts SET visibility = 'metadata'")

    assert world.rows(b"SELECT new_text, calendar, report, kind FROM crm.emails") == [
        (None, None, None, "calendar")
    ]
