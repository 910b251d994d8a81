"""The report of agreement, folder by folder."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.local.corpus import assertions, conversing, expected, folders, gmail, trees
from infra.local.corpus.conversing import Pairs
from infra.local.corpus.model import Claim, Corpus

# Who states what.
SOURCES: Mapping[str, Callable[[Corpus], Iterator[Claim]]] = {
    "imap_tools": expected.claims,
    "stalwart": trees.claims,
    "php-imap": assertions.claims,
    "email_reply_parser, talon": folders.replies,
    "sisimai, calendarserver": folders.bounces,
    "calendars": folders.calendars,
    "charset pairs": folders.charsets,
    "espoofer": folders.spoofing,
    "MimeKit": folders.envelopes,
    "Gmail": gmail.claims,
    "SpamAssassin": conversing.claims,
}
EXPLAINED = re.compile(r"^\| `([^`|]+)` \| ([^|]+?) \|", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Report:
    """Every claim, and which of the disagreements are explained."""

    claims: tuple[tuple[str, Claim], ...]  # (who states it, the claim)
    explained: frozenset[tuple[str, str]]  # (file, what)
    read: int  # files read without an exception
    failed: tuple[str, ...]  # files whose reading failed
    pairs: Pairs  # of messages in one conversation

    @property
    def unexplained(self) -> list[Claim]:
        """Disagreements nobody looked into yet."""
        return [
            one for _, one in self.claims if not one.agrees and (one.file, one.what) not in self.explained
        ]

    @property
    def settled(self) -> list[tuple[str, str]]:
        """Explanations of disagreements there are no more."""
        differ = {(one.file, one.what) for _, one in self.claims if not one.agrees}
        return sorted(self.explained - differ)

    def figures(self) -> list[tuple[str, str, str, int, int, int]]:
        """Return (folder, source, what, stated, agreed, explained) rows."""
        rows: dict[tuple[str, str, str], list[int]] = {}
        for source, one in self.claims:
            what = re.sub(r" \d+$", "", one.what)
            row = rows.setdefault((one.file.split("/")[0], source, what), [0, 0, 0])
            row[0] += 1
            row[1] += one.agrees
            row[2] += not one.agrees and (one.file, one.what) in self.explained
        return [(*key, *counts) for key, counts in sorted(rows.items())]  # type: ignore[misc] # three counts


def report(root: Path, explanations: str) -> Report:
    """Read the whole corpus and compare; *explanations* is the text of docs/corpus.md."""
    corpus, failed, read = Corpus(root), list[str](), 0
    for file in corpus.files():
        read += 1
        if "parse-failed" in corpus.mail(file).defects:
            failed.append(file)
    claims = tuple((source, claim) for source, of in SOURCES.items() for claim in of(corpus))
    return Report(
        claims, frozenset(EXPLAINED.findall(explanations)), read, tuple(failed), conversing.pairs(corpus)
    )
