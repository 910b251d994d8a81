"""A reference mailbox, generated and seeded: three years of a partner's mail, some of it with investors."""

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

THREE_YEARS_MS = 3 * 365 * 86_400_000
SHARE = 0.08  # of all messages are an investor's
ADDRESSES, DOMAINS = 1.5, 0.15  # per investor
WITH_FILES = 1 / 3  # of the investors' messages
# A conversation ends after each message with this chance: 4 messages on average, a few have thirty.
ENDS = 0.25
LONGEST = 60
OWN = "ada@fund.test"
WORDS = (
    "the fund will commit capital when terms and board agree on price timing round partner close week".split()
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to be put into the mailbox; *thread* numbers its conversation."""

    thread: int
    at_ms: int
    raw: str
    ours: bool
    files: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """The mailbox and who is to be found in it."""

    letters: tuple[Letter, ...]  # oldest first
    rules: tuple[tuple[str, str, str], ...]  # (investor, kind, value)

    @property
    def ours(self) -> int:
        """How many messages are an investor's."""
        return sum(letter.ours for letter in self.letters)


def reference(messages: int, investors: int, *, now_ms: int, seed: int = 7) -> Reference:
    """Generate *messages* messages over the three years before *now_ms*, with *investors* investors."""
    dice = random.Random(seed)
    people = _people(investors, dice)
    wanted = round(messages * SHARE)
    letters: list[Letter] = []
    thread = seed * 1_000_000  # two mailboxes have no Message-ID in common
    while len(letters) < messages:
        thread += 1
        ours = len(letters) < wanted
        room = (wanted if ours else messages) - len(letters)
        length = min(_length(dice), room)
        begins = now_ms - dice.randrange(THREE_YEARS_MS)
        written = _conversation(dice, people, begins, (thread, length, ours))
        letters += [replace(one, at_ms=min(one.at_ms, now_ms - 1)) for one in written]
    return Reference(tuple(sorted(letters, key=lambda one: one.at_ms)), _rules(people))


@dataclass(frozen=True, slots=True)
class _Person:
    name: str
    addresses: tuple[str, ...]
    domain: str  # "" when only the addresses are known


def _people(number: int, dice: random.Random) -> list[_Person]:
    found = []
    for one in range(number):
        firm = f"firm{one}.example"
        addresses = tuple(
            f"partner{one}.{n}@{firm}" for n in range(2 if dice.random() < ADDRESSES - 1 else 1)
        )
        found.append(_Person(f"Investor {one}", addresses, firm if dice.random() < DOMAINS else ""))
    return found


def _rules(people: list[_Person]) -> tuple[tuple[str, str, str], ...]:
    addresses = [(one.name, "address", address) for one in people for address in one.addresses]
    return (*addresses, *((one.name, "domain", one.domain) for one in people if one.domain))


def _length(dice: random.Random) -> int:
    length = 1
    while length < LONGEST and dice.random() > ENDS:
        length += 1
    return length


def _conversation(
    dice: random.Random, people: list[_Person], begins: int, thread: tuple[int, int, bool]
) -> Iterator[Letter]:
    """Write a conversation that begins at *begins* (ms): (its number, its length, whether it is ours)."""
    number, length, ours = thread
    person = dice.choice(people)
    address = (
        dice.choice(person.addresses)
        if ours
        else f"someone{dice.randrange(4_000)}@letters{number % 900}.example"
    )
    at = begins
    for nth in range(length):
        files = ours and dice.random() < WITH_FILES
        sender, to = (address, OWN) if nth % 2 == 0 else (OWN, address)
        head = (
            f"From: {sender}\r\nTo: {to}\r\nSubject: {'Re: ' if nth else ''}Round {number}\r\n"
            f"Message-ID: <{number}.{nth}@reference.example>\r\n"
        )
        text = " ".join(dice.choices(WORDS, k=120))
        raw = head + (_with_file(text, dice) if files else f"\r\n{text}\r\n")
        yield Letter(number, at, base64.urlsafe_b64encode(raw.encode()).decode(), ours, files)
        at += dice.randrange(1, 3 * 86_400_000)


def _with_file(text: str, dice: random.Random) -> str:
    content = base64.b64encode(dice.randbytes(3_000)).decode()
    return (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--b\r\nContent-Type: application/pdf\r\n"
        'Content-Disposition: attachment; filename="deck.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        f"{content}\r\n--b--\r\n"
    )
