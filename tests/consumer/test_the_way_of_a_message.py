"""From Gmail to the CRM's views, through the real consumer."""

from tests.consumer.mails import mail, with_file
from tests.consumer.names import ADA, BEN, CLEO


def test_an_investors_mail_is_in_the_view_with_everything_that_hangs_on_it(world):
    world.enrol(ADA)

    world.arrive(ADA, with_file("terms.pdf", "%PDF-1.4 terms", subject="Terms"))

    rows = world.rows(
        b"SELECT investor, role, strategy, direction, subject, matched_address FROM crm.investor_emails"
    )
    assert rows == [("Ivy Investor", "from", "address", "inbound", "Terms", "ivy@lp.example")]
    assert world.rows(b"SELECT filename, media_type, size FROM crm.attachments") == [
        ("terms.pdf", "application/pdf", 14)
    ]
    assert world.rows(b"SELECT kind, historic FROM crm.email_changes") == [("stored", False)]
    assert world.rows(b"SELECT messages, last_direction FROM crm.threads") == [(1, "inbound")]


def test_the_raw_message_and_its_files_are_in_the_blob_store(world):
    world.enrol(ADA)
    world.arrive(ADA, with_file("terms.pdf", "%PDF-1.4 terms"))

    [(raw, size)] = world.rows(b"SELECT raw_sha256, raw_size FROM mailroom.emails")
    [(file,)] = world.rows(b"SELECT sha256 FROM crm.attachments")

    assert len(world.deps.blobs.raw(raw)) == size
    assert world.deps.blobs.file(file) == b"%PDF-1.4 terms"


def test_of_a_private_mail_nothing_but_the_id_is_kept_and_no_body_is_read(world):
    world.enrol(ADA)

    gmail_id = world.arrive(ADA, mail(sender="doctor@clinic.example", subject="Your results"))

    assert world.states(ADA) == {gmail_id: "unmatched"}
    assert world.google.bodies(ADA) == set()
    assert world.rows(b"SELECT count(*) FROM mailroom.emails") == [(0,)]
    assert world.rows(b"SELECT count(*) FROM mailroom.email_participants") == [(0,)]


def test_drafts_spam_bin_and_chats_are_closed_without_spending_a_unit_on_them(world):
    world.enrol(ADA)
    world.work()
    before = world.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]

    for label in ("DRAFT", "SPAM", "TRASH", "CHAT"):
        world.arrive(ADA, mail(), label)

    after = world.google.control("counters", method="GET")["mailboxes"][ADA]["calls"]
    assert set(world.states(ADA).values()) == {"excluded"}
    assert after.get("messages.get", 0) == before.get("messages.get", 0)


def test_mail_between_teammates_is_not_captured(world):
    world.enrol(ADA)

    gmail_id = world.arrive(ADA, mail(sender=BEN, to=ADA))

    assert world.states(ADA) == {gmail_id: "unmatched"}


def test_a_reply_in_an_investors_thread_skips_the_scales(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(message_id="first@lp.example"))
    metadata_before = len(_handed_out(world, "metadata"))

    reply = mail(
        sender=f"Ada <{ADA}>",
        to="ivy@lp.example",
        subject="Re: Term sheet",
        extra="In-Reply-To: <first@lp.example>\r\n",
    )
    world.arrive(ADA, reply, "SENT")

    assert len(_handed_out(world, "metadata")) == metadata_before
    assert world.rows(b"SELECT messages, last_direction FROM crm.threads") == [(2, "outbound")]


def _handed_out(world, name):
    return world.google.control("counters", method="GET")["mailboxes"][ADA]["bodies"].get(name, [])


def test_an_aside_between_teammates_in_an_investors_thread_is_read_and_not_kept(world):
    world.enrol(ADA)
    world.arrive(ADA, mail(message_id="first@lp.example"))

    aside = mail(
        sender=f"Ben <{BEN}>", to=ADA, subject="Re: Term sheet", extra="In-Reply-To: <first@lp.example>\r\n"
    )
    gmail_id = world.arrive(ADA, aside)

    assert world.states(ADA)[gmail_id] == "unmatched"
    kept = [path for path in (world.deps.blobs.root / "raw").rglob("*") if path.is_file()]
    assert len(kept) == 1


def test_the_same_message_in_three_mailboxes_is_stored_once(world):
    world.enrol(ADA, BEN, CLEO)
    letter = mail(to=f"{ADA}, {BEN}, {CLEO}")

    for address in (ADA, BEN, CLEO):
        world.arrive(address, f"Delivered-To: {address}\r\n{letter}")

    assert world.rows(b"SELECT mailboxes FROM crm.emails") == [([ADA, BEN, CLEO],)]
    assert world.rows(b"SELECT kind FROM crm.email_changes ORDER BY id") == [
        ("stored",),
        ("joined",),
        ("joined",),
    ]


def test_the_senders_copy_turns_an_inbound_copy_into_outbound_and_adds_its_bcc(world):
    world.enrol(ADA, BEN)
    letter = mail(sender=f"Ada <{ADA}>", to=f"ivy@lp.example, {BEN}")
    world.arrive(BEN, letter)

    world.arrive(ADA, f"Bcc: partner@nordwind.example\r\n{letter}", "SENT")

    assert world.rows(b"SELECT direction FROM crm.emails") == [("outbound",)]
    assert world.rows(b"SELECT investor FROM crm.investor_emails ORDER BY 1") == [
        ("Ivy Investor",),
        ("Nordwind",),
    ]


def test_a_parent_that_arrives_after_its_replies_joins_them_across_mailboxes(world):
    world.enrol(ADA, BEN)
    reply = mail(to=BEN, subject="Re: Term sheet", extra="References: <root@lp.example>\r\n")
    world.arrive(BEN, reply)

    world.arrive(ADA, mail(message_id="root@lp.example"))

    assert world.rows(b"SELECT messages FROM crm.threads") == [(2,)]


def test_a_forged_reference_does_not_pull_a_stranger_into_a_conversation(world):
    world.enrol(ADA, BEN)
    world.arrive(ADA, mail(message_id="root@lp.example"))

    forged = mail(
        sender="someone@nordwind.example",
        to=BEN,
        subject="Re: Term sheet",
        extra="References: <root@lp.example>\r\n",
    )
    world.arrive(BEN, forged)

    assert sorted(world.rows(b"SELECT messages FROM crm.threads")) == [(1,), (1,)]


def test_a_first_backfill_captures_what_was_there_before_and_says_so(world):
    world.google.deliver(ADA, mail(subject="From last year"), internalDateMs=1_750_000_000_000)
    world.google.deliver(ADA, mail(sender="news@letter.example"))
    world.google.deliver(ADA, mail(sender=f"Ada <{ADA}>", to="ivy@lp.example"), "DRAFT")
    world.enrol(ADA)

    world.work()

    assert world.rows(b"SELECT subject, historic FROM crm.emails") == [("From last year", True)]
    assert sorted(world.states(ADA).values()) == ["excluded", "stored", "unmatched"]
    assert len(world.google.bodies(ADA)) == 1


def test_unparseable_mail_is_stored_with_its_defects(world):
    world.enrol(ADA)

    world.arrive(
        ADA, "From: ivy@lp.example\r\nContent-Type: multipart/mixed\r\nno colon here\r\n\r\n\x00\xff garbage"
    )

    [(defects, raw)] = world.rows(b"SELECT defects, raw_sha256 FROM mailroom.emails")
    assert "structure-broken" in defects
    assert world.deps.blobs.raw(raw)
