"""How a mail is put together: what is text, what is an attachment, what is damage."""

import base64

import pytest

PNG = b"\x89PNG\r\n\x1a\n"


def multipart(*parts, subtype=b"mixed"):
    return b"MIME-Version: 1.0\r\nContent-Type: multipart/%s; boundary=bb\r\n\r\n--bb\r\n%s\r\n--bb--\r\n" % (
        subtype,
        b"\r\n--bb\r\n".join(parts),
    )


def part(headers, content=b"x"):
    return headers + b"\r\n\r\n" + content


TEXT = part(b"Content-Type: text/plain; charset=utf-8", b"Dear Vera")


def test_text_and_html_of_an_alternative_are_one_body(read):
    html = part(b"Content-Type: text/html", b"<p>Dear <b>Vera</b></p>")

    mail = read(multipart(TEXT, html, subtype=b"alternative"))

    assert (mail.text, mail.html, mail.attachments) == ("Dear Vera", "<p>Dear <b>Vera</b></p>", ())


def test_html_alone_gives_the_text(read):
    mail = read(b"Content-Type: text/html\r\n\r\n<style>p{}</style><p>Dear<br>Vera</p><script>x()</script>")

    assert mail.text == "Dear\nVera"


def test_a_text_with_a_file_name_or_an_attachment_disposition_is_an_attachment(read):
    mail = read(
        multipart(
            TEXT,
            part(b"Content-Type: text/plain; name=notes.txt", b"notes"),
            part(b"Content-Type: text/html\r\nContent-Disposition: ATTACHMENT", b"<p>page"),
            part(b"Content-Type: text/plain\r\nContent-Disposition: Inline; filename=a.txt", b"a"),
        )
    )

    assert (mail.text, mail.html) == ("Dear Vera", "")
    assert [(file.part_id, file.filename, file.content) for file in mail.attachments] == [
        ("1", "notes.txt", b"notes"),
        ("2", "", b"<p>page"),
        ("3", "a.txt", b"a"),
    ]


@pytest.mark.parametrize(
    ("disposition", "cited", "inline"),
    [
        (b"", True, True), (b"", False, False), (b"inline", True, True), (b"inline", False, True),
        (b"attachment", True, True), (b"attachment", False, False), (b"INLINE; filename=a.png", False, True),
    ],
)  # fmt: skip
def test_an_image_is_inline_when_the_html_cites_it_or_it_says_so(disposition, cited, inline, read):
    html = part(b"Content-Type: text/html", b'<img src="cid:logo@x">' if cited else b"<p>no picture")
    image = part(
        b"Content-Type: image/png\r\nContent-ID: <logo@x>\r\nContent-Disposition: " + disposition, PNG
    )

    (file,) = read(multipart(html, image, subtype=b"related")).attachments

    assert (file.inline, file.content_id, file.content) == (inline, "logo@x", PNG)


INNER = b"From: ada@lp.example\r\nSubject: inner\r\nX-Long: " + b"x " * 60 + b"\r\n\r\nInner text \xe9\r\n"


def test_an_attached_mail_is_kept_apart_byte_for_byte(read):
    mail = read(multipart(TEXT, part(b"Content-Type: message/rfc822", INNER)))

    assert (mail.text, mail.author, mail.subject) == ("Dear Vera", None, "")
    assert [(file.media_type, file.content) for file in mail.attachments] == [("message/rfc822", INNER)]


def test_an_attached_mail_in_base64_is_decoded(read):
    encoded = part(
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64", base64.encodebytes(INNER)
    )

    assert read(multipart(TEXT, encoded)).attachments[0].content == INNER


def test_the_mails_of_a_digest_are_kept_apart(read):
    mail = read(multipart(b"\r\n" + INNER, b"\r\n" + INNER, subtype=b"digest"))

    assert mail.text == ""
    assert [(file.media_type, file.content) for file in mail.attachments] == [("message/rfc822", INNER)] * 2


@pytest.mark.parametrize("charset", [b"gb2312", b"unicode_escape", b"utf-16", b"idna", b"utf-8"])
def test_no_charset_changes_the_bytes_of_an_attachment(charset, read):
    content = bytes(range(14, 256))

    mail = read(multipart(TEXT, part(b"Content-Type: text/csv; charset=" + charset, content)))

    assert [file.content for file in mail.attachments] == [content]


@pytest.mark.parametrize(
    ("encoding", "written", "content"),
    [
        (b"base64", b"AAECAw==", bytes(range(4))), (b"BASE64", b"AAEC\r\nAw==", bytes(range(4))),
        (b"base64", b"AAECAw", bytes(range(4))), (b"base64", b"AA!EC*Aw==", bytes(range(4))),
        (b"base64", b"A", b""), (b"quoted-printable", b"a=3Db=\r\nc=ZZ", b"a=bc=ZZ"), (b"8bit", b"\xff\x00", b"\xff\x00"),
        (b"x-uuencode", b"begin 644 a\r\n#86)C\r\n`\r\nend", b"abc"), (b"x-none", b"abc", b"abc"), (b"", b"abc", b"abc"),
    ],
)  # fmt: skip
def test_a_transfer_encoding_is_removed_however_damaged(encoding, written, content, read, sound):
    binary = part(b"Content-Type: application/x\r\nContent-Transfer-Encoding: " + encoding, written)

    assert [file.content for file in sound(read(multipart(TEXT, binary))).attachments] == [content]


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Type: multipart/mixed", b"Content-Type: multipart/mixed; boundary=", b'Content-Type: multipart/mixed; boundary=""',
        b"Content-Type: multipart/mixed; boundary=absent",
    ],
)  # fmt: skip
def test_a_multipart_without_its_boundary_is_kept_as_one_part(head, read, sound):
    mail = sound(read(head + b"\r\n\r\n--bb\r\n\r\nDear Vera\r\n--bb--\r\n"))

    assert "structure-broken" in mail.defects
    assert b"Dear Vera" in mail.attachments[0].content


def test_an_empty_multipart_is_no_attachment(read):
    mail = read(b"Subject: s\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n\r\n")

    assert (mail.attachments, mail.defects) == (
        (),
        ("author-missing", "date-missing", "message-id-missing", "structure-broken"),
    )


def test_a_mail_cut_in_the_middle_keeps_what_came(read, sound):
    whole = multipart(TEXT, part(b"Content-Type: application/pdf", b"%PDF"))

    for length in range(len(whole)):
        sound(read(whole[:length]))
    assert read(whole[:-8]).attachments[0].content == b"%PDF"


def test_of_two_content_types_the_first_counts(read, sound):
    mail = sound(read(b"Content-Type: text/plain\r\nContent-Type: text/html\r\n\r\n<p>Dear"))

    assert (mail.text, mail.html) == ("<p>Dear", "")


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_any_line_end_will_do(line_end, read):
    mail = read(multipart(TEXT).replace(b"\r\n", line_end))

    assert mail.text == "Dear Vera"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\n",
        b"text alone",
        b"\0",
        b":",
        b": x\r\n\r\n",
        b" folded\r\n\r\nx",
        b"\xff\xfe",
        b"From x\n\n",
    ],
)
def test_what_is_hardly_a_mail_is_still_one(raw, read, sound):
    assert sound(read(raw)).author is None
