"""What these tests share: reading bytes as one mail."""

from datetime import UTC, datetime

import pytest

from consumer.mail.parse import parse

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="session")
def read():
    """Read raw bytes as a mail received now; nothing may go wrong that nobody foresaw."""

    def _read(raw):
        mail = parse(raw, received_at=NOW)
        assert "parse-failed" not in mail.defects
        return mail

    return _read


@pytest.fixture(scope="session")
def mixed():
    """Put parts into one multipart."""

    def _mixed(*parts, subtype=b"mixed", boundary=b"bb", head=b"From: ada@lp.example\r\n"):
        body = b"".join(b"--%s\r\n%s\r\n" % (boundary, part) for part in parts)
        return b"%sContent-Type: multipart/%s; boundary=%s\r\n\r\n%s--%s--\r\n" % (
            head, subtype, boundary, body, boundary,
        )  # fmt: skip

    return _mixed
