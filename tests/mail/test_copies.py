"""Two copies of one e-mail have one digest, whenever each was received."""

from datetime import UTC, datetime

import pytest

from consumer.mail.parse import parse


@pytest.mark.parametrize(
    "date", ["Mon, 16 Nov 2026 10:00:00 +0000", "Mon, 16 Nov 0026 10:00:00 +0000", "soon", ""]
)
def test_when_a_copy_was_received_is_no_part_of_its_digest(date):
    raw = f"From: Ivy <ivy@lp.example>\r\nSubject: s\r\nDate: {date}\r\nMessage-ID: <1@x>\r\n\r\nHello\r\n".encode()

    found = {
        parse(raw, received_at=datetime(year, 11, 16, 12, tzinfo=UTC)).digest for year in (2017, 2026, 2030)
    }

    assert len(found) == 1
