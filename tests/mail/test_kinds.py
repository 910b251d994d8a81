"""Who speaks: a person, a calendar, an absent person's program, a mail system."""

import pytest

HEAD = b"From: %s\r\nTo: vera@fund.example\r\nSubject: %s\r\n%s\r\n"


def plain(sender=b"Ada <ada@lp.example>", subject=b"Re: Round", more=b"", text=b"We commit 20m.\r\n"):
    return HEAD % (sender, subject, more) + text


@pytest.mark.parametrize(
    ("mail", "kind"),
    [
        (plain(), "person"),
        (plain(more=b"Auto-Submitted: no\r\n"), "person"),
        (plain(more=b"Precedence: bulk\r\n"), "person"),
        (plain(more=b"X-Auto-Response-Suppress: All\r\n"), "person"),
        (plain(subject=b"Re: Undeliverable: Round"), "person"),
        (plain(subject=b"Delivery Status Notification (Failure)"), "person"),
        (plain(sender=b"postmaster@lp.example", subject=b"Our new address"), "person"),
        (plain(more=b"Auto-Submitted: auto-replied\r\n"), "auto_reply"),
        (plain(more=b"Auto-Submitted: Auto-Replied (vacation); owner=ada\r\n"), "auto_reply"),
        (plain(more=b"X-Autoreply: yes\r\n"), "auto_reply"),
        (plain(more=b"X-Autorespond: \r\n"), "person"),
        (plain(more=b"Precedence: auto_reply\r\n"), "auto_reply"),
        (plain(subject=b"Out of Office Re: Round"), "auto_reply"),
        (plain(subject=b"Automatic reply: Round"), "auto_reply"),
        (plain(subject=b"Automatische Antwort: Runde"), "auto_reply"),
        (plain(subject=b"=?utf-8?q?R=C3=A9ponse_automatique_=3A_Tour?="), "auto_reply"),
        (plain(subject="Respuesta automática: Ronda".encode()), "auto_reply"),
        (plain(subject="自動応答: x".encode()), "auto_reply"),
        (plain(subject="Автоматический ответ: x".encode()), "auto_reply"),
        (plain(subject=b"Autosvar: Runda"), "auto_reply"),
        (plain(subject=b"Out of Office: back on Monday"), "auto_reply"),
        (plain(subject=b"Out of Office AutoReply: Round"), "auto_reply"),
        (plain(subject=b"Abwesenheitsnotiz"), "auto_reply"),
        (plain(subject=b"Abwesend", more=b"Return-Path: <>\r\n"), "auto_reply"),
        (plain(subject="外出".encode(), more=b"Auto-Submitted: auto-generated\r\n"), "auto_reply"),
        (plain(subject=b"On leave until Monday", more=b"X-Auto-Response-Suppress: All\r\n"), "auto_reply"),
        (plain(subject=b"Poissa", more=b"Precedence: bulk\r\n"), "auto_reply"),
        (plain(subject=b"Abwesend", more=b"Return-Path: <ada@lp.example>\r\n"), "person"),
        (plain(subject=b"Abwesend naechste Woche - Termin?"), "person"),
        (plain(subject=b"On leave of absence policy question"), "person"),
        (plain(subject=b"On holiday schedule for the closing"), "person"),
        (plain(subject=b"Out of the office space search - LOI"), "person"),
        (plain(subject=b"Automatic reply handling in your product"), "person"),
        (plain(subject=b"Absent du bureau vendredi, signature possible lundi ?"), "person"),
        (plain(subject=b"Poissa ensi viikolla, voimmeko allekirjoittaa?"), "person"),
        (plain(subject="外出資料".encode()), "person"),
        (plain(sender=b"DocuSign <no-reply@lp.example>", text=b"550 Market Street\r\n"), "person"),
        (plain(sender=b"No-Reply <noreply@lp.example>", subject=b"Delivery status of term sheet", text=b"It was delivered.\r\n"), "person"),
        (plain(sender=b"no-reply@lp.example", subject=b"Delivery failed", text=b"Your mail could not be delivered.\r\n"), "delivery_report"),
        (plain(sender=b"postmaster@lp.example", subject=b"We move", text=b"550 Market Street\r\n"), "person"),
        (plain(more=b"Auto-Submitted: auto-generated\r\n"), "automatic"),
        (plain(sender=b"MAILER-DAEMON@lp.example", subject=b"Undelivered Mail Returned to Sender"), "delivery_report"),
        (plain(sender=b"Mail Delivery Subsystem <mailer-daemon@googlemail.com>", subject=b"x", more=b"X-Failed-Recipients: bo@lp.example\r\n"), "delivery_report"),
        (plain(subject=b"Mail delivery failed", more=b"Return-Path: <>\r\n"), "delivery_report"),
        (plain(sender=b"postmaster@lp.example", subject=b"Re: Round", text=b"Error:\r\n550 - no such user here\r\n"), "delivery_report"),
    ],
)  # fmt: skip
def test_each_kind_is_told_by_what_only_it_writes(mail, kind, read):
    assert read(mail).kind == kind


STATUS = (
    b"Reporting-MTA: dns; mx.lp.example\r\n\r\nFinal-Recipient: rfc822; Bo@LP.example\r\nAction: failed\r\nStatus: 5.0.0\r\n"
    b"Diagnostic-Code: smtp; 550 5.1.1 <bo@lp.example>:\r\n no such user\r\n\r\n"
    b"Final-Recipient: rfc822; cy@lp.example\r\nAction: delayed\r\nStatus: 4.2.2 (mailbox full)\r\n"
)


