"""Genuine Gmail exports: the raw message and Gmail's own reading of it must give one value."""

import json
from collections.abc import Iterator

from consumer.mail import gmail_json
from consumer.mail.message import Mail
from infra.local.corpus.model import NOW, Claim, Corpus, addresses

HEADERS = frozenset({"subject", "from", "to", "date", "message-id", "references"})


def claims(corpus: Corpus) -> Iterator[Claim]:
    """Compare both forms, field by field; Gmail's own reading (full) is the reference."""
    for path in sorted((corpus.root / "gmail-json" / "flowcrypt").glob("*.json")):
        export = json.loads(path.read_text())
        if "raw" not in export["raw"]:
            continue
        file = str(path.relative_to(corpus.root))
        beside = {"attachments": export.get("attachments", {}), "full": export["full"]}
        full = gmail_json.mail_of(beside, otherwise=NOW)
        raw = gmail_json.mail_of(export["raw"], otherwise=NOW)
        # Where an export left the bytes of a file out, and where headers were removed, nothing is stated.
        fetched = {one.part_id for one in full.attachments if one.content}
        theirs, ours = _fields(full, fetched), _fields(raw, fetched)
        kept = {one["name"].lower() for one in export["full"]["payload"].get("headers", ())}
        for name, value in theirs.items():
            if name in kept or name not in HEADERS:
                yield Claim(file, name, value, ours[name])


def _fields(mail: Mail, fetched: set[str]) -> dict[str, object]:
    return {
        "subject": mail.subject,
        "from": mail.author.address if mail.author else "",
        "to": addresses(mail, "to"),
        "date": mail.date,
        "message-id": mail.message_id,
        "references": mail.references,
        "text": " ".join(mail.text.split()),
        "html": " ".join(mail.html.split()),
        "new part": " ".join(mail.new_text.split()),
        "kind": mail.kind,
        "sealed": mail.sealed,
        "parts": [(file.part_id, file.media_type, file.inline) for file in mail.attachments],
        "names": [file.filename for file in mail.attachments],
        "bytes": [file.sha256 for file in mail.attachments if file.part_id in fetched],
    }
