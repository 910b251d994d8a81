"""One message of somebody's own mail."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OwnMail:
    """One message as an export held it."""

    source: str  # where it was found, for a person to look it up
    raw: bytes  # as in the export, without what the export itself added
    labels: tuple[str, ...]  # Gmail's system labels; empty when the export says nothing
    internal_date: datetime | None  # aware, UTC
    thread_hint: str | None  # Gmail's thread id, when the export names it
