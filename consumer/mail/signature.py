"""Where the signature of a text begins.  Only its last lines are looked at."""

import re
from collections.abc import Sequence

from consumer.mail.reply_words import CLOSINGS, MOBILE, folded

LOOKED_AT = 40  # lines
SHORT = 72  # characters of a line of a signature
MOST_CLOSING = 10  # lines after "Best regards,"

DELIMITER = re.compile(r"--\s*|__+\s*|—\s*")
LIST_FOOTER = re.compile(r"_{20,}\s*|-{20,}\s*")
# What is added below a letter is part of it.
POSTSCRIPT = re.compile(
    r"\W{0,3}(?:(?i:(?:p\.\s?){1,2}s\.|p{1,2}\.?[ -]?s\.?\s?[:,–—-]|(?:p\.?d|n\.?b)\.?\s?:|postscriptum\b)"
    r"|Nachtrag:|(?:PS|Ps|ps)\s+(?:[a-zà-ÿ]|I\b)|З\.\s?Ы\.|追伸|追記|又及|附言|추신|Υ\.Γ\.|נ\.ב)"
)
MOBILE_LINE = re.compile(rf"\W{{0,3}}(?:{MOBILE})[\s<>()]*(?:<?https?://\S+>?)?", re.IGNORECASE)
COLONS = (":", "：")
AFTER_CLOSING = 2  # words of a name on the closing's own line, behind a comma
COMMA = re.compile("[,，、،]")
DASHED_NAME = re.compile(r"\s*[-–—~]\s?[^\W\d_][\w.'’-]+(?:\s+[^\W\d_][\w.'’-]+){0,2}\s*")
CONTACT = re.compile(
    r"[^\s<>@]@[^\s<>@]{1,255}\.\w|\bwww\.|https?://|\+?\d[\d ()./-]{7,20}\d|\b(?:tel|mob|phone|fax)\b",
    re.IGNORECASE,
)
SENTENCE = re.compile(r"[.!?:]\s*\Z|^\s*(?:[-*•>]|\d+[.)])\s")


def signature_at(text: str) -> int:
    """Return the position in *text* where its signature begins; its length when there is none."""
    start, lines = _below_postscript(*_tail(text))
    found = [
        number
        for number in (
            _delimited(lines), _mobile(lines), _closed(lines), _dashed(lines), _contacts(lines),
        )
        if number is not None
    ]  # fmt: skip
    if not found:
        return len(text)
    position = start + sum(len(line) + 1 for line in lines[: min(found)])
    return position if text[:position].strip() else len(text)


def _tail(text: str) -> tuple[int, list[str]]:
    """Return where the last lines begin, and those lines."""
    start = len(text)
    for _ in range(LOOKED_AT):
        start = text.rfind("\n", 0, max(start - 1, 0)) + 1
        if start == 0:
            break
    return start, text[start:].split("\n")


def _below_postscript(start: int, lines: list[str]) -> tuple[int, list[str]]:
    """Leave out what is above the last postscript, and its first line: no signature can begin there."""
    last = max((n for n, line in enumerate(lines) if POSTSCRIPT.match(line)), default=-1) + 1
    return start + sum(len(line) + 1 for line in lines[:last]), lines[last:]


def _delimited(lines: Sequence[str]) -> int | None:
    return next(
        (n for n, line in enumerate(lines) if DELIMITER.fullmatch(line) or LIST_FOOTER.fullmatch(line)), None
    )


def _mobile(lines: Sequence[str]) -> int | None:
    """Return the first of the last lines that only say which program wrote the mail."""
    number = None
    for n in range(len(lines) - 1, -1, -1):
        if not lines[n].strip():
            continue
        if len(lines[n]) > 2 * SHORT or not MOBILE_LINE.fullmatch(lines[n]):
            break
        number = n
    return number


def _closed(lines: Sequence[str]) -> int | None:
    """Return the line of "Best regards," when only short lines follow."""
    for n in range(len(lines) - 1, max(len(lines) - 2 * MOST_CLOSING, -1), -1):
        if len(lines[n]) <= SHORT and _closes(lines[n]):
            below = [line for line in lines[n + 1 :] if line.strip()]
            return n if len(below) <= MOST_CLOSING and _names(below) else None
    return None


def _closes(line: str) -> bool:
    phrase, *rest = COMMA.split(line, maxsplit=1)
    named = rest[0].split() if rest else []
    return len(named) <= AFTER_CLOSING and folded(phrase) in CLOSINGS


def _dashed(lines: Sequence[str]) -> int | None:
    """Return the line of "-Ada Lindqvist" when nothing but her address follows."""
    for n in range(len(lines) - 1, max(len(lines) - 6, -1), -1):
        if lines[n].strip() and DASHED_NAME.fullmatch(lines[n]):
            below = [line for line in lines[n + 1 :] if line.strip()]
            alone = n == 0 or not lines[n - 1].strip()
            item = lines[n].split()[-1].islower() or _announced(lines[:n])
            return n if alone and not item and all(CONTACT.search(line) for line in below) else None
    return None


def _contacts(lines: Sequence[str]) -> int | None:
    """Return where the last paragraph begins when it is a name and how to reach it, not sentences."""
    start = max((n for n, line in enumerate(lines) if not line.strip()), default=-1) + 1
    block = lines[start:]
    if any(len(line) > 2 * SHORT for line in block):
        return None
    ways = sum(bool(CONTACT.search(line)) for line in block)
    if start == 0 or len(block) not in range(3, 10) or ways < 2:  # noqa: PLR2004 - a link alone is content
        return None
    plain = [line for line in block if not CONTACT.search(line)]
    if _announced(lines[:start]) or any(line.rstrip().endswith(COLONS) for line in plain):
        return None  # "Please wire to:", and then whom: that is what the letter is about
    named = bool(plain) and not CONTACT.search(block[0]) and all(
        _short(line) and (not SENTENCE.search(line) or len(line.split()) <= 5) for line in plain  # noqa: PLR2004
    )  # fmt: skip
    return start if named else None


def _announced(above: Sequence[str]) -> bool:
    """Whether the last line above ends with a colon: then what follows is no signature."""
    return next((line for line in reversed(above) if line.strip()), "").rstrip().endswith(COLONS)


def _names(below: Sequence[str]) -> bool:
    """Whether lines under a closing are a name and a card, and no further sentence."""
    if not below:
        return True
    name = below[0].split()
    if len(name) > AFTER_CLOSING and name[-1].islower():
        return False  # "Please send the deck"
    return len(name) <= 4 and all(_short(line) for line in below) and not any(  # noqa: PLR2004
        SENTENCE.search(line) and len(line.split()) > 4 and not CONTACT.search(line) for line in below  # noqa: PLR2004
    )  # fmt: skip


def _short(line: str) -> bool:
    return len(line) <= SHORT
