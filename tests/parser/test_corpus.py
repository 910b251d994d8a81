"""Mail nobody here wrote, and what other implementations read in it."""

import json
from datetime import UTC, datetime

import pytest

from consumer.mail import gmail_json
from consumer.mail.addresses import normal
from consumer.mail.headers import from_headers
from consumer.mail.tree import take_apart
from consumer.mail.words import decoded

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NOT_MAIL = {".md", ".tsv", ".jsonl"}
FIELDS = ("subject", "from", "to", "cc", "bcc", "reply_to", "attachments")

# Where we differ, and why ours is right.
OURS = {
    ("mime-valid/mikel__raw_email_with_at_display_name.eml", "from"): "two mailboxes are nobody",
    ("mime-valid/mikel__raw_email_with_at_display_name.eml", "to"): "a name with an @ is no address",
    ("mime-valid/mikel__mix_caps_content_type.eml", "from"): "the address without the name before it",
    ("mime-valid/mikel__example13.eml", "subject"): "a line that is no header does not end the head",
    ("mime-valid/mikel__example13.eml", "to"): "a line that is no header does not end the head",
    ("mime-malformed/mikel__raw_email_incorrect_header.eml", "subject"): "as above",
    ("mime-malformed/mikel__raw_email_incorrect_header.eml", "from"): "as above",
    ("mime-malformed/mikel__raw_email_incorrect_header.eml", "to"): "as above",
    ("mime-malformed/mikel__invalid_subject_characters.eml", "subject"): "undeclared bytes are read, not dropped",
    ("attachments/mikel__attachment_message_rfc822.eml", "attachments"): "an attached mail is one part",
    ("bounces/mikel__multi_address_bounce1.eml", "attachments"): "a delivery status is a part",
    ("bounces/mikel__multipart_report_multiple_status.eml", "attachments"): "a delivery status is a part",
    ("bounces/mikel__report_422.eml", "attachments"): "a delivery status is a part",
    ("bounces/mikel__report_530.eml", "attachments"): "a delivery status is a part",
    ("mime-malformed/mikel__raw_email_with_mimepart_without_content_type.eml", "attachments"): "as above",
    ("mime-malformed/mikel__missing_content_disposition.eml", "attachments"): "an image without disposition is a part",
    ("mime-valid/mikel__raw_email11.eml", "attachments"): "text/enriched is neither text nor HTML",
}  # fmt: skip


@pytest.fixture(scope="module")
def mails(corpus, read):
    files = sorted(path for path in corpus.rglob("*") if path.is_file() and path.suffix not in NOT_MAIL)
    return {str(path.relative_to(corpus)): (path.read_bytes(), read(path.read_bytes())) for path in files}


def test_every_foreign_mail_is_read(mails, sound):
    for _, mail in mails.values():
        sound(mail)
    assert len(mails) > 700


def test_we_agree_with_others_except_where_we_know_better(corpus, mails):
    differ = {}
    expected = [json.loads(line) for line in (corpus / "EXPECTED.jsonl").read_text().splitlines()]
    expected = [one for one in expected if "to" in one]  # the others state what a reply leaves out
    for one in expected:
        ours, theirs = seen(mails[one["file"]][1]), stated(one)
        differ |= {
            (one["file"], name): (theirs[name], ours[name]) for name in FIELDS if ours[name] != theirs[name]
        }

    for name in FIELDS:
        print(f"{name}: {len(expected) - sum(field == name for _, field in differ)}/{len(expected)}")  # noqa: T201 - the figures
    assert {where: what for where, what in differ.items() if where not in OURS} == {}
    assert set(OURS) <= set(differ)


class Size(int):
    """A size as stated: some count attached mails and texts with their line ends rewritten."""

    def __eq__(self, other):
        return int(self) in other

    __hash__ = int.__hash__


def sizes(content):
    unified = content.replace(b"\r\n", b"\n")
    return {len(content), len(unified), len(unified.replace(b"\n", b"\r\n"))}


def seen(mail):
    by_role = {role: [p.address for p in mail.participants if p.role == role] for role in FIELDS}
    return by_role | {
        "subject": mail.subject,
        "from": mail.author.address if mail.author else "",
        "attachments": [(f.filename, sizes(f.content)) for f in mail.attachments],
    }


def stated(one):
    """Bring another's answer into our form: addresses normalised, each once; lines folded."""
    people = {name: list(dict.fromkeys(filter(None, map(normal, one[name])))) for name in FIELDS[2:-1]}
    files = [(file["filename"], Size(file["size"])) for file in one["attachments"]]
    return people | {
        "subject": " ".join(one["subject"].split()),
        "from": normal(one["from"]) or "",
        "attachments": files,
    }


def test_gmails_own_reading_of_a_message_is_ours(corpus):
    """Each export holds raw bytes and Gmail's payload of one message; its editors censored headers and names alone."""
    pairs = 0
    for path in sorted((corpus / "gmail-json" / "flowcrypt").glob("*.json")):
        export = json.loads(path.read_text())
        beside = {"attachments": export.get("attachments", {})}
        full = gmail_json.mail_of(beside | {"full": export["full"]}, otherwise=NOW)
        assert "parse-failed" not in full.defects
        if "raw" in export["raw"]:
            raw, pairs = gmail_json.mail_of(export["raw"], otherwise=NOW), pairs + 1
            assert (raw.text.split(), parts(raw)) == (full.text.split(), parts(full))
    assert pairs > 20


def parts(mail):
    return [(file.part_id, file.media_type, file.inline) for file in mail.attachments]


def test_the_headers_alone_name_everybody_the_whole_mail_names(mails):
    """What weighing misses is never downloaded."""
    for raw, mail in mails.values():
        seen_before = {(one.role, one.address) for one in from_headers(as_metadata(raw))}
        whole = {(one.role, one.address) for one in mail.participants}
        assert whole <= seen_before


def as_metadata(raw):
    """Write headers as Gmail's metadata format does: encoded words decoded, line ends removed."""
    return [(name, decoded(value).replace("\r\n", "")) for name, value in take_apart(raw).headers]
