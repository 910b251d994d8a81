"""Text that anybody can store and show: decoded by allow-listed charsets, cleaned of what breaks readers."""

import codecs
import re
from typing import Final

from consumer.mail import japanese

# NUL breaks PostgreSQL, lone surrogates break UTF-8, the other control characters break terminals and logs.
UNCLEAN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
CLEAN_ASCII = b"\t\n" + bytes(range(0x20, 0x7F))

TEXT_LIMIT: Final = 2 * 1024 * 1024  # characters
LONGEST_CHARSET = 64  # characters of a charset's name

# Charsets of mail, by the name it gives, mapped to Python's text codecs.  A name is never handed to
# Python itself: some of its codecs run code paths that make NUL, raise, or are no text at all.
_CHARSETS = {
    "utf_8": "utf-8 unicode-1-1-utf-8 unicode-2-0-utf-8 cp65001 utf-8-sig utf8mb4",
    "ascii": "us-ascii ascii ansi_x3.4-1968 iso646-us 646 us",
    "cp1252": "iso-8859-1 latin1 l1 windows-1252 cp1252 x-cp1252 ansi x-ansi iso-ir-100",
    "iso8859_2": "iso-8859-2 latin2",
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
    "iso8859_15": "iso-8859-15 latin9",
    "iso8859_16": "iso-8859-16",
    "cp1250": "windows-1250 cp1250",
    "cp1251": "windows-1251 cp1251 cp-1251 win-1251",
    "cp1253": "windows-1253 cp1253",
    "cp1255": "windows-1255 cp1255",
    "cp1256": "windows-1256 cp1256",
    "cp1257": "windows-1257 cp1257",
    "cp1258": "windows-1258 cp1258",
    "koi8_r": "koi8-r koi8 cskoi8r",
    "koi8_u": "koi8-u koi8-ru",
    "cp866": "ibm866 cp866 866",
    "cp437": "ibm437 cp437 437",
    "cp850": "ibm850 cp850 850",
    "cp852": "ibm852 cp852",
    "iso2022_jp_ext": "iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-ms csiso2022jp cp50220 cp50221",
    "cp932": "shift_jis sjis x-sjis ms_kanji windows-31j cp932 ms932",
    "euc_jp": "euc-jp x-euc-jp",
    "cp949": "euc-kr ks_c_5601-1987 ks_c_5601 ks_c_5601-1989 korean windows-949 cp949 uhc",
    "iso2022_kr": "iso-2022-kr",
    "gb18030": "gb18030 gb2312 gbk gb_2312-80 cp936 x-gbk euc-cn eucgb2312_cn chinese csgb2312",
    "hz": "hz-gb-2312 hz",
    "big5hkscs": "big5 big5-hkscs cp950 x-x-big5 csbig5 big5hkscs",
    "mac_roman": "macintosh mac x-mac-roman macroman",
    "mac_latin2": "x-mac-ce x-mac-centraleurroman",
    "mac_cyrillic": "x-mac-cyrillic",
    "utf_16": "utf-16",
    "utf_16_le": "utf-16le",
    "utf_16_be": "utf-16be",
}
YEAR = re.compile(r":\d{4}$")  # ISO_8859-1:1987

# Charsets in which two letters in a row may be valid UTF-8 by chance: 毛 in GBK is ë, รถ in Thai is ö.
CROWDED = frozenset({"cp932", "euc_jp", "cp949", "gb18030", "big5hkscs", "cp874"})
# Letters and signs that mail is really written in: two bytes of UTF-8 each, then three and four ...
LETTERS = re.compile(
    r"[\x00-\x7f\u00a0-\u017f\u01a0\u01a1\u01af\u01b0\u0218-\u021b\u0300-\u0304\u0384-\u03ce\u0400-\u045f"
    r"\u0490\u0491\u05d0-\u05ea\u060c-\u06ff\u0e01-\u0e5b\u1e00-\u1eff\u2000-\u22ff\u2460-\u27bf"
    r"\u3000-\u9fff\uac00-\ud7a3\ufe00-\ufe0f\ufeff-\U0001faff]*"
)
# ... and what shows that they are meant: inside an ASCII word, a word of one alphabet, any of three bytes.
MEANT = re.compile(
    r"[a-z][\u00c0-\u017f]|[\u00c0-\u017f][a-z]|[\u0384-\u03ce]{3}|[\u0400-\u045f]{3}|[\u05d0-\u05ea]{3}"
    r"|[\u0620-\u06ff]{3}|\u00a0|[\u00a3\u00a7]\d|[\u0800-\U0001faff]"
)
MOST_BY_CHANCE = 8  # letters; of nine, one text in a million is valid UTF-8
BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
FEW = 8  # bytes: four letters of UTF-16, which may all be ASCII by chance


