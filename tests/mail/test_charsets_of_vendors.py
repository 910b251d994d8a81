"""Charsets as vendors have widened them, under the names senders give them."""

import base64

import pytest


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("iso-2022-jp", b"\x1b$B-!3t<02q<R-j\x1b(B Ltd", "①株式会社㈱ Ltd"),
        ("ISO-2022-JP", b"\x1b(I1\x1b(B\x1b$B-!\x1b(J!", "ｱ①!"),
        ("euc-jp", b"\xad\xa1\xb3\xf4\x8e\xb1 a", "①株ｱ a"),
        ("big5", b"\xa3\xe1 " + "裏".encode("cp950"), "€ 裏"),
        ("ISO_8859-1:1987", b"caf\xe9", "café"),
        ("iso8859_1", b"caf\xe9", "café"),
        ("windows1252", b"\x80", "€"),
        ("KS_C_5601_1987", b"\xb0\xa1", "가"),
        ("tis620", b"\xa1", "ก"),
        ("x-mac-ce", b"\x8a", "ä"),
        ("utf8mb4", "é".encode(), "é"),
    ],
)
def test_a_text_is_read_as_its_sender_meant_it(name, data, text, read):
    mail = read(b"Content-Type: text/plain; charset=" + name.encode() + b"\r\n\r\n" + data)

    assert mail.text == text
    assert not [code for code in mail.defects if "charset" in code]


@pytest.mark.parametrize("data", [b"\x1b$B-!\xff", b"\x1b$B\x7f\x7f", b"\x1b$B!"])
def test_what_is_no_japanese_at_all_is_replaced(data, read):
    assert "charset-wrong" in read(b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + data).defects


@pytest.mark.parametrize(
    ("name", "text_in", "codec"),
    [
        ("eucgb2312_cn", "us-ascii", "gb18030"),  # what Python's own library writes for gb2312
        ("x-our-own-charset", "gb2312", "gb18030"),  # what the text is in is the better guess
        ("x-our-own-charset", "koi8-r", "koi8-r"),
    ],
)
def test_a_subject_in_a_charset_by_an_odd_name_is_read(name, text_in, codec, read):
    subject = "第12期缴款通知" if codec == "gb18030" else "Уведомление о взносе"
    word = base64.b64encode(subject.encode(codec)).decode()
    head = f"Subject: =?{name}?b?{word}?=\r\nContent-Type: text/plain; charset={text_in}\r\n\r\nhi"

    assert read(head.encode()).subject == subject
