"""`mailroom parse FILE...`: what mailroom reads in a mail."""

import hashlib
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from consumer.mail import gmail_json
from consumer.mail.defects import DEFECTS
from consumer.mail.message import Mail
from consumer.mail.parse import parse as parse_raw

SHOWN = 30  # lines of text


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object per file; digests instead of attachments."
)
def parse(files: tuple[Path, ...], as_json: bool) -> None:
    r"""Show what mailroom reads in each FILE: an .eml, or a message as Gmail's API gives it (raw or full).

    \b
    mailroom parse letter.eml
    mailroom parse --json *.eml | jq .defects
    curl … | mailroom parse -

    Uses no network and no database.  Whatever is wrong with a mail is listed as a defect.
    """
    for file in files:
        mail = _read(file)
        if as_json:
            click.echo(json.dumps(_plain(mail) | {"file": str(file)}, ensure_ascii=False))
        else:
            _show(mail, file)


def _read(file: Path) -> Mail:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as failed:
        raise click.UsageError(f"{file} cannot be read ({failed.strerror}): check the path") from None
    if not data.strip():
        raise click.UsageError(f"{file} is empty: there is nothing to parse")
    if not data.lstrip().startswith(b"{"):
        return parse_raw(data, received_at=datetime.now(UTC))
    try:
        return gmail_json.read(_message(json.loads(data)))
    except (ValueError, RecursionError) as why:
        raise click.UsageError(f"{file}: {why}") from None


def _message(value: Any) -> dict[str, Any]:
    """Return the message inside an export that holds it as {"raw": {…}} or {"full": {…}}."""
    for name, needs in (("raw", "raw"), ("full", "payload")):
        if isinstance(value, dict) and isinstance(value.get(name), dict) and value[name].get(needs):
            return dict(value[name])
    return value if isinstance(value, dict) else {}


def _plain(mail: Mail) -> dict[str, object]:
    return {
        "message_id": mail.message_id,
        "author": mail.author.address if mail.author else None,
        "participants": [{"role": p.role, "address": p.address, "name": p.name} for p in mail.participants],
        "subject": mail.subject,
        "date": mail.date.isoformat(),
        "date_source": mail.date_source,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "text": mail.text,
        "html_sha256": hashlib.sha256(mail.html.encode()).hexdigest() if mail.html else None,
        "attachments": [
            {"part": f.part_id, "filename": f.filename, "type": f.media_type, "size": len(f.content),
             "sha256": f.sha256, "inline": f.inline}
            for f in mail.attachments
        ],
        "defects": mail.defects,
        "digest": mail.digest,
    }  # fmt: skip


def _show(mail: Mail, file: Path) -> None:
    console = Console(highlight=False)
    console.rule(escape(str(file)))
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    author = (
        f"{mail.author.name} <{mail.author.address}>".strip()
        if mail.author
        else "nobody can be told for sure"
    )
    rows = [
        ("author", author),
        ("subject", mail.subject),
        ("date", f"{mail.date:%a %d %b %Y %H:%M UTC} ({mail.date_source})"),
    ]
    for role in ("to", "cc", "bcc", "reply_to", "sender"):
        people = [f"{p.name} <{p.address}>".strip() for p in mail.participants if p.role == role]
        rows += [(role.replace("_", "-"), ", ".join(people))] if people else []
    for name, value in rows:
        table.add_row(f"[dim]{name}[/]", escape(value))
    for f in mail.attachments:
        kind = "inline" if f.inline else "attached"
        table.add_row(
            f"[dim]{kind}[/]",
            escape(f"{f.filename or '(no name)'}  {f.media_type}  {len(f.content):,} bytes"),
        )
    for code in mail.defects:
        table.add_row("[yellow]defect[/]", escape(f"{code}: {DEFECTS.get(code, '')}"))
    console.print(table)
    lines = mail.text.strip().splitlines()
    console.print(escape("\n".join(lines[:SHOWN])), style="dim")
    if len(lines) > SHOWN:
        console.print(f"[dim]… and {len(lines) - SHOWN} more lines[/]")