def report(status, returned=b"Message-ID: <7@fund.example>\r\nTo: bo@lp.example\r\n\r\ntext"):
    parts = (b"Content-Type: text/plain\r\n\r\nSorry.", b"Content-Type: message/delivery-status\r\n\r\n" + status,
             b"Content-Type: message/rfc822\r\n\r\n" + returned)  # fmt: skip
    body = b"".join(b"--bb\r\n%s\r\n" % part for part in parts)
    return plain(b"MAILER-DAEMON@lp.example", b"Returned mail", b"Content-Type: multipart/report; report-type=delivery-status; boundary=bb\r\n", body + b"--bb--\r\n")  # fmt: skip


def test_a_delivery_report_names_each_recipient_with_what_became_of_it(read):
    told = read(report(STATUS)).report

    assert [(one.address, one.action, one.status, one.reply) for one in told.recipients] == [
        ("bo@lp.example", "failed", "5.1.1", "550"), ("cy@lp.example", "delayed", "4.2.2", ""),
    ]  # fmt: skip
    assert told.recipients[0].reason == "smtp; 550 5.1.1 <bo@lp.example>: no such user"
    assert told.message_id == "7@fund.example"


PROSE = {
    "gmail": b"Delivery to the following recipient failed permanently:\r\n\r\n     bo@lp.example\r\n\r\nThe error was: 550 5.1.1 <bo@lp.example> User unknown\r\n\r\n----- Original message -----\r\nFrom: vera@fund.example\r\nMessage-ID: <7@fund.example>\r\n",
    "qmail": b"Hi. This is the qmail-send program.\r\n\r\n<bo@lp.example>:\r\n192.0.2.1 does not like recipient.\r\nRemote host said: 550 5.1.1 no mailbox here\r\n\r\n--- Below this line is a copy of the message.\r\n\r\nMessage-ID: <7@fund.example>\r\n",
    "exim": b"A message that you sent could not be delivered.\r\n\r\n  bo@lp.example\r\n    host mx.lp.example: 550 5.1.1 unrouteable\r\n\r\n------ This is a copy of the message, including all the headers. ------\r\n\r\nMessage-ID: <7@fund.example>\r\n",
    "fields in prose": b"It failed.\r\n\r\nAction: failed\r\nFinal-Recipient: rfc822; bo@lp.example\r\nDiagnostic-Code: smtp; 550 5.1.1 gone\r\nStatus: 5.1.1\r\n\r\n----- Original message -----\r\nMessage-ID: <7@fund.example>\r\n",
}  # fmt: skip


@pytest.mark.parametrize("system", PROSE)
def test_a_report_in_prose_is_read_too(system, read):
    told = read(plain(b"MAILER-DAEMON@lp.example", b"failure notice", text=PROSE[system])).report

    assert [(one.address, one.action, one.status, one.reply) for one in told.recipients] == [
        ("bo@lp.example", "failed", "5.1.1", "550")
    ]
    assert told.message_id == "7@fund.example"


def test_a_warning_is_a_delay(read):
    told = read(
        plain(
            b"MAILER-DAEMON@lp.example",
            b"Warning: could not send message for past 4 hours",
            text=b"bo@lp.example\r\n",
        )
    ).report

    assert [one.action for one in told.recipients] == ["delayed"]


def test_a_delivery_report_somebody_attached_makes_no_report_of_their_mail(read, mixed):
    mail = read(
        mixed(
            b"Content-Type: text/plain\r\n\r\nSee the bounce.",
            b"Content-Type: message/rfc822\r\n\r\n" + report(STATUS),
            boundary=b"outer",
        )
    )

    assert (mail.kind, mail.report) == ("person", None)


def test_receipts_and_complaints_are_told_apart(read, mixed):
    text = b"Content-Type: text/plain\r\n\r\nx"
    receipt = mixed(
        text,
        b"Content-Type: message/disposition-notification\r\n\r\nDisposition: automatic-action",
        subtype=b"report",
    )
    complaint = mixed(
        text, b"Content-Type: message/feedback-report\r\n\r\nFeedback-Type: abuse", subtype=b"report"
    )

    assert (read(receipt).kind, read(complaint).kind) == ("read_receipt", "feedback_report")


def test_a_report_about_thousands_names_a_hundred(read):
    group = b"Final-Recipient: rfc822; g%d@lp.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n"
    told = read(report(b"".join(group % number for number in range(5_000)))).report

    assert [one.address for one in told.recipients] == [f"g{number}@lp.example" for number in range(100)]


def test_a_report_without_its_boundaries_is_read_and_what_it_says_can_be_stored(read):
    text = b"It failed.\r\n\r\nFinal-Recipient: rfc822; bo@lp.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n----- Original message -----\r\nMessage-ID: <7\0\x12@fund.example>\r\n"
    raw = plain(
        b"MAILER-DAEMON@lp.example",
        b"Returned mail",
        b"Content-Type: multipart/report; report-type=delivery-status; boundary=bb\r\n",
        text,
    )
    told = read(raw).report

    assert [(one.address, one.status) for one in told.recipients] == [("bo@lp.example", "5.1.1")]
    assert told.message_id == "7\ufffd@fund.example"
