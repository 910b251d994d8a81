"""Text that anybody can store and show: decoded by allow-listed charsets, cleaned of what breaks readers."""

import codecs
import re
from typing import Final

# NUL breaks PostgreSQL, lone surrogates break UTF-8, the other control characters break terminals and logs.
UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

TEXT_LIMIT: Final = 2 * 1024 * 1024  # characters

# Charsets of mail, by the name it gives, mapped to Python's text codecs.  A name is never handed to
# Python itself: some of its codecs run code paths that make NUL, raise, or are no text at all.
_CHARSETS = {
    "utf_8": "utf-8 utf8 utf_8 unicode-1-1-utf-8 cp65001 utf-8-sig",
    "ascii": "us-ascii ascii ansi_x3.4-1968 iso646-us 646 us",
    "cp1252": "iso-8859-1 iso8859-1 iso_8859-1 latin1 latin-1 l1 windows-1252 cp1252 ansi x-ansi iso-ir-100",
    "iso8859_2": "iso-8859-2 iso8859-2 latin2",
    "iso8859_3": "iso-8859-3 latin3",
    "iso8859_4": "iso-8859-4 latin4",
    "iso8859_5": "iso-8859-5",
    "iso8859_6": "iso-8859-6 iso-8859-6-i iso-8859-6-e",
    "iso8859_7": "iso-8859-7",
    "iso8859_8": "iso-8859-8 iso-8859-8-i iso-8859-8-e",
    "cp1254": "iso-8859-9 latin5 windows-1254 cp1254",
    "iso8859_10": "iso-8859-10",
    "cp874": "iso-8859-11 tis-620 windows-874 cp874",
    "iso8859_13": "iso-8859-13",
    "iso8859_14": "iso-8859-14",
    "iso8859_15": "iso-8859-15 latin9 latin-9",
    "iso8859_16": "iso-8859-16",
    "cp1250": "windows-1250 cp1250",
    "cp1251": "windows-1251 cp1251 cp-1251 win-1251",
    "cp1253": "windows-1253 cp1253",
    "cp1255": "windows-1255 cp1255",
    "cp1256": "windows-1256 cp1256",
    "cp1257": "windows-1257 cp1257",
    "cp1258": "windows-1258 cp1258",
    "koi8_r": "koi8-r koi8 koi8r cskoi8r",
    "koi8_u": "koi8-u koi8-ru",
    "cp866": "ibm866 cp866 866",
    "cp437": "ibm437 cp437 437",
    "cp850": "ibm850 cp850 850",
    "cp852": "ibm852 cp852",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ms csiso2022jp cp50220 cp50221",
    "cp932": "shift_jis shift-jis sjis x-sjis ms_kanji windows-31j cp932 ms932",
    "euc_jp": "euc-jp eucjp x-euc-jp",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601 ksc5601 ks_c_5601-1989 korean windows-949 cp949 uhc",
    "iso2022_kr": "iso-2022-kr",
    "gb18030": "gb18030 gb2312 gbk gb_2312-80 cp936 x-gbk euc-cn chinese csgb2312",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs big-5 cp950 x-x-big5 csbig5 big5hkscs",
    "mac_roman": "macintosh mac x-mac-roman macroman",
    "mac_cyrillic": "x-mac-cyrillic",
    "utf_16": "utf-16",
    "utf_16_le": "utf-16le",
    "utf_16_be": "utf-16be",
}
CODECS = {name: codec for codec, names in _CHARSETS.items() for name in names.split()}
REFUSED = frozenset({"utf-7", "utf7", "unicode-1-1-utf-7", "csutf7", "x-utf-7", "imap4-utf-7", "utf-7-imap"})


def clean(text: str) -> str:
    """Return *text* without anything that PostgreSQL, JSON or a terminal cannot take.

    Line ends become newlines; NUL and lone surrogates become the replacement character; other
    control characters, except tab and newline, go.
    """
    if not UNCLEAN.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNCLEAN.sub(lambda bad: "\ufffd" if bad[0] == "\0" or bad[0] >= "\ud800" else "", text)


def one_line(text: str) -> str:
    """Return *text* cleaned, on one line, with single spaces: for subjects, names and file names."""
    return " ".join(clean(text).split())


def known(charset: str) -> bool:
    """Whether we have a codec for a charset by this name."""
    return charset.strip().strip("\"'").lower() in CODECS


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Decode *data* by the charset a mail names: (text, defect or None).  Never raises.

    Bytes that are valid UTF-8 with at least one non-ASCII character are UTF-8, whatever a
    single-byte label says: no real text of another charset looks like that by chance.
    """
    name = (charset or "").strip().strip("\"'").lower()
    if name in REFUSED:
        return data.decode("ascii", "replace"), "charset-refused"
    codec = CODECS.get(name)
    if codec is None:
        return _guess(data), None if not name and data.isascii() else "charset-unknown"
    if not data.isascii() and codec != "utf_8" and not codec.startswith("utf_16"):
        try:
            return data.decode("utf-8"), "charset-wrong"
        except UnicodeDecodeError:
            pass
    return _strictly(data, codec)


def undeclared(data: bytes, charset: str) -> str:
    """Decode bytes no charset is declared for: UTF-8, else the *charset* their mail names elsewhere.

    Failing both it is windows-1252.  UTF-16 is left out: it would read anything.
    """
    codec = CODECS.get(charset.strip().strip("\"'").lower(), "utf_8")
    for attempt in ("utf_8", codec):
        try:
            return codecs.decode(data, attempt) if not attempt.startswith("utf_16") else _guess(data)
        except (UnicodeError, ValueError):
            continue
    return _guess(data)


def _strictly(data: bytes, codec: str) -> tuple[str, str | None]:
    try:
        return codecs.decode(data, codec), None
    except (UnicodeError, ValueError):
        if codec in {"utf_8", "ascii"}:
            return _guess(data), "charset-wrong"
        return codecs.decode(data, codec, "replace"), "charset-wrong"


def _guess(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
