"""The head of a raw message, mended where readers would disagree, and cut to its limits.  Linear in time."""

import re
from collections.abc import Iterable, Iterator

MOST_HEADERS = 1_000
LONGEST_HEADER = 64 * 1024  # bytes of one value
LARGEST_HEAD = 512 * 1024  # bytes of all values together
LOOKED_AT = LARGEST_HEAD + LONGEST_HEADER  # bytes of a message in which its head is looked for

HEAD_END = re.compile(rb"(?:\A|(?<=\n))\r?\n")
HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")
LINE = re.compile(rb"[^\n]*\n|[^\n]+")
# After a malformed line the head goes on only if one of these still comes: `Note: call me` in a text
# that began without an empty line must not make the lines before it disappear.
TELLING = re.compile(
    rb"(?:from|sender|reply-to|to|cc|bcc|subject|date|message-id|in-reply-to|references|received|return-path"
    rb"|mime-version|content-[a-z-]+|dkim-signature|x-[a-z-]+)[ \t]*:",
    re.IGNORECASE,
)


def readable(raw: bytes) -> tuple[bytes, bool]:
    """Return *raw* with a head every reader reads alike, and whether it was damaged.

    Lines of the head that are neither a header nor its continuation go.  Other readers end the head
    at such a line, and everything after it (the From header, say) becomes text: a sender could hide
    an author from us that Gmail shows.  A bare CR goes too: as a line end it would make headers out of
    a subject.  Only in mail without a single LF it is one.
    """
    raw, doubled = _line_ends(raw)
    end = HEAD_END.search(raw)
    lines = LINE.findall(raw, 0, end.start() if end else len(raw))
    rest = raw[end.start() :] if end else b""
    last = max((number for number, line in enumerate(lines) if TELLING.match(line)), default=-1)
    kept, broken = list[bytes](), doubled
    for number, line in enumerate(map(_without_cr, lines)):
        if HEADER_LINE.match(line):
            name, _, value = line.partition(b":")
            kept.append(name.rstrip() + b":" + value)  # white space before the colon is old, and legal
        elif kept and line[:1] in b" \t":
            kept.append(line)
        elif not kept and line.startswith((b"From ", b">From ")):
            continue  # the separator of a mailbox file
        elif kept and number > last:  # the empty line is missing: the text begins here
            return b"".join((*kept, b"\r\n", *lines[number:], rest)), True
        else:
            broken = True
    if not kept:  # no head at all: what looks like one is the text
        return b"\r\n" + raw, broken
    return b"".join(kept) + rest, broken


def _without_cr(line: bytes) -> bytes:
    return line.replace(b"\r", b"").replace(b"\n", b"\r\n") if b"\r" in line.removesuffix(b"\r\n") else line


def _line_ends(raw: bytes) -> tuple[bytes, bool]:
    """Undo what careless relays do to line ends: CR CR LF throughout, or CR alone; True for the first."""
    if b"\n" not in raw:
        return raw.replace(b"\r", b"\n"), False
    doubled = raw[: raw.find(b"\n") + 1].endswith(b"\r\r\n")
    return (raw.replace(b"\r\r\n", b"\r\n") if doubled else raw), doubled


def alone(raw: bytes) -> list[tuple[str, bytes]]:
    """Return the headers of *raw* (names in lower case) without looking at its body, within the limits."""
    head = readable(raw[:LOOKED_AT])[0]
    end = HEAD_END.search(head)
    lines: list[list[bytes]] = []
    for line in LINE.findall(head, 0, end.start() if end else len(head)):
        if line[:1] in b" \t" and lines:
            lines[-1].append(line)
        else:
            lines.append([line])
    split = (b"".join(one).partition(b":") for one in lines)
    return list(limited((name.decode("ascii", "replace"), value) for name, _, value in split))


def limited(pairs: Iterable[tuple[str, bytes]], cut: set[str] | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield (name in lower case, value) within the limits; *cut* receives the defect when something was.

    What is cut must not change who the author is: a From too long is empty, and one that stands
    beyond the limits is told of, empty too, so that it is never overlooked that there are several.
    """
    total, over = 0, cut if cut is not None else set[str]()
    for number, (written, value) in enumerate(pairs):
        name, shown = written.strip().lower(), value[:LONGEST_HEADER].strip(b"\r\n")
        total += len(shown)
        beyond = number >= MOST_HEADERS or total > LARGEST_HEAD
        if beyond or len(value) > LONGEST_HEADER:
            over.add("header-limit")
            shown = b"" if name == "from" else shown
        if not beyond or name == "from":
            yield name, shown
