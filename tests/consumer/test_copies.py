"""Copies are one message only when they say the same; a second one can add nothing but what is its own."""

import pytest

from shared.store import investors
from shared.store.investors import InvestorRow
from tests.consumer.mails import mail
from tests.consumer.names import ADA, BEN, CLEO

GENUINE = "Authentication-Results: mx.google.com; dmarc=pass header.from=lp.example\r\n"
FORGED = "Authentication-Results: mx.google.com; dmarc=fail header.from=lp.example\r\n"
PASSAGE = "--b\r\nContent-Type: {}\r\n{}\r\n{}\r\n"


def letter(*, results="", html="<p>IBAN: ours</p>", file="terms", name="terms.pdf", extra="", **more):
    """A mail whose plain text, date, subject and Message-ID are always the same."""
    kind = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    parts = [
        ("multipart/alternative; boundary=c", "", "--c\r\n\r\nSee the table.\r\n--c\r\nContent-Type: text/html\r\n\r\n" + html + "\r\n--c--"),
        ("application/pdf", f"Content-Disposition: attachment; filename={name}\r\n", file),
    ]  # fmt: skip
    text = "".join(PASSAGE.format(*part) for part in parts) + "--b--"
    return mail(extra=results + extra + kind, text=text, message_id="m1@lp.example", **more)


@pytest.mark.parametrize(
    "changed", [{"html": "<p>IBAN: theirs</p>"}, {"file": "other terms"}, {"name": "final.pdf"}, {"to": BEN}]
)
def test_a_forgery_that_says_anything_else_stays_a_message_of_its_own_and_unverified(world, changed):
    world.enrol(ADA, BEN)

    world.arrive(BEN, letter(results=FORGED, **changed))
    world.arrive(ADA, letter(results=GENUINE))

    assert world.rows(b"SELECT verified, body_html, filename FROM crm.emails e JOIN crm.attachments a ON a.email_id = e.id ORDER BY 1") == [
        (False, changed.get("html", "<p>IBAN: ours</p>"), changed.get("name", "terms.pdf")),
        (True, "<p>IBAN: ours</p>", "terms.pdf"),
    ]  # fmt: skip


@pytest.mark.parametrize("header", ["Cc", "Bcc", "Reply-To"])
@pytest.mark.parametrize("forged_first", [False, True])
def test_a_forged_copy_files_the_genuine_message_under_nobody_else(world, header, forged_first):
    with world.db.transaction() as conn:
        investors.upsert(conn, [InvestorRow("Mal", "", "address", "mal@rival.example")])
    world.enrol(ADA, BEN)
    copies = [
        (ADA, letter(results=GENUINE)),
        (BEN, letter(results=FORGED, extra=f"{header}: mal@rival.example\r\n")),
    ]

    for address, raw in reversed(copies) if forged_first else copies:
        world.arrive(address, raw)

    assert world.rows(
        b"SELECT DISTINCT investor FROM crm.investor_emails i JOIN crm.emails e ON e.id = i.email_id"
        b" WHERE e.verified"
    ) == [("Ivy Investor",)]


def test_the_senders_copy_adds_its_bcc_and_delivered_ones_join_it(world):
    world.enrol(ADA, BEN, CLEO)
    sent = {"sender": f"Ada <{ADA}>", "to": f"ivy@lp.example, {BEN}"}

    world.arrive(BEN, letter(**sent))
    world.arrive(ADA, letter(extra="Bcc: bo@nordwind.example\r\n", **sent), "SENT")
    world.arrive(CLEO, letter(**sent))

    assert world.rows(b"SELECT direction, mailboxes FROM crm.emails") == [("outbound", [ADA, BEN, CLEO])]
    assert world.rows(b"SELECT investor, role FROM crm.investor_emails ORDER BY 1") == [
        ("Ivy Investor", "to"),
        ("Nordwind", "bcc"),
    ]


def test_of_copies_that_say_the_same_the_vouched_for_one_tells_the_name_and_who_wrote(world):
    world.enrol(ADA, BEN)

    world.arrive(BEN, letter(results=FORGED, extra="Auto-Submitted: auto-replied\r\n", sender="Ivy (new bank) <ivy@lp.example>"))  # fmt: skip
    world.arrive(ADA, letter(results=GENUINE))

    assert world.rows(b"SELECT verified, author_name, kind FROM crm.emails") == [
        (True, "Ivy Investor", "person")
    ]
