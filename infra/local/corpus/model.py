"""What somebody states about a foreign mail, beside what we read in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from consumer.mail.message import Mail
from consumer.mail.parse import parse

# When the mails of the corpus count as received: later than all of them.
NOW = datetime(2026, 11, 1, tzinfo=UTC)
NOT_MAIL = frozenset({".md", ".tsv", ".jsonl"})


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about one mail."""

    file: str  # path inside the corpus
    what: str  # "subject", "date", "attachments" ...
    theirs: Any
    ours: Any

    @property
    def agrees(self) -> bool:
        """Whether both say the same."""
        return bool(self.theirs == self.ours)


@dataclass
class Corpus:
    """The folder, each file read once."""

    root: Path
    _mails: dict[str, Mail] = field(default_factory=dict)

    @cached_property
    def manifest(self) -> Mapping[str, str]:
        """What is expected of each file, as the collector noted it."""
        rows = (line.split("\t") for line in (self.root / "MANIFEST.tsv").read_text().splitlines()[1:])
        return {row[0]: row[6] for row in rows if row[6]}

    def files(self, folder: str = "") -> Iterator[str]:
        """Yield the paths of all mails and exports below *folder*."""
        for path in sorted((self.root / folder).rglob("*")):
            if path.is_file() and path.suffix not in NOT_MAIL and "LICENSES" not in path.parts:
                yield str(path.relative_to(self.root))

    def raw(self, file: str) -> bytes:
        """Return the bytes of a file."""
        return (self.root / file).read_bytes()

    def mail(self, file: str) -> Mail:
        """Return a file read as mail."""
        if file not in self._mails:
            self._mails[file] = parse(self.raw(file), received_at=NOW)
        return self._mails[file]


def addresses(mail: Mail, role: str) -> list[str]:
    """Return the addresses of one role, in order."""
    return [person.address for person in mail.participants if person.role == role]
