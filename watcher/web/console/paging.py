"""Where a list goes on: the last line of the page before, as one word of a URL."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
WORD = re.compile(r"(?P<micros>[0-9]{1,17})-(?P<id>[0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class Position:
    """After which conversation to go on; the id tells those of the same moment apart."""

    last_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{(self.last_at - EPOCH) // MICROSECOND}-{self.id}"

    @classmethod
    def parse(cls, word: str) -> Self | None:
        """Read str(position); anything else is None, which is the beginning of the list."""
        read = WORD.fullmatch(word)
        if read is None:
            return None
        return cls(EPOCH + int(read["micros"]) * MICROSECOND, int(read["id"]))
