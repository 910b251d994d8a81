"""Whose mailbox it is, who writes to it, and what of it the pipeline should capture.

Deliberately simple, and sharing no code with the pipeline: two readers that agree are worth more
than one that agrees with itself.
"""

from collections import Counter
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache

from infra.local.ownmail import headers
from infra.local.ownmail.model import OwnMail

NEVER = frozenset({"SPAM", "TRASH", "DRAFT", "CHAT"})
RECIPIENTS = ("to", "cc", "bcc")


def guess_account(mails: Iterable[OwnMail], fallback: str) -> str:
    """Return the address most messages were delivered to, else *fallback*."""
    counted = Counter(
        address
        for mail in mails
        for value in headers.fields(mail.raw).get("delivered-to", [])[:1]
        for address in headers.addresses(value)
    )
    # Ties go to the first in the alphabet: the same folder always gives the same account.
    return min(counted, key=lambda address: (-counted[address], address), default=fallback)


def senders(mails: Iterable[OwnMail]) -> Counter[str]:
    """Count the messages of each readable sender."""
    found = (headers.sender(headers.fields(mail.raw)) for mail in mails)
    return Counter(address for address in found if address)


def correspondents(mails: Iterable[OwnMail], own: AbstractSet[str] = frozenset()) -> frozenset[str]:
    """Return everybody who wrote, and of messages without a readable sender those written to first.

    The *own* addresses are not among them, nor are those only seen in spam, trash and drafts.
    """
    mine = _plain(frozenset(own))
    return frozenset(
        address
        for mail in mails
        if not NEVER.intersection(mail.labels)
        for address in _other_side(headers.fields(mail.raw))
        if address not in mine
    )


def _other_side(told: headers.Fields) -> list[str]:
    author = headers.sender(told)
    return [author] if author else _recipients(told)[:1]


def _recipients(told: headers.Fields) -> list[str]:
    values = (value for name in RECIPIENTS for value in told.get(name, []))
    return [address for value in values for address in headers.addresses(value)]


def should_capture(
    mail: OwnMail, investors: AbstractSet[str], domains: AbstractSet[str], own: AbstractSet[str]
) -> bool:
    """Say whether an investor's address, or one at an investor's domain, wrote or was written to.

    *own* addresses are nobody's investor.  Case and plus-tags make no difference.
    """
    if NEVER.intersection(mail.labels):
        return False
    told = headers.fields(mail.raw)
    seen = {*filter(None, [headers.sender(told)]), *_recipients(told)}
    seen -= _plain(frozenset(own))
    rules = _plain(frozenset(domains))
    return not seen.isdisjoint(_plain(frozenset(investors))) or any(_within(one, rules) for one in seen)


@lru_cache(maxsize=16)
def _plain(names: frozenset[str]) -> frozenset[str]:
    """Return addresses or domains in the form they are compared in, worked out once for all mails."""
    return frozenset(headers.plain(name) if "@" in name else name.lower() for name in names)


def _within(address: str, rules: frozenset[str]) -> bool:
    """Say whether the address's domain, or one it is a subdomain of, is among the *rules*."""
    parts = address.rpartition("@")[2].split(".")
    return any(".".join(parts[start:]) in rules for start in range(len(parts)))
