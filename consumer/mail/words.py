"""Encoded words (RFC 2047) and encoded parameters (RFC 2231): header text as a person reads it."""

import binascii
import re
from urllib.parse import unquote_to_bytes

from consumer.mail.text import decode, known, undeclared

WORD = re.compile(rb"=\?([^?\s*]+)(?:\*[^?\s]*)?\?([bqBQ])\?([^?]*)\?=")
BETWEEN = re.compile(rb"(\?=)[ \t\r\n]+(?==\?)")
FIRST_TOKEN = re.compile(rb"[^\s;=]*")
PARAMETER = re.compile(
    rb""";\s*([^\s=;*"]+)(\*\d+)?(\*)?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\r\n]*))""", re.DOTALL
)
ALIEN = re.compile(rb"[^A-Za-z0-9+/=]")
PIECE = re.compile(rb"([^=]+)(=*)")
FOLD = re.compile(rb"\r?\n(?=[ \t])")


def unfold(value: bytes) -> bytes:
    """Undo folding: the line end goes, the white space after it stays."""
    return FOLD.sub(b"", value).strip() if b"\n" in value else value.strip()


def decoded(value: bytes, charset: str = "") -> str:
    """Read a header value: encoded words decoded, other bytes by the best guess.  Never raises.

    *charset* is what the mail's text is in: old programs write their headers in it without saying so.

    Neighbouring words of one charset and encoding are joined before decoding, because senders
    split a character's bytes between them.
    """
    value, elsewhere = unfold(value), charset
    if b"=?" not in value:
        return undeclared(value, charset)
    value = BETWEEN.sub(rb"\1", value)
    out, end, pending = list[str](), 0, list[tuple[str, bytes]]()
    for word in WORD.finditer(value):
        between = value[end : word.start()]
        if between:
            out += [_flush(pending, elsewhere), undeclared(between, charset)]
        charset, data = word[1].decode("ascii", "replace").lower(), _unpacked(word[2], word[3])
        if pending and pending[-1][0] != charset:
            out.append(_flush(pending, elsewhere))
        pending.append((charset, data))
        end = word.end()
    out += [_flush(pending, elsewhere), undeclared(value[end:], charset)]
    return "".join(out)


def _flush(pending: list[tuple[str, bytes]], elsewhere: str) -> str:
    if not pending:
        return ""
    data, name = b"".join(part for _, part in pending), pending[0][0]
    # A name nobody knows says no more than none does; what the mail's text is in is the better guess.
    text = decode(data, name)[0] if known(name) else undeclared(data, elsewhere)
    pending.clear()
    return text


def _unpacked(encoding: bytes, text: bytes) -> bytes:
    if encoding in b"qQ":
        return binascii.a2b_qp(text.replace(b"_", b" "))
    return base64_bytes(text)


def base64_bytes(text: bytes) -> bytes:
    """Decode base64 however damaged: alien characters are skipped, missing padding is added.

    Padding ends it, as RFC 2045 says; what follows is read only when it is a whole piece of its own.
    """
    first, *more = PIECE.findall(ALIEN.sub(b"", text)) or [(b"", b"")]
    whole = [(piece, pad) for piece, pad in more if pad and (len(piece) + len(pad)) % 4 == 0]
    last = more[-1:] if more and not more[-1][1] and len(more[-1][0]) % 4 == 0 else []
    return b"".join(_unpadded(piece) for piece, _ in (first, *whole, *last))


def _unpadded(piece: bytes) -> bytes:
    kept = piece[:-1] if len(piece) % 4 == 1 else piece
    return binascii.a2b_base64(kept + b"=" * (-len(kept) % 4))


def parameters(value: bytes, charset: str = "") -> dict[str, str]:
    """Return the parameters of a Content-Type or Content-Disposition value, names in lower case.

    RFC 2231 continuations are joined and decoded; encoded words inside quotes, which no standard
    allows and many senders write, are decoded too.  The first of equal names wins.
    """
    plain, pieces = dict[str, str](), dict[str, list[tuple[int, bool, bytes]]]()
    # Some leave out the semicolon before the first parameter, and with it every part would be lost.
    for found in PARAMETER.finditer(b";" + FIRST_TOKEN.sub(b"", unfold(value), count=1)):
        name = found[1].decode("ascii", "replace").lower()
        text = found[4] if found[4] is not None else found[5].strip()
        if b"\\" in text and found[4] is not None:
            text = re.sub(rb"\\(.)", rb"\1", text)
        if found[2] or found[3]:
            number = int(found[2][1:6]) if found[2] else 0
            pieces.setdefault(name, []).append((number, bool(found[3]), text))
        else:
            plain.setdefault(name, decoded(text, charset))
    return plain | {name: _joined(parts) for name, parts in pieces.items()}


def _joined(parts: list[tuple[int, bool, bytes]]) -> str:
    parts.sort(key=lambda part: part[0])
    charset = ""
    first = parts[0][2]
    if parts[0][1] and first.count(b"'") >= 2:  # noqa: PLR2004 - charset'language'text
        head, _, first = first.split(b"'", 2)
        charset = head.decode("ascii", "replace")
    texts = [first, *(text for _, _, text in parts[1:])]
    data = b"".join(
        unquote_to_bytes(text) if part[1] else text for part, text in zip(parts, texts, strict=True)
    )
    return decode(data, charset or None)[0]
