"""What the parser's tests share: reading bytes as one mail, and what every text must be."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from consumer.mail.message import Mail
from consumer.mail.parse import parse

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
DIRTY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


@pytest.fixture(scope="session")
def read() -> Callable[[bytes], Mail]:
    """Read raw bytes as a mail received now."""
    return lambda raw: parse(raw, received_at=NOW)


@pytest.fixture(scope="session")
def sound() -> Callable[[Mail], Mail]:
    """Check what holds for every mail, whatever its bytes; return it."""
    return check


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Mail nobody here wrote.  It lies beside the repository, not in it."""
    if not CORPUS.is_dir():
        pytest.skip("no corpus of foreign mail beside the repository")
    return CORPUS


def strings(mail: Mail) -> Iterator[str]:
    yield from (mail.message_id, mail.subject, mail.text, mail.html, mail.snippet, mail.digest)
    yield from (*mail.in_reply_to, *mail.references, *mail.defects)
    for person in mail.participants:
        yield from (person.address, person.name)
    for file in mail.attachments:
        yield from (file.part_id, file.filename, file.media_type, file.content_id, file.sha256)


def check(mail: Mail) -> Mail:
    assert "parse-failed" not in mail.defects
    assert not [text for text in strings(mail) if DIRTY.search(text)]
    for text in strings(mail):
        text.encode()
    assert datetime(1970, 1, 1, tzinfo=UTC) <= mail.date <= NOW + timedelta(days=1)
    assert len(mail.text) <= 2 * 1024 * 1024 >= len(mail.html)
    assert len(mail.participants) <= 1_000
    assert len(mail.references) <= 200 >= len(mail.in_reply_to)
    ids = (mail.message_id, *mail.references, *mail.in_reply_to, mail.subject)
    assert all(len(one.encode()) <= 4 * 998 for one in ids)
    assert all(len(one.encode()) <= 998 for one in ids[:-1])
    assert len(mail.attachments) <= 1_000
    assert all(len(file.filename.encode()) <= 255 for file in mail.attachments)
    assert mail.author is None or mail.author in mail.participants
    assert list(mail.defects) == sorted(set(mail.defects))
    return mail
