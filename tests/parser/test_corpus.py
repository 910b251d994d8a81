"""Mail nobody here wrote, and what other implementations read in it."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner

from consumer.mail import gmail_json
from consumer.mail.headers import from_headers
from consumer.mail.tree import take_apart
from consumer.mail.words import decoded
from infra.cli import main
from infra.local.corpus import folders
from infra.local.corpus.model import Corpus
from infra.local.corpus.report import report

NOW = datetime(2026, 11, 1, tzinfo=UTC)
NOT_MAIL = {".md", ".tsv", ".jsonl"}
DOC = Path(__file__).parents[2] / "docs" / "corpus.md"


@pytest.fixture(scope="module")
def mails(corpus, read):
    files = sorted(path for path in corpus.rglob("*") if path.is_file() and path.suffix not in NOT_MAIL)
    return {str(path.relative_to(corpus)): (path.read_bytes(), read(path.read_bytes())) for path in files}


def test_every_foreign_mail_is_read(mails, sound):
    for _, mail in mails.values():
        sound(mail)
    assert len(mails) > 700


def test_we_agree_with_others_except_where_it_is_explained(corpus):
    found = report(corpus, DOC.read_text())

    assert found.failed == ()
    assert [(one.file, one.what, one.theirs, one.ours) for one in found.unexplained] == []
    assert found.settled == []
    assert len(found.claims) > 1_500


def test_every_stated_new_part_of_a_reply_is_reproduced(corpus):
    claims = list(folders.replies(Corpus(corpus)))

    assert [(one.file, one.theirs, one.ours) for one in claims if not one.agrees] == []
    assert len(claims) == 22


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


def test_the_command_says_so_where_there_is_no_corpus(tmp_path):
    shown = CliRunner().invoke(main, ["corpus", str(tmp_path)])

    assert (shown.exit_code, str(tmp_path) in shown.output) == (0, True)
    assert "nothing to compare" in shown.output


def test_the_command_counts_and_lists_what_is_explained(corpus):
    shown = CliRunner().invoke(main, ["corpus", str(corpus), "--all"])

    assert shown.exit_code == 0
    assert "0 failed" in shown.output
    assert "bounces/sisimai__lhost-fml-02.eml | kind" in shown.output


def test_an_unexplained_disagreement_and_an_outdated_explanation_are_noticed(corpus):
    found = report(corpus, "| `calendar/comm__invite.eml` | step | ours | no more |\n")

    assert found.settled == [("calendar/comm__invite.eml", "step")]
    assert ("bounces/sisimai__lhost-fml-02.eml", "kind") in {
        (one.file, one.what) for one in found.unexplained
    }
