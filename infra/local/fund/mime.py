"""Values to MIME bytes: headers with encoded words, text in many charsets, parts inside parts.

Assembled by hand: the standard library's generator is slow, and it tidies away just the habits of
different mail programs that the sample is there to show.
"""

import base64
import binascii
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.charset import QP, SHORTEST, Charset
from email.header import Header
from functools import lru_cache
from typing import Literal
from urllib.parse import quote

from infra.local.fund.people import Mailbox

Transfer = Literal["7bit", "8bit", "base64", "quoted-printable"]
CRLF = "\r\n"
_ATEXT = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~ ")
LONGEST = 900  # characters on a line left as it is: the rule allows 998
_NARROW = ("iso-8859", "windows-125", "koi8")


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part: its header lines and its encoded body, both without a trailing line end."""

    headers: tuple[str, ...]
    body: bytes

    def render(self) -> bytes:
        """Return the part as it stands between boundaries."""
        return CRLF.join(self.headers).encode() + b"\r\n\r\n" + self.body


@lru_cache(maxsize=4096)
def words(text: str, charset: str = "utf-8", used: int = 9) -> str:
    """Return *text* for a header, as encoded words when it is not ASCII; *used* is the name's length."""
    if text.isascii():
        return text
    header = Header(text, _word_charset(fitting(text, (charset,))), header_name="x" * used)
    return header.encode(maxlinelen=74, linesep=CRLF)


@lru_cache
def _word_charset(name: str) -> Charset | str:
    if not name.startswith(_NARROW):
        return name
    # The standard library would write most of these in base64; programs of the West prefer Q.
    charset = Charset(name)
    charset.header_encoding = QP if name.startswith(("iso-8859-1", "windows-1252")) else SHORTEST
    return charset


def fitting(text: str, charsets: Iterable[str]) -> str:
    """Return the first of *charsets* that can write *text*, else UTF-8."""
    for charset in charsets:
        try:
            text.encode(charset)
        except UnicodeEncodeError:
            continue
        return charset
    return "utf-8"


def mailboxes(boxes: Iterable[Mailbox], charset: str = "utf-8") -> str:
    """Return an address list, folded after each comma."""
    return f",{CRLF}\t".join(_mailbox(box, charset) for box in boxes)


def _mailbox(box: Mailbox, charset: str) -> str:
    if not box.name:
        return box.address
    if not box.name.isascii():
        return f"{words(box.name, charset)} <{box.address}>"
    plain = _ATEXT.issuperset(box.name)
    return f"{box.name} <{box.address}>" if plain else f'"{box.name}" <{box.address}>'


def text_part(text: str, charset: str, transfer: Transfer, kind: str = "plain", extra: str = "") -> Part:
    """Return *text* (lines end in LF) as text/*kind*; *extra* parameters begin with "; "."""
    raw = text.replace("\n", CRLF).encode(charset)
    headers = (
        f'Content-Type: text/{kind}; charset="{charset}"{extra}',
        f"Content-Transfer-Encoding: {transfer}",
    )
    return Part(headers, encoded(raw, transfer))


def encoded(raw: bytes, transfer: Transfer) -> bytes:
    """Return *raw* in a transfer encoding."""
    if transfer == "base64":
        return base64.encodebytes(raw).replace(b"\n", b"\r\n").rstrip()
    if transfer == "quoted-printable":
        lines = raw.split(b"\r\n")
        return b"\r\n".join(binascii.b2a_qp(line).replace(b"\n", b"\r\n") for line in lines)
    return raw


def transfer_for(text: str) -> Transfer:
    """Return what keeps the body readable: quoted-printable for Latin text, base64 for the rest."""
    if text.isascii() and max(map(len, text.split("\n"))) <= LONGEST:
        return "7bit"
    foreign = sum(not letter.isascii() for letter in text)
    return "base64" if foreign * 4 > len(text) else "quoted-printable"


def file_part(name: str, media_type: str, content: bytes, content_id: str = "") -> Part:
    """Return an attachment, or with *content_id* a picture for the HTML to show."""
    shown = "inline" if content_id else "attachment"
    headers = [
        f'Content-Type: {media_type};{CRLF}\tname="{words(name)}"',
        f"Content-Disposition: {shown}; {_filename(name)}",
        "Content-Transfer-Encoding: base64",
    ]
    if content_id:
        headers += [f"Content-ID: <{content_id}>", f"X-Attachment-Id: {content_id.partition('@')[0]}"]
    return Part(tuple(headers), encoded(content, "base64"))


def _filename(name: str) -> str:
    return f'filename="{name}"' if name.isascii() else f"filename*=UTF-8''{quote(name)}"


def multipart(kind: str, parts: Sequence[Part], boundary: str) -> Part:
    """Return *parts* together; a single one is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    edge = f"--{boundary}".encode()
    body = b"".join(edge + b"\r\n" + part.render() + b"\r\n" for part in parts) + edge + b"--\r\n"
    return Part((f'Content-Type: multipart/{kind}; boundary="{boundary}"',), body)
