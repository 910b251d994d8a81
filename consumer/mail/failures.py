"""What a mail system tells about a message it was given, as plain values."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Recipient:
    """One address a message was meant for, and what became of it."""

    address: str  # compared form; "" when the report hides it
    action: str  # failed | delayed | delivered | relayed | expanded
    status: str  # enhanced status code (RFC 3463), "5.1.1"; "" when none is given
    reply: str  # SMTP reply code, "550"; "" when none is given
    reason: str  # what the server said, one line


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail system tells about a message it was given."""

    recipients: tuple[Recipient, ...]
    message_id: str  # of the message reported on, "" when the report does not carry it
