"""Heads of messages: lines of bytes into names and values, and values into what Gmail shows."""

import base64
import binascii
import codecs
import quopri
import re
from functools import lru_cache

HEAD_END = re.compile(rb"(?:\A|\n)\r?\n")
FOLD = re.compile(rb"\r?\n(?=[ \t])")
TAB_FOLD = re.compile(rb"[ \t]?\r?\n\t(?=[^ \t\r\n])")
HEADER = re.compile(rb"([!-9;-~]+)[ \t]*:(.*)", re.DOTALL)
WORD = re.compile(r"=\?([^?\s]{1,75})\?([bq])\?([^?]*)\?=", re.IGNORECASE)
NO_CHARSETS = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined"})
GAP = re.compile(r"(\?=)\s+(?==\?[^?\s]{1,75}\?[bq]\?)", re.IGNORECASE)


def split_head(raw: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Return the (name, value) lines of a head in order, and the body.

    A fold loses its line end and keeps its white space, except that one tab by itself becomes a blank: so
    genuine captures show it.  Lines that are no header are passed over.  Bytes that are no UTF-8 become
    surrogates, to be judged by whoever reads them.
    """
    end = HEAD_END.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    lines = FOLD.sub(b"", TAB_FOLD.sub(b" ", head)).split(b"\n")
    found = (HEADER.fullmatch(line.rstrip(b"\r")) for line in lines)
    return [(_text(one[1]), _text(one[2].strip(b" \t"))) for one in found if one], body


def headers_of(raw: bytes) -> dict[str, str]:
    """Return the first of each header, names in lower case."""
    found: dict[str, str] = {}
    for name, value in split_head(raw)[0]:
        found.setdefault(name.lower(), value)
    return found


def shown(value: str) -> str:
    """Return a header's value as Gmail shows it: encoded words decoded, those that cannot be left alone."""
    if "=?" not in value:
        return printable(value)
    return printable(_joined(GAP.sub(r"\1", value)))


def printable(text: str) -> str:
    """Return *text* without half surrogate pairs, which no JSON can carry."""
    return text.encode("utf-8", "surrogateescape" if _escaped(text) else "replace").decode("utf-8", "replace")


def _escaped(text: str) -> bool:
    """Whether every surrogate in *text* stands for one byte that was no UTF-8."""
    return not any("\ud800" <= char < "\udc80" or "\udcff" < char <= "\udfff" for char in text)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _joined(value: str) -> str:
    """Decode the words; neighbours of one charset are joined first, for a character may span two words."""
    done, at, charset, pending = [], 0, "", b""
    for word in WORD.finditer(value):
        data, name = _word_bytes(word), word[1].partition("*")[0].lower()
        if at != word.start() or name != charset or data is None:
            done.append(_decoded(pending, charset))
            pending = b""
        done.append(value[at : word.start()])
        if data is None or not known_charset(name):
            done.append(word[0])
            data, name = b"", ""
        pending, charset, at = pending + data, name, word.end()
    return "".join([*done, _decoded(pending, charset), value[at:]])


def _word_bytes(word: re.Match[str]) -> bytes | None:
    text = word[3].encode("utf-8", "surrogateescape" if _escaped(word[3]) else "replace")
    if word[2] in "qQ":
        return quopri.decodestring(text.replace(b"_", b"=20"))
    try:
        return base64.b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None


@lru_cache(maxsize=1_000)
def known_charset(name: str) -> bool:
    """Whether *name* is a charset we can read; Python's own encodings are none, and some take for ever."""
    try:
        return codecs.lookup(name).name not in NO_CHARSETS and bool(b"    ".decode(name, "replace"))
    except (LookupError, ValueError):  # unknown, or no text encoding, or with a NUL in its name
        return False


def _decoded(data: bytes, charset: str) -> str:
    return data.decode(charset, "replace") if data else ""