def _plainly(name: str) -> str:
    """Return a charset's name without what senders vary: ISO_8859-1, iso8859-1 and "iso-8859-1" are one."""
    return re.sub("[^a-z0-9]", "", YEAR.sub("", name.strip().strip("\"'").lower()[:LONGEST_CHARSET]))


CODECS = {_plainly(name): codec for codec, names in _CHARSETS.items() for name in names.split()}
REFUSED = frozenset(
    map(_plainly, ("utf-7", "unicode-1-1-utf-7", "csutf7", "x-utf-7", "imap4-utf-7", "utf-7-imap"))
)
# What is tried when the charset a mail names cannot read it, and vendors have put more into theirs.
WIDER = {"big5hkscs": "cp950"}


def clean(text: str) -> str:
    """Return *text* without anything that PostgreSQL, JSON or a terminal cannot take.

    Line ends become newlines; NUL and lone surrogates become the replacement character; other
    control characters, except tab and newline, go.
    """
    if text.isascii():  # most of all mail, told five times as fast
        if not text.encode().translate(None, CLEAN_ASCII):
            return text
    elif not UNCLEAN.search(text):
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return UNCLEAN.sub(lambda bad: "\ufffd" if bad[0] == "\0" or bad[0] >= "\ud800" else "", text)


def one_line(text: str) -> str:
    """Return *text* cleaned, on one line, with single spaces: for subjects, names and file names."""
    return " ".join(clean(text).split())


def known(charset: str) -> bool:
    """Whether we have a codec for a charset by this name."""
    return _plainly(charset) in CODECS


def decode(data: bytes, charset: str | None) -> tuple[str, str | None]:
    """Decode *data* by the charset a mail names: (text, defect or None).  Never raises.

    Bytes that are valid UTF-8 with at least one non-ASCII character are UTF-8, whatever the label
    says: a text of another charset looks like that by chance only when it is short, and then it is weighed.
    """
    name = _plainly(charset or "")
    if name in REFUSED:
        return data.decode("ascii", "replace"), "charset-refused"
    codec = CODECS.get(name)
    if codec is None:
        return _guess(data), None if not name and data.isascii() else "charset-unknown"
    if codec != "utf_8":
        text = _mislabelled(data, codec)
        if text is not None:
            return text, "charset-wrong"
    return _strictly(data, codec)


def _mislabelled(data: bytes, codec: str) -> str | None:
    """Return *data* read as UTF-8 where that is what it is, though it is called *codec*; else None."""
    wide = codec.startswith("utf_16")
    if (data.isascii() and not wide) or (wide and _is_wide(data)):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if codec in CROWDED and _by_chance(data, text, codec) else text


def _is_wide(data: bytes) -> bool:
    """Whether *data* may be UTF-16: its mark or a NUL tells; of a few bytes nobody can."""
    few = len(data) < FEW and len(data) % 2 == 0 and not re.search(rb"\s", data)
    return data.startswith(BOMS) or b"\0" in data or few


def _by_chance(data: bytes, text: str, codec: str) -> bool:
    """Whether *data* is a short text of *codec* whose reading as UTF-8, *text*, is chance: no words."""
    foreign = len(text) - len(text.encode("ascii", "ignore"))
    if foreign > MOST_BY_CHANCE or (LETTERS.fullmatch(text) and MEANT.search(text)):
        return False
    try:
        codecs.decode(data, codec)
    except (UnicodeError, ValueError):
        return False
    return True


def undeclared(data: bytes, charset: str) -> str:
    """Decode bytes no charset is declared for: UTF-8, else the *charset* their mail names elsewhere.

    Failing both it is windows-1252.  UTF-16 is left out: it would read anything.
    """
    if data.isascii():
        return data.decode("ascii")
    codec = CODECS.get(_plainly(charset), "utf_8")
    if codec.startswith("utf_16"):
        return _guess(data)
    text = _mislabelled(data, codec)
    if text is not None:
        return text
    try:
        return codecs.decode(data, codec)
    except (UnicodeError, ValueError):
        return _guess(data)


def _strictly(data: bytes, codec: str) -> tuple[str, str | None]:
    try:
        return codecs.decode(data, codec), None
    except (UnicodeError, ValueError):
        if codec in {"utf_8", "ascii"}:
            return (_mostly_utf8(data) if codec == "utf_8" else None) or _guess(data), "charset-wrong"
    try:
        return japanese.decode(data, codec) if codec in japanese.CODECS else data.decode(WIDER[codec]), None
    except (UnicodeError, KeyError):
        return codecs.decode(data, codec, "replace"), "charset-wrong"


def _mostly_utf8(data: bytes) -> str | None:
    """Decode UTF-8 with a few bytes of damage, or None when most of what is not ASCII is no UTF-8."""
    text = data.decode("utf-8", "replace")
    damaged = text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    sound = sum(not character.isascii() for character in text) - damaged
    return text if sound > damaged else None


def _guess(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")
