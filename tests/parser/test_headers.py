"""Encoded words, file names, dates, ids, recipients."""

import pytest

from consumer.mail.headers import from_headers

LIMIT = 998


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (b"=?utf-8?q?caf=C3=A9?=", "café"),
        (b"=?UTF-8?B?Y2Fmw6k=?=", "café"),
        (b"=?UTF-8?B?Y2Fmw6k?=", "café"),
        (b"=?UTF-8?B?Y2Fmw6k==?=", "café"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=\r\n =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?q?a_?=b", "a b"),
        (b"=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café"),
        (b"=?utf-8?b?Y2Fm?= =?utf-8?q?=C3=A9?=", "café"),
        (b"=?utf-8?b?Y2Fmww==?= =?utf-8?b?qQ==?=", "café"),
        (b"=?iso-8859-1?q?caf=E9?= =?utf-8?q?=C3=A9?=", "caféé"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?utf-8*en?q?caf=C3=A9?=", "café"),
        (b"=?utf-8?q?two words?=", "two words"),
        (b"=?utf-8?x?abc?=", "=?utf-8?x?abc?="),
        (b"=?utf-8?q?abc", "=?utf-8?q?abc"),
        (b"=?utf-8?q??=", ""),
        (b"=?utf-8?b?????=", "=?utf-8?b?????="),
        (b"=?nothing?q?caf=C3=A9?=", "café"),
        (b"=?utf-8?q?=0D=0ABcc:_x@y?=", "Bcc: x@y"),
        (b"=?utf-8?q?a=00b=1B[31m?=", "a�b[31m"),
        (b"=?utf-8?q?=ZZ=?=", "=ZZ"),
        ("Grüße".encode(), "Grüße"),
        (b"a\r\n\tb", "a b"),
        (b"", ""),
    ],
)
def test_a_subject_reads_as_a_person_would(written, read_as, read, sound):
    assert sound(read(b"From: a@b.example\r\nSubject: " + written + b"\r\n\r\n")).subject == read_as


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        (b"attachment; filename=terms.pdf", "terms.pdf"),
        (b'attachment; filename="terms; final.pdf"', "terms; final.pdf"),
        (b'ATTACHMENT; FILENAME="terms.pdf"', "terms.pdf"),
        (b"attachment; filename*=utf-8''caf%C3%A9.pdf", "café.pdf"),
        (b"attachment; filename*=UTF-8'en'caf%C3%A9.pdf", "café.pdf"),
        (b"attachment; filename*0=ter; filename*1=ms.pdf", "terms.pdf"),
        (b"attachment; filename*1=ms.pdf; filename*0=ter", "terms.pdf"),
        (b"attachment; filename*0*=utf-8''caf%C3; filename*1*=%A9.pdf", "café.pdf"),
        (b"attachment; filename*0*=utf-8''%C3%A9; filename*1=%41.pdf", "é%41.pdf"),
        (b"attachment; filename=plain.pdf; filename*=utf-8''caf%C3%A9.pdf", "café.pdf"),
        (b'attachment; filename="=?utf-8?q?caf=C3=A9.pdf?="', "café.pdf"),
        (b"attachment; filename==?utf-8?q?caf=C3=A9.pdf?=", "café.pdf"),
        (b'attachment; filename="../../etc/passwd"', "passwd"),
        (b'attachment; filename="C:\\\\temp\\\\terms.pdf"', "terms.pdf"),
        (b'attachment; filename="a\\"b.pdf"', 'a"b.pdf'),
        (b"attachment; filename*=utf-8''%00%2e%2e%2fx%0d%0a.pdf", "x .pdf"),
        (b"attachment; filename*=nothing''caf%C3%A9.pdf", "café.pdf"),
        (b"attachment; filename*=%ZZ", "%ZZ"),
        (b"attachment; filename*99999999999=a", "a"),
        (b"attachment; filename=", ""),
        (b"attachment;;;", ""),
        (b'attachment; filename=".."', ""),
        (b"attachment; filename=" + b"\xc3\xa9" * 300, "é" * 127),
        (b"attachment; filename=a.pdf; filename=b.pdf", "a.pdf"),
    ],
)
def test_a_file_name_is_its_last_part_decoded(disposition, name, read, sound):
    mail = sound(read(b"Content-Type: application/pdf\r\nContent-Disposition: " + disposition + b"\r\n\r\nx"))

    assert [file.filename for file in mail.attachments] == [name]


@pytest.mark.parametrize(
    ("written", "read_as"),
    [
        (b"Tue, 3 Feb 2026 10:00:00 +0100", "2026-02-03T09:00:00+00:00"),
        (b"3 Feb 2026 10:00 GMT", "2026-02-03T10:00:00+00:00"),
        (b"Tue, 03 Feb 2026 10:00:00 -0000", "2026-02-03T10:00:00+00:00"),
        (b"Tue, 03 Feb 2026 10:00:00 EST (Eastern)", "2026-02-03T15:00:00+00:00"),
        (b"Tue, 03 Feb 26 10:00:00 +0000", "2026-02-03T10:00:00+00:00"),
        (b"Tue,\r\n 03 Feb 2026\r\n 10:00:00 +0000", "2026-02-03T10:00:00+00:00"),
    ],
)
def test_a_date_is_utc(written, read_as, read):
    mail = read(b"Date: " + written + b"\r\n\r\n")

    assert (mail.date.isoformat(), mail.date_source) == (read_as, "header")


