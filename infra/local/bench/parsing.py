"""Messages parsed per second of CPU, by size, beside the standard library and another parser."""

import importlib
import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

from consumer.mail.parse import parse
from infra.local.bench.figure import Figure
from infra.local.fund import fund

ROUNDS = 5
SECONDS = 0.4  # of CPU per reader and round
NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)
# Other parsers, used when they are installed: (module, function, what it must be given).
OTHERS = (("fast_mail_parser", "parse_email"), ("mailparser", "parse_from_bytes"))


def figures() -> Iterator[Figure]:
    """Parse the sample fund's mail, then mails of three sizes, every reader in turn."""
    yield from _beside("", [copy.raw for copy in fund(7, NOW).mail][::3])
    sizes = {"5 KiB": letter(3), "75 KiB": letter(54), "1.3 MiB": letter(54, attached=940_000)}
    for size, raw in sizes.items():
        yield from _beside(f" {size}", [raw])


def letter(paragraphs: int, attached: int = 0) -> bytes:
    """Write a reply with text, HTML, a quotation, and perhaps an attachment of so many bytes."""
    chance = random.Random(paragraphs)
    words = "the fund will commit capital when terms and board agree on price and timing".split()
    said = [" ".join(chance.choices(words, k=60)).capitalize() + "." for _ in range(paragraphs)]
    quoted = "\n".join(f"> {line}" for line in said)
    text = "\n\n".join(["Dear Vera,", *said, "Best regards,\nAda"])
    text += f"\n\nOn Mon, 16 Nov 2026 at 09:00, Vera <vera@fund.example> wrote:\n{quoted}"
    message = EmailMessage()
    message["From"], message["To"] = "Ada Lindqvist <ada@lp.example>", "Vera Brandt <vera@fund.example>"
    message["Subject"], message["Date"] = "Re: Förslag till villkor", "Mon, 16 Nov 2026 10:00:00 +0100"
    message["Message-ID"], message["References"] = "<2@lp.example>", "<0@fund.example> <1@fund.example>"
    message.set_content(text)
    message.add_alternative("".join(f"<p style='margin:0'>{line}</p>" for line in said * 2), subtype="html")
    if attached:
        message.add_attachment(chance.randbytes(attached), "application", "pdf", filename="terms.pdf")
    return message.as_bytes(policy=policy.SMTP)


def _beside(size: str, raws: list[bytes]) -> Iterator[Figure]:
    """Yield our rate beside each other's; the rounds are interleaved, each reader's median counts."""
    readers = {"": _ours, "email policy.default": _standard, **_others()}
    rates: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            rates[name].append(_rate(raws, read))
    median = {name: sorted(measured)[ROUNDS // 2] for name, measured in rates.items()}
    for name in list(readers)[1:]:
        yield Figure(
            f"parse.messages_per_cpu_second{size}", median[""], "1/s", f"{name} {median[name]:,.0f}/s",
            median[""] / median[name],
        )  # fmt: skip


def _rate(raws: list[bytes], read: Callable[[bytes], object]) -> float:
    began, done = time.process_time(), 0
    while (spent := time.process_time() - began) < SECONDS or done == 0:
        for raw in raws:
            read(raw)
        done += len(raws)
    return done / spent


def _ours(raw: bytes) -> object:
    return parse(raw, received_at=NOW)


def _standard(raw: bytes) -> object:
    """Do the same job: headers, addresses, text, attachments decoded."""
    message = BytesParser(_class=EmailMessage, policy=policy.default).parsebytes(raw)
    headers = [
        str(message[name]) for name in ("Subject", "From", "To", "Cc", "Date", "Message-ID", "References")
    ]
    body = message.get_body(("plain", "html"))
    text = body.get_content() if body is not None else ""
    return headers, text, [part.get_payload(decode=True) for part in message.iter_attachments()]


def _others() -> dict[str, Callable[[bytes], object]]:
    found: dict[str, Callable[[bytes], object]] = {}
    for module, function in OTHERS:
        try:
            read = getattr(importlib.import_module(module), function)
        except ImportError:
            continue
        found[module.replace("_", "-")] = read
    return found
