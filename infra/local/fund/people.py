"""Who writes to whom: the five teammates, and the investors read from texts/investors.txt."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta, timezone
from functools import cache
from pathlib import Path
from typing import NamedTuple

from infra.local.fund.model import Investor, Teammate

NAME = "Alder Fund"
DOMAIN = "alderfund.example"
# Every domain here is reserved (RFC 2606), free mail included: an address with a real provider's name
# might be a real person's.
FREE_MAIL = ("postbox.example", "freepost.example")
GROUP = f"ir@{DOMAIN}"  # reaches the two teammates named in GROUP_MEMBERS
GROUP_MEMBERS = ("priya", "claire")


class Mailbox(NamedTuple):
    """A name and an address, as a header shows them."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who writes mail."""

    name: str
    address: str
    title: str = ""
    firm: str = ""
    program: str = "gmail"  # what they write with: gmail, outlook, apple, thunderbird, phone, legacy, bulk
    hours: float = 0  # from UTC, all year: summer time would add nothing here
    salutation: str = ""  # how the fund addresses them
    by_domain: bool = False  # not in the contact list, known through the domain rule alone

    @property
    def mailbox(self) -> Mailbox:
        """How they stand in a header."""
        return Mailbox(self.name, self.address)

    @property
    def first(self) -> str:
        """What they are called."""
        return self.name.removeprefix("Dr. ").split(maxsplit=1)[0]

    @property
    def zone(self) -> timezone:
        """What their clock shows."""
        return timezone(timedelta(hours=self.hours))


@dataclass(frozen=True, slots=True)
class Party:
    """An investor with the people who write for it."""

    investor: Investor
    people: tuple[Person, ...]
    language: str
    currency: str


def _mate(name: str, title: str) -> Person:
    first = name.split(maxsplit=1)[0].lower()
    return Person(name, f"{first}@{DOMAIN}", title, NAME)


TEAM = (
    _mate("Maya Lindqvist", "Managing Partner"),
    _mate("Tomas Okafor", "Partner"),
    _mate("Priya Raman", "Investor Relations"),
    _mate("Jonas Adler", "Finance"),
    _mate("Claire Whitmore", "Associate"),
)


def teammates() -> tuple[Teammate, ...]:
    """Return the team as the demo registers it."""
    return tuple(Teammate(mate.name, mate.address, mate.title) for mate in TEAM)


def team_accounts(address: str) -> tuple[str, ...]:
    """Return the accounts a mail to *address* reaches: none, one, or the members of the group."""
    local, _, domain = address.lower().partition("@")
    if domain != DOMAIN:
        return ()
    if address.lower() == GROUP:
        return tuple(f"{member}@{DOMAIN}" for member in GROUP_MEMBERS)
    return (f"{local.partition('+')[0]}@{domain}",)


@cache
def parties() -> tuple[Party, ...]:
    """Return every investor of texts/investors.txt, in its order."""
    return tuple(_parties())


def _parties() -> Iterator[Party]:
    text = (Path(__file__).parent / "texts" / "investors.txt").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    starts = [at for at, line in enumerate(lines) if not line.startswith(" ")]
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield _party(lines[start], lines[start + 1 : end])


def _party(head: str, rows: list[str]) -> Party:
    name, language, currency, hours, *rest = (cell.strip() for cell in head.split("|"))
    firm = "" if name == "-" else name
    people = tuple(_person(row, firm, float(hours)) for row in rows)
    addresses = tuple(person.address for person in people if not person.by_domain)
    domains = tuple(domain for domain in rest if domain)
    return Party(Investor(firm or people[0].name, firm, addresses, domains), people, language, currency)


def _person(row: str, firm: str, hours: float) -> Person:
    name, address, salutation, title, program = (cell.strip() for cell in row.split("|"))
    return Person(
        name, address.rstrip("*"), title, firm, program, hours, salutation, by_domain=address.endswith("*")
    )
