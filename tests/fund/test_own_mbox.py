"""Somebody's own mail from an mbox export."""

import mailbox
import tracemalloc
from datetime import UTC, datetime
from email.header import Header

import pytest

from infra.local.ownmail import read_mbox
from infra.local.ownmail.labels import system_labels

ONE = (
    b"From 1784213@xxx Mon Nov 16 08:56:49 +0000 2026\r\n"
    b"X-GM-THRID: 1784213\r\n"
    b"X-Gmail-Labels: Inbox,Category Personal,\r\n Unread,Garden club\r\n"
    b"From: ada@known.example\r\nSubject: one\r\n\r\n"
    b"Hello\r\n>From the garden\r\n>>From twice\r\nFrom here on it is text\r\n\r\n"
)
TWO = b"From two@x.example Tue Nov 17 08:00:00 2026\r\nFrom: bo@known.example\r\n\r\n\r\nFrom nobody\r\n\r\n"


@pytest.fixture
def export(tmp_path):
    path = tmp_path / "All mail.mbox"
    path.write_bytes(ONE + TWO)
    return path


def test_messages_are_split_at_dated_from_lines_alone(export):
    first, second = read_mbox(export)

    assert (first.source, second.source) == ("All mail.mbox no. 1", "All mail.mbox no. 2")
    assert second.raw == b"From: bo@known.example\r\n\r\n\r\nFrom nobody\r\n"


def test_what_the_export_escaped_or_added_is_undone(export):
    first = next(read_mbox(export))

    assert first.raw == (
        b"From: ada@known.example\r\nSubject: one\r\n\r\n"
        b"Hello\r\nFrom the garden\r\n>From twice\r\nFrom here on it is text\r\n"
    )


def test_labels_thread_and_date_come_from_the_export(export):
    first, second = read_mbox(export)

    assert first.labels == ("INBOX", "CATEGORY_PERSONAL", "UNREAD")
    assert (first.thread_hint, second.thread_hint) == ("1784213", None)
    assert first.internal_date == datetime(2026, 11, 16, 8, 56, 49, tzinfo=UTC)
    assert second.internal_date == datetime(2026, 11, 17, 8, 0, tzinfo=UTC)


def test_a_message_of_added_fields_alone_keeps_its_empty_line(tmp_path):
    path = tmp_path / "odd.mbox"
    path.write_bytes(b"From 1@xxx Mon Nov 16 08:56:49 +0000 2026\nX-GM-THRID: 5\n\nbody\n")

    assert next(read_mbox(path)).raw == b"\nbody\n"


def test_the_standard_librarys_own_mbox_reads_the_same(tmp_path, sample):
    box = mailbox.mbox(tmp_path / "fund.mbox")
    for copy in sample.mail[:60]:
        box.add(copy.raw.replace(b"\r\n", b"\n"))
    box.close()

    read = list(read_mbox(tmp_path / "fund.mbox"))

    assert [mail.raw.strip() for mail in read] == [
        copy.raw.replace(b"\r\n", b"\n").strip() for copy in sample.mail[:60]
    ]


def test_a_large_export_is_read_in_little_memory(tmp_path):
    path = tmp_path / "large.mbox"
    with path.open("wb") as file:
        for _ in range(400):
            file.write(TWO[:-4] + b"x" * 60 * 1700 + b"\r\n\r\n")
    tracemalloc.start()

    count = sum(1 for _ in read_mbox(path))

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert path.stat().st_size > 40_000_000
    assert (count, peak < 4_000_000) == (400, True)


def test_a_missing_or_wrong_file_is_named_in_one_sentence(tmp_path):
    (tmp_path / "letter.txt").write_text("Dear diary\n")
    (tmp_path / "empty.mbox").write_text("")

    with pytest.raises(ValueError, match=r"^There is no file .*gone\.mbox\.$"):
        read_mbox(tmp_path / "gone.mbox")
    for name in ("letter.txt", "empty.mbox"):
        with pytest.raises(ValueError, match="is not an mbox file"):
            read_mbox(tmp_path / name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            "Inbox,Unread,Important,Category Updates,Opened",
            ("INBOX", "UNREAD", "IMPORTANT", "CATEGORY_UPDATES"),
        ),
        ("Posteingang,Ungelesen,Wichtig,Entwürfe", ("INBOX", "UNREAD", "IMPORTANT", "DRAFT")),
        (
            "Papierkorb,Gesendet,Markiert,Kategorie: Werbung",
            ("TRASH", "SENT", "STARRED", "CATEGORY_PROMOTIONS"),
        ),
        ("Boîte de réception,Messages envoyés,Corbeille", ("INBOX", "SENT", "TRASH")),
        ("Recibidos,Enviados,Papelera,No leídos,Spam", ("INBOX", "SENT", "TRASH", "UNREAD", "SPAM")),
        ('"Clients, old",Sent', ("SENT",)),
        ("Personal,Social", ()),
        ("=?UTF-8?Q?Bo=C3=AEte_de_r=C3=A9ception,Brouillons?=", ("INBOX", "DRAFT")),
        ("=?no-such-charset?Q?Inbox?=", ()),
        ("", ()),
    ],
)
def test_labels_are_gmails_whatever_language_the_export_speaks(value, expected):
    assert system_labels(value) == expected


def test_labels_in_folded_encoded_words_are_read():
    folded = Header(
        "Boîte de réception,Catégorie : Réseaux sociaux,Été,Non lus", "utf-8", maxlinelen=40
    ).encode()

    assert system_labels(folded) == ("INBOX", "CATEGORY_SOCIAL", "UNREAD")
