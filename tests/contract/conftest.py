"""The local Google with one mailbox in it, as any other server would be given."""

from email.message import EmailMessage
from email.policy import SMTP

import pytest
import urllib3

from infra.local.google import serve
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.transport import Transport
from tests.contract.server import Server, named_in_the_environment

ADA = "ada@fund.example"
BEGAN_MS = 1794000000000  # in November 2026


def letter(number, **headers):
    mail = EmailMessage(policy=SMTP)
    mail["From"], mail["To"] = "Lee <lee@lp.example>", ADA
    mail["Subject"] = f"Fund III, züsätzliche Fragen und Antworten, die über eine Zeile hinausgehen {number}"
    mail["Message-ID"] = f"<{number}@lp.example>"
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(f"Hello {number}")
    return mail


def mailbox():
    """(mail, labels) oldest first: sent and received, copied, with a file."""
    with_file = letter(4)
    with_file.add_attachment(bytes(range(256)) * 9, maintype="application", subtype="pdf", filename="a.pdf")
    return [
        (letter(1, Cc="kim@lp.example", Reply_To="office@lp.example"), ["INBOX"]),
        (letter(2, Bcc="kim@lp.example", Sender="bot@lp.example"), ["SENT"]),
        (letter(3), ["INBOX", "UNREAD", "CATEGORY_PERSONAL"]),
        (with_file, ["INBOX"]),
        (letter(5), []),
        (letter(6), ["INBOX", "STARRED"]),
        (letter(7), ["INBOX"]),
    ]


def asked(url, path, body):
    """Tell the local Google's control side something."""
    answer = urllib3.request("POST", f"{url}/control/{path}", json=body, retries=False)
    assert answer.status == 200, answer.data
    return answer.json()


def token_for(url):
    key = asked(url, "service-accounts", {"email": "mailroom@local-project.iam.gserviceaccount.com"})
    transport = Transport()
    try:
        return DelegatedTokens(key, f"{url}/token", transport=transport).token(ADA)
    finally:
        transport.close()


def filled(url):
    """Put the mailbox there and return the server."""
    asked(url, "mailboxes", {"email": ADA})
    letters = [
        {"rawUtf8": mail.as_string(), "labels": labels, "internalDateMs": BEGAN_MS + n * 60_000}
        for n, (mail, labels) in enumerate(mailbox())
    ]
    asked(url, f"mailboxes/{ADA}/messages", {"messages": letters})
    return Server(url, ADA, token_for(url), metered=False)


@pytest.fixture(scope="session")
def local():
    with serve() as google:
        server = filled(google.url)
        yield server
        server.close()


@pytest.fixture(scope="session")
def elsewhere():
    server = named_in_the_environment()
    if server is None:
        pytest.skip(
            "set MAILROOM_CONTRACT_API_URL, MAILROOM_CONTRACT_TOKEN and MAILROOM_CONTRACT_ADDRESS to try "
            "another Gmail API server"
        )
    yield server
    server.close()


@pytest.fixture(params=["local", "elsewhere"])
def server(request):
    return request.getfixturevalue(request.param)
