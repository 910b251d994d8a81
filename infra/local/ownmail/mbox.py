"""Read an mbox export (Google Takeout's, or any other) one message at a time."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from infra.local.ownmail import headers
from infra.local.ownmail.labels import system_labels
from infra.local.ownmail.model import OwnMail

# A body may begin a line with "From " as well: only a line that ends in a date parts two messages.
_SEPARATOR = re.compile(rb"From .*(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) +(?:[A-Z][a-z]{2} +\d|\d+ [A-Z][a-z]{2})")
_ESCAPED = re.compile(rb">+From ")
_ADDED = re.compile(rb"(?im)^X-(?:GM-THRID|Gmail-Labels):.*(?:\r?\n[ \t].*)*\r?\n?")
_LONGEST_LINE = 1 << 20
LARGEST = 160 << 20  # octets of one message: Gmail takes at most 50 MB, a third more in base64


def read_mbox(path: Path) -> Iterator[OwnMail]:
    """Yield the messages of *path* in its order, holding one at a time.

    Raises ValueError, before anything is yielded, when there is no such file or it is no mbox.
    """
    if not path.is_file():
        raise ValueError(f"There is no file {path}.")
    with path.open("rb") as lines:
        if not _SEPARATOR.match(lines.readline(_LONGEST_LINE)):
            raise ValueError(f'{path} is not an mbox file: it does not begin with a "From " line and a date.')
    return _messages(path)


def _messages(path: Path) -> Iterator[OwnMail]:
    with path.open("rb") as lines:
        for number, (separator, raw) in enumerate(_split(lines), start=1):
            yield _own_mail(f"{path.name} no. {number}", separator, raw)


def _split(lines: Iterable[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Yield each separator line with the message below it, escapes undone."""
    separator, message, size, after_blank = b"", bytearray(), 0, True
    for line in lines:
        if after_blank and line.startswith(b"From ") and _SEPARATOR.match(line):
            if separator:
                yield separator, _without_last_blank(message)
            separator, message, size, after_blank = line, bytearray(), 0, False
            continue
        size += len(line)
        if size <= LARGEST:  # a longer one is cut: it cannot have come through Gmail
            message += line[1:] if line.startswith(b">") and _ESCAPED.match(line) else line
        after_blank = line in {b"\n", b"\r\n"}
    if separator:
        yield separator, _without_last_blank(message)


def _without_last_blank(message: bytearray) -> bytes:
    """Drop the empty line that mbox puts before the next separator."""
    for blank in (b"\r\n\r\n", b"\n\n"):
        if message.endswith(blank):
            return bytes(message[: -len(blank) // 2])
    return bytes(message)


def _own_mail(source: str, separator: bytes, raw: bytes) -> OwnMail:
    told = headers.fields(raw)
    labels = told.get("x-gmail-labels", [""])[0]
    thread = told.get("x-gm-thrid", [""])[0]
    dates = (_separator_date(separator), *(headers.moment(date) for date in told.get("date", [])))
    return OwnMail(
        source=source,
        raw=_without_additions(raw),
        labels=system_labels(labels),
        internal_date=next((date for date in dates if date), None),
        thread_hint=thread or None,
    )


def _without_additions(raw: bytes) -> bytes:
    """Return the message as Gmail has it: the export's two fields are not the sender's."""
    end = len(headers.header_block(raw))
    end += 2 if raw[end : end + 2] == b"\r\n" else 1
    return _ADDED.sub(b"", raw[:end]) + raw[end:]


def _separator_date(separator: bytes) -> datetime | None:
    """Return the date of "From 123@xxx Mon Nov 16 08:56:49 +0000 2026", zone before or after the year."""
    words = separator.decode("latin-1").split()[-6:]
    zone = next((word for word in words if re.fullmatch(r"[+-]\d{4}", word)), "+0000")
    rest = [word for word in words if word != zone][-5:]
    try:
        return datetime.strptime(" ".join([*rest, zone]), "%a %b %d %H:%M:%S %Y %z").astimezone(UTC)
    except ValueError:
        return None
