"""What the sample fund hands out: people, and copies of messages with the truth about each."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Teammate:
    """Somebody at the fund, with a mailbox of their own."""

    name: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Investor:
    """A firm or a person whose mail the fund's CRM wants."""

    name: str  # as shown: the firm, or the person when there is no firm
    firm: str  # empty for a person
    addresses: tuple[str, ...]  # as the contact list writes them: case may vary
    domains: tuple[str, ...]  # everybody there, and at its subdomains, belongs to the investor


@dataclass(frozen=True, slots=True)
class Copy:
    """One mailbox's copy of a message."""

    account: str
    raw: bytes  # RFC 5322 with CRLF line ends, delivery headers included
    labels: tuple[str, ...]  # Gmail's system labels
    internal_date: datetime  # aware, UTC
    message_key: str  # Message-ID without brackets: the same on every copy
    captured: bool  # the truth: does this copy belong in the CRM?
    why: str  # one phrase


@dataclass(frozen=True, slots=True)
class Fund:
    """Everything there is before the first new message arrives."""

    name: str
    domain: str
    teammates: tuple[Teammate, ...]
    investors: tuple[Investor, ...]
    mail: tuple[Copy, ...]  # oldest first
