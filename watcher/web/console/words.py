"""Times, and what may deceive the eye, in words."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

LOOK_ALIKE, TURNED = "look-alike letters", "turned text"
# Per mark (docs/defects.md) a word for the line, and what it means.
MARKED: Final = {
    "address-in-name": ("address as name", "The author's name is an address, and not the author's."),
    "bidi-in-name": (TURNED, "The author's name holds characters that turn the reading direction."),
    "bidi-in-subject": (TURNED, "The subject holds characters that turn the reading direction."),
    "international-domain": (
        "foreign letters",
        "The author's domain is written in other letters than ASCII.",
    ),
    "invisible-in-name": ("hidden characters", "The author's name holds characters that cannot be seen."),
    "look-alike-domain": (LOOK_ALIKE, "The author's domain looks like one in ASCII letters, and is another."),
    "mixed-scripts-in-domain": (LOOK_ALIKE, "One word of the author's domain mixes alphabets."),
    "mixed-scripts-in-name": (LOOK_ALIKE, "One word of the author's name mixes alphabets."),
}


def marked(marks: Iterable[str], *, sure: bool) -> dict[str, str]:
    """Return what marks mean as {word: sentences}; a mark without a word stands for itself.

    Where the author is *sure* to be theirs or ours, a domain in other letters warns of nothing.
    """
    said = dict[str, str]()
    for mark in marks:
        if sure and mark == "international-domain":
            continue
        word, why = MARKED.get(mark, (mark, "docs/defects.md says what this mark means."))
        said[word] = f"{said[word]} {why}" if word in said else why
    return said


def ago(moment: datetime, now: datetime) -> str:
    """Return a short age: "now", "5 min", "3 h", "4 d", then the date."""
    age = now - moment
    if age < timedelta(minutes=1):
        return "now"
    if age < timedelta(hours=1):
        return f"{age.seconds // 60} min"
    if age < timedelta(days=1):
        return f"{age.seconds // 3600} h"
    if age < timedelta(days=7):
        return f"{age.days} d"
    return f"{moment:%-d %b}" if moment.year == now.year else f"{moment:%-d %b %Y}"


def exactly(moment: datetime) -> str:
    """Return the whole time, UTC."""
    return f"{moment:%A, %-d %B %Y, %H:%M} UTC"
