"""`mailroom parse`: what a person, and a program, are shown of a file."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from consumer.mail.defects import DEFECTS
from consumer.mail.marks import MARKS
from infra.cli.parse import parse

DOC = Path(__file__).parents[2] / "docs" / "defects.md"
LETTER = (
    b"From: Ada <ada@lp.example>\r\nTo: vera@fund.example\r\nSubject: [bold]Terms[/] =?utf-8?q?=E2=82=AC?=\r\n"
    b"Date: Tue, 3 Feb 2026 10:00:00 +0100\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\n\r\nDear Vera\r\n--b\r\nContent-Type: application/pdf; name=terms.pdf\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--b--\r\n"
)
FULL = {
    "internalDate": "1770109200000",
    "payload": {
        "partId": "", "mimeType": "multipart/mixed", "filename": "",
        "headers": [{"name": "From", "value": "Ada <ada@lp.example>"}, {"name": "Subject", "value": "Grüße"}],
        "parts": [
            {"partId": "0", "mimeType": "text/plain", "filename": "",
             "headers": [{"name": "Content-Type", "value": "text/plain; charset=iso-2022-jp"}],
             "body": {"size": 6, "data": base64.urlsafe_b64encode("日本語".encode()).decode()}},
            {"partId": "1", "mimeType": "application/pdf", "filename": "terms.pdf", "headers": [],
             "body": {"size": 4, "attachmentId": "ANGjdJ8"}},
        ],
    },
}  # fmt: skip


def run(*arguments, stdin=b""):
    return CliRunner().invoke(parse, [str(one) for one in arguments], input=stdin)


@pytest.fixture
def letter(tmp_path):
    file = tmp_path / "letter.eml"
    file.write_bytes(LETTER)
    return file


def test_the_card_shows_who_wrote_what_when_and_with_what(letter):
    shown = run(letter)

    assert shown.exit_code == 0
    for words in (
        "Ada <ada@lp.example>", "[bold]Terms[/] €", "Tue 03 Feb 2026 09:00:00 UTC", "terms.pdf",
        "Dear Vera", "message-id-missing", DEFECTS["message-id-missing"],
    ):  # fmt: skip
        assert words in shown.stdout


def test_json_has_digests_and_sizes_and_no_attachment_bytes(letter):
    lines = run("--json", letter, letter).stdout.splitlines()

    assert len(lines) == 2
    mail = json.loads(lines[0])
    assert mail["author"]["address"] == "ada@lp.example"
    assert mail["attachments"][0]["size"] == 4
    assert len(mail["attachments"][0]["sha256"]) == 64
    assert "content" not in mail["attachments"][0]


def test_a_hyphen_reads_standard_input():
    assert json.loads(run("--json", "-", stdin=LETTER).stdout)["text"].strip() == "Dear Vera"


@pytest.mark.parametrize("wrap", [lambda m: m, lambda m: {"raw": m, "full": {}}, lambda m: {"message": m}])
def test_raw_json_reads_as_the_mail_itself(wrap):
    message = {"raw": base64.urlsafe_b64encode(LETTER).decode().rstrip("="), "internalDate": "1770109200000"}

    from_json = json.loads(run("--json", "-", stdin=json.dumps(wrap(message)).encode()).stdout)

    assert from_json == json.loads(run("--json", "-", stdin=LETTER).stdout)


def test_format_full_is_utf8_whatever_the_part_says_and_names_what_was_not_fetched():
    mail = json.loads(run("--json", "-", stdin=json.dumps(FULL).encode()).stdout)

    assert (mail["text"], mail["subject"]) == ("日本語", "Grüße")
    assert mail["date"] == "2026-02-03T09:00:00+00:00"
    assert mail["attachments"][0] | {"sha256": ""} == {
        "part_id": "1", "filename": "terms.pdf", "media_type": "application/pdf", "content_id": "",
        "inline": False, "sha256": "", "size": 0,
    }  # fmt: skip
    assert "part-attachment-not-fetched" in mail["defects"]


def test_an_export_with_its_attachments_beside_it_is_whole():
    export = {"full": FULL, "attachments": {"ANGjdJ8": {"data": "AAECAw==", "size": 4}}}

    mail = json.loads(run("--json", "-", stdin=json.dumps(export).encode()).stdout)

    assert mail["attachments"][0]["size"] == 4
    assert "part-attachment-not-fetched" not in mail["defects"]


def test_a_file_that_cannot_be_read_is_one_sentence_and_the_others_are_shown(letter, tmp_path):
    (tmp_path / "empty.eml").write_bytes(b" \n")
    (tmp_path / "error.json").write_text('{"error": {"code": 404}}')

    shown = run(tmp_path / "none.eml", tmp_path / "empty.eml", tmp_path / "error.json", tmp_path, letter)

    assert shown.exit_code == 2
    assert len(shown.stderr.splitlines()) == 4
    assert "Dear Vera" in shown.stdout


@pytest.mark.parametrize(
    "stdin",
    [
        b"{ this is a letter", b'{"a":' * 100_000, b"\0", b"\xff\xfe", b'{"raw": "!!"}', b'{"payload": {}}',
        b'{"payload": {"headers": [1, {"name": 2}], "parts": [3, {"body": []}], "mimeType": "multipart/x"}}',
        b'{"raw": "", "internalDate": 999999999999999}', b'{"payload": {"body": {"data": "\\ud800"}}}',
        b'{"payload": {"headers": [{"name": "Subject", "value": "\\ud800\\u0000"}]}}',
    ],
)  # fmt: skip
def test_any_bytes_are_some_mail(stdin):
    for options in ([], ["--json"]):
        shown = run(*options, "-", stdin=stdin)
        assert (shown.exit_code, shown.exception) == (0, None) or isinstance(shown.exception, SystemExit)
        assert shown.exit_code == 0


@pytest.mark.parametrize(("part", "codes"), [(0, DEFECTS), (1, MARKS)])
def test_every_defect_and_mark_is_documented_with_its_sentence(part, codes):
    lines = DOC.read_text().split("## Marks")[part].splitlines()
    rows = [line.strip("| ").split(" | ") for line in lines if line.startswith("| `")]

    assert {code.strip("`"): sentence for code, sentence in rows} == codes
    assert list(codes) == sorted(codes)


def test_an_mbox_of_several_mails_is_sent_to_the_command_that_reads_them_all(tmp_path):
    one = b"From 1@xxx Mon Jan 01 00:00:00 +0000 2026\nFrom: ada@lp.example\nSubject: one\n\nFrom Monday on.\n\nFrom here.\n"
    single, several = tmp_path / "one.mbox", tmp_path / "all.mbox"
    single.write_bytes(one)
    several.write_bytes(one + b"\n" + one)

    refused = run(several)

    assert refused.exit_code == 2
    assert f"demo --mbox {several}" in refused.output
    assert run(single).exit_code == 0
