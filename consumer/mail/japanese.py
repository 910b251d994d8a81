"""Japanese text with the characters vendors added to JIS: circled digits, the sign of a stock company.

Mail is full of them, and Python's codecs for ISO-2022-JP and EUC-JP do not have them, while its codec
for Shift_JIS as Windows writes it does.  All three are one table, numbered differently.
"""

import re

CODECS = frozenset({"iso2022_jp_ext", "euc_jp"})
SHIFTED = re.compile(rb"\x1b(\$[@B]|\([BJI])([^\x1b]*)")  # ISO-2022-JP: a run after its escape
PAIR = re.compile(rb"[!-~]{2}")
PAIRS = re.compile(rb"(?:[!-~]{2}|\s)*+")
KANA, ASCII = b"(I", (b"(B", b"(J")


def decode(data: bytes, codec: str) -> str:
    """Decode ISO-2022-JP or EUC-JP by way of Windows' Shift_JIS, or raise UnicodeError."""
    if codec == "iso2022_jp_ext":
        data.decode("ascii")  # it is a seven-bit code: with anything else in it, it is none
        return _from_iso2022(data).decode("cp932")
    return _from_euc(data).decode("cp932")


def _from_iso2022(data: bytes) -> bytes:
    start = data.find(b"\x1b")
    out = [data[:start] if start >= 0 else data]
    for run in SHIFTED.finditer(data):
        if run[1] in ASCII:
            out.append(run[2])
        elif run[1] == KANA:
            out.append(bytes(byte | 0x80 for byte in run[2]))
        else:
            out.append(_kanji(run[2]))
    return b"".join(out)


def _from_euc(data: bytes) -> bytes:
    return re.sub(
        rb"\x8e([\xa1-\xdf])|((?:[\xa1-\xfe][\xa1-\xfe])+)",
        lambda run: run[1] or _kanji(bytes(byte & 0x7F for byte in run[2])),
        data,
    )


def _kanji(pairs: bytes) -> bytes:
    """Renumber two-byte characters; line ends, which some senders leave between them, stay."""
    if not PAIRS.fullmatch(pairs):
        raise UnicodeError("half a character")
    return PAIR.sub(lambda pair: _shifted(*pair[0]), pairs)


def _shifted(row: int, cell: int) -> bytes:
    first = (row - 0x21) // 2 + 0x81
    second = cell + 0x7E if row % 2 == 0 else cell + 0x1F + (cell >= 0x60)  # noqa: PLR2004 - skips 0x7F
    return bytes((first + 0x40 if first > 0x9F else first, second))  # noqa: PLR2004 - skips half-width kana
