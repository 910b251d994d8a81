"""Participants out of the headers of Gmail's metadata format, to weigh a message before its body is read.

Gmail has decoded the encoded words already, so a comma that was inside a name may now look like a
separator.  Whatever parse() would find in the raw message must be found here too: finding more
costs one download, finding less loses mail.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from consumer.mail.addresses import ADDRESS, MOST, normal, people
from consumer.mail.head import LONGEST_HEADER
from consumer.mail.message import Participant, Role

MOST_WRITTEN = 10 * MOST

ROLES: dict[str, Role] = {
    "from": "from",
    "sender": "sender",
    "reply-to": "reply_to",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
}


COMMENT = re.compile(r"\([^()]*\)")
ONE_BRACKET = re.compile(r"[^<>()]*<([^<>()]*)>\s*")


def from_headers(headers: Sequence[tuple[str, str]]) -> tuple[Participant, ...]:
    """Return every address that (name, value) headers could mean, names left out.

    For a plain From, `name <address>`, it is the address in the brackets alone: the one the strict
    author reader takes, so that a forged display name does not cause a download.
    """
    found: dict[tuple[Role, str], Participant] = {}
    for name, value in headers:
        role = ROLES.get(name.strip().lower())
        if role is None:
            continue
        for address in _addresses(value[:LONGEST_HEADER], role):
            found.setdefault((role, address), Participant(role, address, ""))
    return tuple(found.values())


def _addresses(value: str, role: Role) -> Iterator[str]:
    plain = ONE_BRACKET.fullmatch(value) if role == "from" else None
    if plain and (inside := [*_written(plain[1])]):
        yield from inside
        return
    # As parse() reads it, comments taken out; and whatever else looks like an address.
    yield from (person.address for person in people(value, role))
    yield from islice(_written(value), MOST_WRITTEN)
    if "(" in value:  # a decoded word may have put a quote into a comment, which then hides its end
        yield from islice(_written(COMMENT.sub("", value)), MOST_WRITTEN)


def _written(text: str) -> Iterator[str]:
    # Once more without the quotes: one that came out of an encoded word may enclose an address.
    for local, domain in (*ADDRESS.findall(text), *ADDRESS.findall(text.replace('"', " "))):
        if address := normal(f"{local}@{domain}"):
            yield address
