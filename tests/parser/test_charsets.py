"""Charsets: what is declared, what is not, and names made to break a decoder."""

import base64
from encodings.aliases import aliases

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from consumer.mail.text import decode

ODD = [
    "", " ", "''", '""', "utf-7", "UTF7", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "undefined",
    "rot13", "rot_13", "hex", "base64", "zlib", "bz2", "uu", "quopri", "mbcs", "oem", "charmap", "string_escape",
    "unicode_internal", "utf-8-sig", "utf_16", "utf-32", "x-user-defined", "x-unknown", "unknown-8bit", "default",
    "default_charset", "_autodetect_all", "iso-8859-0", "iso-8859-12", "iso-8859-8-i", "cp99999", "ansi", "binary",
    "8bit", "utf8\0", "\0", "../../etc/passwd", "os", "encodings.aliases", "a" * 6_000, "utf-8;drop", "utf 8",
    "\u00fctf-8", "ks_c_5601-1987", "iso-2022-jp-ext", "x-mac-japanese", "tscii", "viscii", "locale", "None", "=?",
]  # fmt: skip
NAMES = sorted({*aliases, *aliases.values(), *ODD})
BYTES = (
    bytes(range(256))
    + b"\\ud800\\x00\\N{BULLET}+AAA-&AAA-xn--a\x1b$B\x1b(J~{\xe2\x80"
    + "中文 ñ".encode()
    + b"\x0e\x0f"
)


@pytest.mark.parametrize("part", range(8))
def test_no_charset_name_breaks_a_body_a_header_or_a_file_name(part, read, sound):
    for name in NAMES[part::8]:
        charset = name.encode()
        raw = (
            b"Subject: =?%s?q?=00=ff=e4+AAA-\\x00\\ud800?= \xff\r\nContent-Type: multipart/mixed; boundary=bb\r\n\r\n"
            b'--bb\r\nContent-Type: text/plain; charset="%s"\r\n\r\n%s\r\n'
            b"--bb\r\nContent-Disposition: attachment; filename*=%s''%%00%%ff%%e4+AAA-\r\n\r\n--bb--\r\n"
        ) % (charset, charset, BYTES.replace(b"\r", b"").replace(b"\n", b""), charset)

        mail = sound(read(raw))

        assert len(mail.text) > 100 or "\0" in name


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("gb2312", "gbk"), ("GBK", "gbk"), ("big5", "big5"), ("euc-kr", "euc_kr"), ("ks_c_5601-1987", "cp949"),
        ("shift_jis", "cp932"), ("euc-jp", "euc_jp"), ("koi8-r", "koi8_r"), ("windows-1251", "cp1251"),
        ("iso-8859-7", "iso8859_7"), ("windows-1255", "cp1255"), ("iso-8859-2", "iso8859_2"),
    ],
)  # fmt: skip
def test_undeclared_header_bytes_are_read_by_the_charset_of_the_text(charset, codec, read, sound):
    words = {
        "gb": "关于基金的条款", "big5": "關於基金的條款", "euc-kr": "투자 조건", "ks": "투자 조건", "sh": "投資条件について",
        "euc-jp": "投資条件について", "koi": "Условия", "windows-1251": "Условия", "iso-8859-7": "Όροι",
        "windows-1255": "תנאים", "iso-8859-2": "Podmínky účasti",
    }  # fmt: skip
    word = next(word for start, word in words.items() if charset.lower().startswith(start))
    text = word.encode(codec)
    raw = (
        b"Subject: " + text + b'\r\nFrom: "' + text + b'" <ada@lp.example>\r\nTo: ' + text + b" <v@fund.example>\r\n"
        b"Content-Type: multipart/mixed; boundary=bb\r\n\r\n--bb\r\nContent-Type: text/plain; charset="
        + charset.encode() + b"\r\n\r\n" + text
        + b'\r\n--bb\r\nContent-Disposition: attachment; filename="' + text + b'.pdf"\r\n\r\n--bb--'
    )  # fmt: skip

    mail = sound(read(raw))

    assert (mail.subject, mail.text.strip(), mail.attachments[0].filename) == (word, word, f"{word}.pdf")
    assert (mail.author.name, mail.participants[1].name) == (word, word)
    assert mail.author.address == "ada@lp.example"


@pytest.mark.parametrize("charset", [b"utf-8", b"us-ascii", b"utf-16", b"gb2312", b"x-unknown", b"utf-7"])
def test_utf8_header_bytes_are_utf8_whatever_the_text_is_in(charset, read):
    raw = "Subject: Grüße\r\nContent-Type: text/plain; charset=".encode() + charset + b"\r\n\r\ntext"

    assert read(raw).subject == "Grüße"


@pytest.mark.parametrize(
    "charset", [b"utf-8", b"us-ascii", b"utf-16", b"gb2312", b"x-unknown", b"utf-7", b"iso-2022-jp"]
)
def test_where_the_charset_of_the_text_does_not_fit_it_is_windows_1252(charset, read, sound):
    raw = b"Subject: Pr\xe9\r\nContent-Type: text/plain; charset=" + charset + b"\r\n\r\ntext"

    assert sound(read(raw)).subject == "Pré"


