"""Decide whose mail a message is: exact address first, then domain.

The result depends on the participants and the rules alone, never on which of them came first.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from publicsuffixlist import PublicSuffixList

from consumer.freemail import TENANTS, is_free_mail
from consumer.mail.addresses import normal, unquoted
from consumer.mail.message import Participant, Role

Strategy = Literal["address", "domain"]

# A Reply-To or Sender names where answers go, not who talks with whom.
MATCHING: frozenset[Role] = frozenset({"from", "to", "cc", "bcc"})
LABEL = re.compile(r"[A-Za-z0-9_^-]{1,100}")
GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to recognise an investor; *value* is as normal_rule() returns it."""

    investor_id: int
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Match:
    """Why a message belongs to an investor."""

    investor_id: int
    role: Role
    address: str
    strategy: Strategy
    ambiguous: bool  # several investors claim the address: by itself, by its domain, or one each way


@dataclass(frozen=True, slots=True)
class Own:
    """Who we are: never anybody's investor."""

    addresses: frozenset[str]
    domains: frozenset[str]

    def owns(self, address: str) -> bool:
        """Whether an address, however spelt, is a colleague's.  A free-mail domain makes nobody one."""
        parents = _with_parents(_domain(address))
        return canonical(address) in _canonical(self.addresses) or any(
            name in self.domains and not is_free_mail(name) for name in parents
        )

    def outsiders(self, addresses: Iterable[str]) -> frozenset[str]:
        """Return those that are not ours, as canonical() writes them: one mailbox is one outsider."""
        return frozenset(canonical(one) for one in addresses if not self.owns(one))


@dataclass(frozen=True, slots=True)
class Excluded:
    """Who is never captured, whoever else takes part; values as normal_exclusion() returns them."""

    addresses: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()
    labels: frozenset[str] = frozenset()  # Gmail's own by id; a mailbox's as address:id
    accounts: frozenset[str] = frozenset()

    def labels_of(self, mailbox: str) -> frozenset[str]:
        """Return the ids of the labels that are left out in a mailbox."""
        parts = (one.rpartition(":") for one in self.labels)
        return frozenset(label for owner, _, label in parts if owner in ("", mailbox))

    def covers(self, people: Iterable[Participant]) -> bool:
        """Whether one of *people* is excluded, by address or by a domain above it."""
        if not self.addresses and not self.domains:
            return False
        named = {person.address for person in people}
        return any(
            canonical(one) in self.addresses or not self.domains.isdisjoint(_with_parents(_domain(one)))
            for one in named
        )


NOBODY = Excluded()


def normal_exclusion(kind: str, value: str) -> str:
    """Return an admin's exclusion in the form it is kept in; ValueError says what is wrong.

    Unlike an investor's, the domain may be free mail: that nobody's mail from there is captured.
    """
    if kind == "address":
        return normal_rule(kind, value)
    if kind == "label":
        return _normal_label(value.strip())
    if kind == "account":
        return _normal_mailbox(value.strip())
    if kind != "domain":
        raise ValueError(f"{kind!r} cannot be excluded: it is an address, a domain, a label or an account")
    name = _named_domain(value.strip())
    if _suffixes().is_public(name):
        raise ValueError(f"{name} is not a domain but a public suffix: name one below it")
    return name


def _normal_mailbox(value: str) -> str:
    address = normal(value)
    if address is None:
        raise ValueError(f"{value!r} is not the address of a mailbox")
    return address


def _normal_label(value: str) -> str:
    owner, _, label = value.rpartition(":")
    if not LABEL.fullmatch(label):
        raise ValueError(
            f"{value!r} is not a label's id: write CATEGORY_PROMOTIONS or ada@fund.example:Label_7"
        )
    return f"{_normal_mailbox(owner)}:{label}" if owner else label


