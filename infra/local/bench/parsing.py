"""Messages parsed per second of CPU, beside the standard library's modern reader."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from consumer.mail.parse import parse
from infra.cli.bench import Figure
from infra.local.fund import fund

ROUNDS = 5
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


def figures() -> Iterator[Figure]:
    """Parse the sample fund's mail both ways, interleaved, and take each one's median round."""
    raws = [copy.raw for copy in fund(7, NOW).mail][::3]
    ours, theirs = list[float](), list[float]()
    for _ in range(ROUNDS):
        ours.append(_rate(raws, lambda raw: parse(raw, received_at=NOW)))
        theirs.append(_rate(raws, _standard))
    yield _figure(sorted(ours)[ROUNDS // 2], sorted(theirs)[ROUNDS // 2])


def _figure(ours: float, theirs: float) -> Figure:
    return Figure(
        "parse.messages_per_cpu_second", ours, "1/s", f"email policy.default {theirs:,.0f}/s", ours / theirs
    )


def _rate(raws: list[bytes], read: Callable[[bytes], object]) -> float:
    began = time.process_time()
    for raw in raws:
        read(raw)
    return len(raws) / (time.process_time() - began)


def _standard(raw: bytes) -> object:
    """Do the same job: headers, addresses, text, attachments decoded."""
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
    headers = [
        str(message[name]) for name in ("Subject", "From", "To", "Cc", "Date", "Message-ID", "References")
    ]
    body = message.get_body(("plain", "html"))
    text = body.get_content() if body is not None else ""
    return headers, text, [part.get_payload(decode=True) for part in message.iter_attachments()]
