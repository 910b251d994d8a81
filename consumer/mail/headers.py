"""Participants out of the headers of Gmail's metadata format, to weigh a message before its body is read.

Gmail has decoded the encoded words already, so a comma that was inside a name may now look like a
separator.  Whatever parse() would find in the raw message must be found here too: finding more
costs one download, finding less loses mail.
"""

from collections.abc import Sequence

from consumer.mail.addresses import ADDRESS, MOST, normal
from consumer.mail.message import Participant, Role

ROLES: dict[str, Role] = {
    "from": "from",
    "sender": "sender",
    "reply-to": "reply_to",
    "to": "to",
    "cc": "cc",
    "bcc": "bcc",
}


def from_headers(headers: Sequence[tuple[str, str]]) -> tuple[Participant, ...]:
    """Return every address that (name, value) headers could mean, names left out.

    For From it is the address in the last angle brackets when there are any: the one the strict
    author reader takes, so that a forged display name does not cause a download.
    """
    found: dict[tuple[Role, str], Participant] = {}
    for name, value in headers:
        role = ROLES.get(name.strip().lower())
        if role is None:
            continue
        text = value[value.rfind("<") :] if role == "from" and "<" in value else value
        for local, domain in ADDRESS.findall(text[:65_536])[:MOST]:
            address = normal(f"{local}@{domain}")
            if address:
                found.setdefault((role, address), Participant(role, address, ""))
    return tuple(found.values())
