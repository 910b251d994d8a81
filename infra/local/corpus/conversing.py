"""Conversations of a mailing list: how we divide them by their headers alone, without Gmail's help."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consumer.match import canonical
from consumer.reading import references
from consumer.thread import Known, conversations
from infra.local.corpus.model import Claim, Corpus


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of messages said to be of one conversation: by the source, by us, by both."""

    theirs: int
    ours: int
    both: int

    @property
    def precision(self) -> float:
        """Of the pairs we make, the share the source makes too."""
        return self.both / self.ours

    @property
    def recall(self) -> float:
        """Of the pairs the source makes, the share we make too."""
        return self.both / self.theirs


def claims(corpus: Corpus) -> Iterator[Claim]:
    """Yield for each conversation into how many messages each we divide it."""
    stated, found = _stated(corpus), _found(corpus)
    for name, files in stated.items():
        parts = [len(files & group) for group in found if files & group]
        mixed = any(group & files and group - files for group in found)
        yield Claim(
            f"threads/{name}",
            "conversation",
            [len(files)],
            sorted(parts, reverse=True) if not mixed else "mixed",
        )


def pairs(corpus: Corpus) -> Pairs:
    """Count pairs: what precision and recall are made of."""
    theirs, ours = _pairs(list(_stated(corpus).values())), _pairs(_found(corpus))
    return Pairs(len(theirs), len(ours), len(theirs & ours))


def _rows(corpus: Corpus) -> list[dict[str, str]]:
    with (corpus.root / "threads" / "THREADS.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def _stated(corpus: Corpus) -> dict[str, set[str]]:
    groups: dict[str, set[str]] = {}
    for row in _rows(corpus):
        groups.setdefault(row["conversation"], set()).add(row["file"])
    return groups


def _found(corpus: Corpus) -> list[set[str]]:
    files = [row["file"] for row in _rows(corpus)]
    groups = conversations([_known(corpus, number, file) for number, file in enumerate(files)])
    return [{files[one.email_id] for one in group} for group in groups]


def _known(corpus: Corpus, number: int, file: str) -> Known:
    mail = corpus.mail(file)
    people = frozenset(canonical(person.address) for person in mail.participants)
    author = canonical(mail.author.address) if mail.author else None
    return Known(
        email_id=number, thread_id=number, message_id=mail.message_id, references=references(mail),
        author=author, people=people, outside=people, investors=frozenset(), gmail=frozenset(),
    )  # fmt: skip


def _pairs(groups: Sequence[set[str]]) -> set[tuple[str, str]]:
    return {(one, other) for group in groups for one in group for other in group if one < other}