def normal_rule(kind: str, value: str) -> str:
    """Return an admin's address or domain in the form rules are kept in; ValueError says what is wrong."""
    if kind == "address":
        address = normal(value.strip())
        if address is None:
            raise ValueError(f"{value.strip()!r} is not an e-mail address")
        return canonical(address)
    if kind != "domain":
        raise ValueError(f"{kind!r} is no kind of rule: it is an address or a domain")
    return _normal_domain(value.strip())


def _named_domain(value: str) -> str:
    bare = value.removeprefix("@")
    address = None if "@" in bare else normal(f"x@{bare}")
    name = _domain(address or "")
    if "." not in name or name.rpartition(".")[2].isdigit():
        raise ValueError(f"{value!r} is not a domain")
    return name


def _normal_domain(value: str) -> str:
    name = _named_domain(value)
    if _suffixes().is_public(name):
        raise ValueError(f"{name} is a public suffix: name the domain the investor registered below it")
    if not _matchable(name):  # also below such a domain: mail.yahoo.com
        raise ValueError(
            f"{name} gives addresses to anybody: name the investor's address instead of the domain"
        )
    return name


def canonical(address: str) -> str:
    """Return the address mail to *address* ends at: no plus-tag, and no dots for Gmail: it ignores them."""
    local, _, domain = address.rpartition("@")
    local = unquoted(local)
    if not local.startswith('"'):
        local = local.partition("+")[0] or local
        if domain in GMAIL:
            local, domain = local.replace(".", "") or local, "gmail.com"
    return f"{local}@{domain}"


@lru_cache(maxsize=16)
def _canonical(addresses: frozenset[str]) -> frozenset[str]:
    return frozenset(map(canonical, addresses))


def lookup_keys(participants: Iterable[Participant]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the (addresses, domains) whose rules could match these participants."""
    people = {person.address for person in participants if person.role in MATCHING}
    domains = {name for address in people for name in _matchable(_domain(address))}
    return frozenset(canonical(address) for address in people), frozenset(domains)


def match(
    participants: Sequence[Participant], rules: Sequence[Rule], *, own: Own, excluded: Excluded = NOBODY
) -> tuple[Match, ...]:
    """Return every reason why a message belongs to an investor; empty when it is nobody's, or excluded.

    An investor matched by exact address is not listed again for the domain of that address.
    """
    if excluded.covers(participants):
        return ()
    exact, domains = _index(rules, "address"), _index(rules, "domain")
    found: set[Match] = set()
    for person in participants:
        if person.role not in MATCHING or own.owns(person.address):
            continue
        by_address = exact.get(canonical(person.address), frozenset())
        names = _matchable(_domain(person.address))
        by_domain = frozenset[int]().union(*(domains.get(name, frozenset()) for name in names)) - by_address
        several = len(by_address | by_domain) > 1
        found |= _matches(person, by_address, "address", several)
        found |= _matches(person, by_domain, "domain", several)
    return tuple(sorted(found, key=lambda one: (one.investor_id, one.role, one.address, one.strategy)))


def _matches(person: Participant, investors: frozenset[int], strategy: Strategy, several: bool) -> set[Match]:
    return {Match(investor, person.role, person.address, strategy, several) for investor in investors}


def _index(rules: Sequence[Rule], kind: str) -> dict[str, frozenset[int]]:
    index: dict[str, frozenset[int]] = {}
    for rule in rules:
        if rule.kind == kind:
            index[rule.value] = index.get(rule.value, frozenset()) | {rule.investor_id}
    return index


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _with_parents(domain: str) -> list[str]:
    labels = domain.split(".")
    return [".".join(labels[start:]) for start in range(len(labels))]


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def _matchable(domain: str) -> list[str]:
    """Return the domain and its parents down to the registrable one; none for free mail, suffixes, IPs."""
    registrable = None if domain.rpartition(".")[2].isdigit() else _suffixes().privatesuffix(domain)
    if registrable is None or is_free_mail(registrable) or is_free_mail(domain):
        return []
    names = (name for name in _with_parents(domain) if name not in TENANTS)
    return [name for name in names if name == registrable or name.endswith(f".{registrable}")]
