"""What the tests of webklex/php-imap assert, as the collector copied it: name="value"; name="value"."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from consumer.mail.addresses import normal
from infra.local.corpus.expected import digests
from infra.local.corpus.model import Claim, Corpus, addresses

MARK = "(webklex fixture test)"
ASSERTION = re.compile(r"""(?:^|; )([^=;"']{2,90}?)=(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
NO_HTML = "no html body"
DIGEST = re.compile(r"""content\)=["']([0-9a-f]{64})["']""")
FILENAME = re.compile(r"""; filename=["']([^"']*\.[a-z]{2,5})["']""")
NAME = re.compile(r"""; name=["']([^"']*\.[a-z]{2,5})["']""")


def claims(corpus: Corpus) -> Iterator[Claim]:
    """Compare what is about the message itself: subject, text, HTML, date, people, ids."""
    for file, stated in corpus.manifest.items():
        if not stated.endswith(MARK):
            continue
        said = {
            name: _unescaped(double or single) for name, double, single in reversed(ASSERTION.findall(stated))
        }
        yield from _fields(corpus, file, said)
        if NO_HTML in stated:
            yield Claim(file, "html", "", corpus.mail(file).html)
        yield from _files(corpus, file, stated)


def _fields(corpus: Corpus, file: str, said: dict[str, str]) -> Iterator[Claim]:
    mail = corpus.mail(file)
    for name, value in said.items():
        if name in {"subject", "getSubject()"} and value:
            yield Claim(file, "subject", value, mail.subject)
        elif name == "getTextBody()":
            yield Claim(file, "text", *_beginning(value, mail.text))
        elif name == "getHTMLBody()" and len(value) > 1:
            yield Claim(file, "html", *_beginning(value, mail.html))
        elif name.startswith("date->first()"):
            moment = datetime.fromisoformat(value).replace(tzinfo=UTC)
            yield Claim(file, "date", moment, mail.date if mail.date_source == "header" else None)
        elif name in {"from->first()->mail", "from"} and (stated := _address(value)):
            yield Claim(file, "from", stated, mail.author.address if mail.author else "")
        elif name in {"to->first()->mail", "to"} and (stated := _address(value)):
            yield Claim(file, "to", stated, (addresses(mail, "to") or [""])[0])
        elif name == "message_id":
            yield Claim(file, "message-id", value, mail.message_id)


def _files(corpus: Corpus, file: str, stated: str) -> Iterator[Claim]:
    """Compare attachments by digest and by name.

    A name is what the disposition says, where it says one: Content-Type's own may differ.
    """
    files = corpus.mail(file).attachments
    known = {digest for one in files for digest in digests(one.content)}
    for digest in dict.fromkeys(DIGEST.findall(stated)):
        yield Claim(file, "bytes", digest, digest if digest in known else None)
    for name in dict.fromkeys(FILENAME.findall(stated) or NAME.findall(stated)):
        yield Claim(file, "name", name, name if name in {one.filename for one in files} else None)


def _unescaped(value: str) -> str:
    return value.replace("\\r", "\r").replace("\\n", "\n").replace('\\"', '"')


def _address(value: str) -> str:
    found = re.search(r"[^\s<>]+@[^\s<>]+", value)
    return (normal(found[0]) or "") if found else ""


def _beginning(theirs: str, ours: str) -> tuple[str, str]:
    """White space apart; long values are cut in the list."""
    stated, read = "".join(theirs.split()), "".join(ours.split())
    return stated, stated if read.startswith(stated) else read[: len(stated)]
