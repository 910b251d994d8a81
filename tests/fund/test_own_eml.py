"""Somebody's own mail from a folder of saved messages, mail nobody here wrote included."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from infra.local.ownmail import correspondents, guess_account, read_eml_dir, senders, should_capture

CORPUS = Path(__file__).resolve().parents[3] / "shared" / "corpus"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "two.EML").write_bytes(b"Date: Mon, 16 Nov 2026 10:00:00 +0200\r\n\r\nx")
    (tmp_path / "a.eml").write_bytes(b"\xff\xfe\x00 not mail at all")
    (tmp_path / "notes.txt").write_text("no mail")
    return tmp_path


@pytest.fixture(scope="module")
def corpus():
    if not CORPUS.is_dir():
        pytest.skip("the shared corpus is not beside this checkout")
    return list(read_eml_dir(CORPUS))


def test_every_eml_is_read_in_order_whatever_its_bytes_are(folder):
    first, second = read_eml_dir(folder)

    assert (first.source, second.source) == ("a.eml", "b/two.EML")
    assert (first.internal_date, first.labels) == (None, ())
    assert second.internal_date == datetime(2026, 11, 16, 8, 0, tzinfo=UTC)


def test_arrival_counts_before_what_the_sender_claims(tmp_path):
    (tmp_path / "one.eml").write_bytes(
        b"Received: by mx.example with SMTP id 1;\r\n        Mon, 16 Nov 2026 00:56:49 -0800 (PST)\r\n"
        b"Date: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\n"
    )

    assert next(read_eml_dir(tmp_path)).internal_date == datetime(2026, 11, 16, 8, 56, 49, tzinfo=UTC)


def test_a_missing_or_empty_folder_is_named_in_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"^There is no folder .*gone\.$"):
        read_eml_dir(tmp_path / "gone")
    with pytest.raises(ValueError, match=r"^There is no \.eml file in .* or below it\.$"):
        read_eml_dir(tmp_path)


def test_all_of_the_corpus_is_read_and_none_of_it_raises(corpus):
    everybody = correspondents(corpus)

    assert len(corpus) == 671
    assert len(everybody) > 200
    assert sum(should_capture(mail, everybody, set(), set()) for mail in corpus) > 600


def test_the_corpus_has_an_account_and_senders(corpus):
    assert "@" in guess_account(corpus, "me@mailroom.test")
    assert senders(corpus).total() > 500
