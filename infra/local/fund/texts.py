"""Read the conversations: one text file a language, in the form texts/README.md describes."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

Who = Literal["fund", "investor", "introducer", "aside"]

TEXTS = Path(__file__).parent / "texts"
MARKERS: dict[str, Who] = {"-->": "fund", "<--": "investor", "~~>": "introducer", "--=": "aside"}
ENCLOSURES = ("pdf", "csv", "png", "ics")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation, placeholders still in it."""

    who: Who
    text: str
    tags: frozenset[str]  # cc, by2, short, logo
    enclosures: tuple[tuple[str, str], ...]  # kind and file name, the name with placeholders


@dataclass(frozen=True, slots=True)
class Language:
    """How one language writes days, quotations and good-byes."""

    code: str
    months: tuple[str, ...]
    day: str
    wrote: str
    byes: tuple[str, ...]
    charsets: tuple[str, ...]  # Outlook's first, older programs' last; empty: UTF-8 only
    reply: str  # what Outlook puts before the subject of a reply


@dataclass(frozen=True, slots=True)
class Conversation:
    """What two sides say to each other, first to last."""

    subject: str
    turns: tuple[Turn, ...]
    language: Language
    opening: bool  # belongs at the start of a relation


@dataclass(frozen=True, slots=True)
class Scrap:
    """Mail that is not an investor's."""

    kind: str
    reader: str  # the teammate it always goes to, by first name in lower case; empty: anybody
    sender: str  # "Name <address>", the way of a forgery, or empty
    conversation: Conversation


@cache
def library() -> dict[str, tuple[Conversation, ...]]:
    """Return the conversations with investors by language code."""
    paths = sorted(path for path in TEXTS.glob("??.txt"))
    return {path.stem: tuple(_conversations(path)) for path in paths}


@cache
def scraps() -> tuple[Scrap, ...]:
    """Return everything else a mailbox holds."""
    return tuple(_scraps())


def language(code: str) -> Language:
    """Return the language, or English for one in which nobody here talks to investors."""
    return (library().get(code) or library()["en"])[0].language


def _conversations(path: Path) -> Iterator[Conversation]:
    head, *blocks = _blocks(path)
    spoken = _language(path.stem, head)
    for title, *lines in blocks:
        subject, _, flag = title.partition(" | ")
        yield Conversation(subject.strip(), tuple(_turns(lines)), spoken, opening=flag.strip() == "first")


def _scraps() -> Iterator[Scrap]:
    _, *blocks = _blocks(TEXTS / "noise.txt")
    for title, *lines in blocks:
        kind, sender, subject, *code = (cell.strip() for cell in title.split(" |"))
        spoken = language(code[0] if code else "en")
        kind, _, reader = kind.partition("@")
        yield Scrap(kind, reader, sender, Conversation(subject, tuple(_turns(lines)), spoken, opening=False))


def _blocks(path: Path) -> Iterator[list[str]]:
    """Yield the lines before the first "==", then one list per conversation, its title first."""
    block: list[str] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            yield block
            block = [line[3:]]
        else:
            block.append(line)
    yield block


def _language(code: str, lines: list[str]) -> Language:
    told = dict(line.split(":", 1) for line in lines if ":" in line)
    return Language(
        code=code,
        months=tuple(told["months"].split()),
        day=told["day"].strip(),
        wrote=told["wrote"].strip(),
        byes=tuple(bye.strip() for bye in told["bye"].split("|")),
        charsets=tuple(told.get("charset", "").split()),
        reply=told.get("re", " RE: ").lstrip(),
    )


def _turns(lines: list[str]) -> Iterator[Turn]:
    starts = [at for at, line in enumerate(lines) if line[:3] in MARKERS]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _turn(lines[start], "\n".join(lines[start + 1 : end]).strip())


def _turn(marker: str, text: str) -> Turn:
    tags = [tag.strip() for tag in marker[3:].split("|") if tag.strip()]
    split = [tag.partition(":") for tag in tags]
    return Turn(
        who=MARKERS[marker[:3]],
        text=text,
        tags=frozenset(tag for tag, _, _ in split if tag not in ENCLOSURES),
        enclosures=tuple((kind, name) for kind, _, name in split if kind in ENCLOSURES),
    )
