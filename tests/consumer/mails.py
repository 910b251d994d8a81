"""Small mails for tests."""

from itertools import count

_numbers = count(1)


def mail(
    *,
    sender: str = "Ivy Investor <ivy@lp.example>",
    to: str = "ada@fund.test",
    subject: str = "Term sheet",
    message_id: str | None = None,
    extra: str = "",
    text: str = "Hello",
) -> str:
    """Write a plain mail; without *message_id* it gets one of its own."""
    message_id = message_id or f"m{next(_numbers)}@lp.example"
    return (
        f"From: {sender}\r\nTo: {to}\r\nSubject: {subject}\r\nMessage-ID: <{message_id}>\r\n"
        f"Date: Mon, 16 Nov 2026 10:00:00 +0000\r\n{extra}\r\n{text}\r\n"
    )


def with_file(name: str, content: str, **more: str) -> str:
    """Write a mail with a text attachment."""
    kind = 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n'
    body = (
        f"--b\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n--b\r\nContent-Type: application/pdf\r\n"
        f'Content-Disposition: attachment; filename="{name}"\r\n\r\n{content}\r\n--b--'
    )
    return mail(extra=kind, text=body, **more)