@pytest.mark.parametrize(
    "written",
    [
        b"Fri, 31 Dec 9999 23:59:59 -1200", b"Sat, 1 Jan 10000 00:00:00 +0000", b"Mon, 1 Jan 0000 00:00:00 +0000",
        b"Mon, 1 Jan 0001 00:00:00 +2359", b"Wed, 31 Dec 1969 23:59:59 +0000", b"Tue, 3 Nov 2026 10:00:00 +0000",
        b"Tue, 31 Feb 2026 10:00:00 +0000", b"Tue, 3 Feb 2026 25:61:61 +0000", b"Tue, 3 Feb 2026 10:00:00 +9999999",
        b"yesterday", b"", b"0", b"-", b"," * 5_000, b"1" * 6_000, b"Tue, 3 Feb " + b"9" * 5_000 + b" 10:00:00 +0000",
        b"(" * 5_000, b"\xff\x00", "\uff13 Feb 2026".encode(),
    ],
)  # fmt: skip
def test_an_unbelievable_date_is_when_gmail_received_the_mail(written, read, sound):
    mail = sound(read(b"Date: " + written + b"\r\n\r\n"))

    assert (mail.date.isoformat(), mail.date_source) == ("2026-11-01T12:00:00+00:00", "received")
    assert {"date-missing", "date-unbelievable"} & set(mail.defects)


def test_ids_fit_an_index_and_a_long_one_is_the_same_wherever_it_is_cited(read, sound):
    long = b"<" + b"i" * 4_990 + b"@lp.example>"

    cited = sound(
        read(
            b"Message-ID: "
            + long
            + b"\r\nReferences: <a@b> "
            + long
            + b"\r\nIn-Reply-To: "
            + long
            + b"\r\n\r\n"
        )
    )

    assert cited.references == ("a@b", cited.message_id)
    assert cited.in_reply_to == (cited.message_id,)
    assert cited.message_id.startswith("sha256:")
    assert "message-id-broken" in cited.defects


@pytest.mark.parametrize("written", [b"<>", b"<" * 6_000, b"i" * 6_000, b"<a b>", b"\xff\x00", b"<a\r\n b>"])
def test_a_broken_id_is_kept_somehow(written, read, sound):
    mail = sound(read(b"Message-ID: " + written + b"\r\nReferences: " + written + b"\r\n\r\n"))

    assert "message-id-broken" in mail.defects
    assert mail.message_id


def test_two_hundred_references_are_kept_the_latest(read):
    mail = read(b"References: " + b" ".join(b"<%d@x>" % n for n in range(300)) + b"\r\n\r\n")

    assert (len(mail.references), mail.references[-1]) == (200, "299@x")
    assert "references-limit" in mail.defects


RECIPIENTS = {
    b"ada@lp.example, bo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"Ada <ada@lp.example>; Bo <bo@lp.example>": ["ada@lp.example", "bo@lp.example"],
    b'"Lindqvist, Ada" <ada@lp.example>': ["ada@lp.example"],
    b"Lindqvist, Ada <ada@lp.example>": ["ada@lp.example"],
    b"=?utf-8?q?a=40b.example=2C?= <ada@lp.example>": ["ada@lp.example"],
    b"Board: ada@lp.example, Bo <bo@lp.example>;, cy@lp.example": ["ada@lp.example", "bo@lp.example", "cy@lp.example"],
    b"undisclosed-recipients:;": [],
    b"ada@lp.example bo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"<mailto:ada@lp.example>": ["ada@lp.example"],
    b"<@relay.example:ada@lp.example>": ["ada@lp.example"],
    b"ada (at home)@lp.example": [],
    b"ada(at home)@lp.example": ["ada@lp.example"],
    b'"ada@lp.example" <matmail>': [],
    b'"ada@lp.example" <bo@lp.example>': ["bo@lp.example"],
    b"ada@lp.example,\r\n\tbo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"ADA@LP.EXAMPLE, ada@lp.example": ["ada@lp.example"],
    b",,;;,": [],
    b"": [],
}  # fmt: skip


@pytest.mark.parametrize("role", ["To", "CC", "bcc", "Reply-To", "Sender"])
def test_recipients_are_read_tolerantly(role, read, sound):
    for written, expected in RECIPIENTS.items():
        mail = sound(read(role.encode() + b": " + written + b"\r\n\r\n"))

        assert [person.address for person in mail.participants] == expected
        assert {person.role for person in mail.participants} <= {role.lower().replace("-", "_")}


def test_every_to_header_counts(read):
    mail = read(b"To: ada@lp.example\r\nTo: bo@lp.example\r\n\r\n")

    assert [person.address for person in mail.participants] == ["ada@lp.example", "bo@lp.example"]
    assert "duplicate-header" in mail.defects


def test_a_forged_name_in_a_plain_from_causes_no_download():
    found = from_headers([("From", '"contact@known.example" <x@attacker.example>')])

    assert [person.address for person in found] == ["x@attacker.example"]