def test_a_charset_cannot_move_where_an_address_begins(read):
    """0x81 0x40 is one character of GBK; its second byte is an @."""
    raw = b"From: \x81@lp.example <x@attacker.example>\r\nContent-Type: text/plain; charset=gbk\r\n\r\n"

    assert read(raw).author is None


@pytest.mark.parametrize(
    ("declared", "data", "expected"),
    [
        (b"utf-8", "ñ €".encode(), ("ñ €",)),
        (b"iso-8859-1", b"\x80 \xe9", ("€ é",)),
        (b"iso-8859-1", "é".encode(), ("é", "charset-wrong")),
        (b"us-ascii", b"\xe9", ("é", "charset-wrong")),
        (b"utf-8", b"caf\xe9", ("café", "charset-wrong")),
        (b"utf-7", b"+AGEAYg-", ("+AGEAYg-", "charset-refused")),
        (b"x-nothing", "ñ".encode(), ("ñ", "charset-unknown")),
        (b"iso-2022-jp", "日本語".encode("iso2022_jp"), ("日本語",)),
        (b"utf-16", "ñ €".encode("utf-16"), ("ñ €",)),
        (b"gb2312", "镕".encode("gbk"), ("镕",)),
    ],
)
def test_a_body_is_read_by_its_charset_or_a_better_one(declared, data, expected, read, sound):
    mail = sound(read(b"Content-Type: text/plain; charset=" + declared + b"\r\n\r\n" + data))

    defects = [code for code in mail.defects if code.startswith("charset")]
    assert (mail.text, *defects) == expected


EAST = {
    "gb2312": "要约", "gb18030": "一", "gbk": "毛", "big5": "羅", "euc-jp": "谷", "euc-kr": "친", "shift_jis": "ﾃｽ", "tis-620": "รถ", "windows-874": "แตก",
}  # fmt: skip


@pytest.mark.parametrize("charset", EAST)
def test_a_short_word_of_the_east_is_not_taken_for_utf8(charset, read, sound):
    word = EAST[charset]
    data = word.encode({"windows-874": "cp874"}.get(charset, charset))
    encoded = base64.b64encode(data).decode()
    head = f"Subject: =?{charset}?b?{encoded}?=\r\nContent-Type: text/plain; charset={charset}\r\n"
    mail = sound(read(head.encode() + b"To: " + data + b" <v@fund.example>\r\n\r\n" + data))

    assert data.decode("utf-8")  # or this would prove nothing
    assert (mail.subject, mail.text, mail.participants[0].name) == (word, word, word)
    assert "charset-wrong" not in mail.defects


@pytest.mark.parametrize("charset", ["gb2312", "big5", "euc-jp", "euc-kr", "shift_jis", "tis-620"])
@pytest.mark.parametrize(
    "words",
    ["Grüße aus Köln", "Zoë", "à bientôt, André", "Условия сделки", "Όροι", "תנאים", "شروط", "a\u00a0b", "£5m", "关于基金的条款", "投資条件"],
)  # fmt: skip
def test_utf8_called_something_of_the_east_is_recognised(words, charset, read, sound):
    mail = sound(read(f"Content-Type: text/plain; charset={charset}\r\n\r\n{words}".encode()))

    assert mail.text == words
    assert "charset-wrong" in mail.defects


@given(st.text(st.sampled_from("".join(bytes((a, b)).decode("gb2312") for a in range(0xB0, 0xD7) for b in range(0xA1, 0xFE))), min_size=1, max_size=12))  # fmt: skip
@settings(deadline=None, derandomize=True)  # three rare signs in a row, 味味味, may be Greek
def test_common_chinese_words_alone_are_read_as_they_are_declared(words):
    assert decode(words.encode("gb2312"), "gb2312") == (words, None)


@pytest.mark.parametrize("charset", ["utf-16", "utf-16le", "utf-16be"])
@pytest.mark.parametrize("words", ["We accept your offer.", "Grüße, Ada", "<p>We decline.</p>\r\n", "Yes"])
def test_plain_text_called_utf16_is_read_as_what_it_is(words, charset, read, sound):
    mail = sound(read(f"Content-Type: text/plain; charset={charset}\r\n\r\n{words}".encode()))

    assert (mail.text, "charset-wrong" in mail.defects) == (words.replace("\r", ""), True)


@pytest.mark.parametrize("words", ["中", "中文", "关于基金的条款", "Condiții", "条款 1\n"])
@pytest.mark.parametrize("charset", ["utf-16", "utf-16-le", "utf-16-be"])
def test_real_utf16_is_still_read(words, charset, read, sound):
    raw = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + words.encode(charset)
    mail = sound(read(raw))

    assert (mail.text, "charset-wrong" in mail.defects) == (words, False)
