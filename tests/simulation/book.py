"""What a schedule has done, and what it therefore expects to find."""

from dataclasses import dataclass, field

from consumer.mail.message import Participant
from consumer.match import Excluded, Own, Rule, match
from tests.simulation.sea import ACCOUNTS

SKIP = {"SPAM", "TRASH", "DRAFT", "CHAT"}
OWN = Own(frozenset(ACCOUNTS), frozenset({"fund.test"}))
PEOPLE = (
    "ivy@lp.example",
    "nord@nordwind.example",
    "eve@angel.example",
    "news@letter.example",
    "ben@fund.test",
    "ivy@home.example",
)
RULES = (
    ("Ivy", "address", "ivy@lp.example"),
    ("Nordwind", "domain", "nordwind.example"),
    ("Eve", "address", "eve@angel.example"),
    ("Ivy", "address", "ivy@home.example"),
)


@dataclass
class Copy:
    """One message of one mailbox, as the schedule knows it."""

    account: str
    gmail_id: str
    logical: int
    thread: str
    history: int


@dataclass
class Book:
    """What the schedule has done."""

    people: dict[int, tuple[str, str, str]] = field(default_factory=dict)  # from, to and cc, by message
    copies: list[Copy] = field(default_factory=list)
    rules: set[int] = field(default_factory=set)  # of RULES, in force
    ever: set[int] = field(default_factory=set)
    left_out: set[str] = field(default_factory=set)  # addresses nobody's mail with is captured
    visible: set[int] = field(
        default_factory=set
    )  # messages that were once neither draft nor spam nor binned

    def whose(self, logical: int, rules: set[int], left_out: set[str] = frozenset()) -> set[str]:
        """Return the names of the investors whose message it is."""
        known = [
            Rule(number, kind, value) for number, (_, kind, value) in enumerate(RULES) if number in rules
        ]
        there = zip(("from", "to", "cc"), self.people[logical], strict=True)
        who = tuple(Participant(role, address, "") for role, address in there if address)
        found = match(who, known, own=OWN, excluded=Excluded(frozenset(left_out)))
        return {RULES[one.investor_id][0] for one in found}

    def belongs(self, logical: int, rules: set[int], left_out: set[str] = frozenset()) -> bool:
        return bool(self.whose(logical, rules, left_out))

    def of(self, account: str) -> list[Copy]:
        return [copy for copy in self.copies if copy.account == account]
