"""`mailroom parse FILE...`: what mailroom reads in a mail."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from consumer.mail import gmail_json
from consumer.mail.defects import DEFECTS
from consumer.mail.marks import MARKS
from consumer.mail.message import DateSource, Mail, Participant
from consumer.mail.parse import parse as parse_raw

SHOWN_TEXT = 1_500  # characters
SHOWN_PEOPLE = 8  # of one role
# Where the date on the card comes from, in words.
SOURCES: dict[DateSource, str] = {
    "header": "from the Date header",
    "received": "no usable Date header: when Gmail received it, or now for an .eml",
    "fallback": "not read: when Gmail received it, or now for an .eml",
}


# How an mbox begins its second mail: an empty line, then this.
NEXT_OF_MBOX = re.compile(rb"\n\r?\nFrom +\S+ +(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ")


class Unreadable(Exception):
    """A file without a mail in it, and why."""


TEACH = """Show what mailroom reads in each FILE, exactly as it would be stored.

FILE is an .eml, or a message as Gmail's API gives it (messages.get, format raw or full), or an
export of both as {"full": ..., "raw": ...}.  A single - reads standard input.  No network and
no database are used.

\b
mailroom parse letter.eml
mailroom parse --json *.eml | jq '{file, author, defects}'
mailroom parse - < message.json

Whatever is wrong with a mail is listed as a defect (docs/defects.md) and is no error.  The exit
code is 2 when a file is missing, empty, or holds no mail; the others are shown all the same.
"""


@click.command(help=TEACH)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object per file; digests and sizes, no attachment bytes.",
)
def parse(files: tuple[str, ...], as_json: bool) -> None:
    """See TEACH."""
    failed = False
    for name in files:
        try:
            mail = _mail(_bytes(name))
        except Unreadable as why:
            click.echo(f"{_printable(name)}: {why}", err=True)
            failed = True
            continue
        if as_json:
            click.echo(json.dumps(as_plain(name, mail), ensure_ascii=False))
        else:
            Console(highlight=False).print(_card(name, mail))
    sys.exit(2 if failed else 0)


def _bytes(name: str) -> bytes:
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (OSError, ValueError) as failed:  # ValueError: a NUL in the name
        reason = getattr(failed, "strerror", None) or str(failed)
        raise Unreadable(f"cannot be read ({reason}): check the path.") from None
    if not data.strip():
        raise Unreadable("is empty: there is nothing to parse.")
    if data.startswith(b"From ") and NEXT_OF_MBOX.search(data):
        file = "FILE" if name == "-" else _printable(name)
        raise Unreadable(f"is an mbox with several mails: mailroom demo --mbox {file} reads them all.")
    return data


def _mail(data: bytes) -> Mail:
    """Read Gmail's JSON where it is JSON, and mail everywhere else: any bytes are some mail."""
    now = datetime.now(UTC)
    try:
        value = json.loads(data) if data.lstrip().startswith(b"{") else None
    except (ValueError, RecursionError):  # a mail may well begin with a brace
        value = None
    if not isinstance(value, dict):
        return parse_raw(data, received_at=now)
    try:
        return gmail_json.mail_of(value, otherwise=now)
    except gmail_json.NotAMessage as why:
        raise Unreadable(f"is JSON but no Gmail message: {why}.") from None


def as_plain(name: str, mail: Mail) -> dict[str, Any]:
    """Return the mail as JSON can hold it: attachments by digest and size."""
    plain = asdict(mail) | {"date": mail.date.isoformat(), "file": _printable(name)}
    for file in plain["attachments"]:
        file["size"] = len(file.pop("content"))
    return plain


def _printable(name: str) -> str:
    """Return a file name as text: bytes of it that are no UTF-8 are replaced."""
    return name.encode("utf-8", "replace").decode()


def _card(name: str, mail: Mail) -> Panel:
    parts: list[RenderableType] = [_heading(name, mail), *_defects(mail)]
    if mail.attachments:
        parts.append(_attachments(mail))
    shown = Text(mail.text[:SHOWN_TEXT].strip() or "(no text)")
    if len(mail.text) > SHOWN_TEXT:
        shown.append(f"\n... and {len(mail.text) - SHOWN_TEXT:,} more characters", style="dim")
    return Panel(Group(*parts, Text(), shown))


def _heading(name: str, mail: Mail) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_row(Text("file", "dim"), Text(_printable(name)))
    author = _person(mail.author) if mail.author else "nobody can be told for sure"
    table.add_row(Text("author", "dim"), Text(author, "bold"))
    for role in ("to", "cc", "bcc", "reply_to", "sender"):
        people = [_person(person) for person in mail.participants if person.role == role]
        rest = [f"and {len(people) - SHOWN_PEOPLE:,} more"] if len(people) > SHOWN_PEOPLE else []
        if people:
            table.add_row(Text(role.replace("_", "-"), "dim"), Text(", ".join(people[:SHOWN_PEOPLE] + rest)))
    table.add_row(Text("subject", "dim"), Text(mail.subject or "(none)", "bold"))
    for label, told in _told(mail):
        table.add_row(Text(label, "dim"), Text(told))
    when = Text(f"{mail.date:%a %d %b %Y %H:%M:%S} UTC ")
    table.add_row(Text("date", "dim"), when.append(f"({SOURCES[mail.date_source]})", "dim"))
    return table


def _told(mail: Mail) -> Iterator[tuple[str, str]]:
    """Yield what there is to say beside people, subject and text."""
    if mail.kind != "person":
        yield "kind", mail.kind.replace("_", " ")
    for event in mail.calendar.events[:SHOWN_PEOPLE] if mail.calendar else ():
        what = event.title or "(no title)"
        yield (mail.calendar.step if mail.calendar else ""), f"{what}, {event.starts or 'no time'}"
    for one in mail.report.recipients[:SHOWN_PEOPLE] if mail.report else ():
        yield one.action, " ".join(filter(None, (one.address or "(nobody named)", one.status, one.reply)))
    if mail.sealed:
        yield "sealed", mail.sealed
    if mail.verdict.dmarc:
        yield "dmarc", mail.verdict.dmarc + (", the author is verified" if mail.verdict.verified else "")
    for mark in mail.marks:
        yield "beware", MARKS[mark]


def _person(person: Participant) -> str:
    return f"{person.name} <{person.address}>" if person.name else person.address


def _defects(mail: Mail) -> list[Text]:
    return [Text.assemble((code, "yellow"), f"  {DEFECTS[code]}") for code in mail.defects]


def _attachments(mail: Mail) -> Table:
    table = Table(
        "part", "file", "type", "bytes", "sha256", box=None, header_style="dim", padding=(0, 2, 0, 0)
    )
    for file in mail.attachments:
        shown = file.filename or "(no name)"
        table.add_row(
            file.part_id or "-",
            Text(f"{shown} (inside the HTML)" if file.inline else shown),
            Text(file.media_type),
            f"{len(file.content):,}",
            file.sha256[:12],
        )
    return table
