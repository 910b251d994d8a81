"""The ways a sender can be made to look like an investor without being one."""

from random import Random

from infra.local.fund.people import Person

ATTACKERS = ("secure-mail-desk.example", "quickreply-center.example")
SWAPS = (("rn", "m"), ("l", "1"), ("i", "l"), ("o", "0"), ("e", "3"))


def forged(rng: Random, way: str, person: Person) -> tuple[Person, tuple[str, ...]]:
    """Return *person* as imitated in one *way*, and header lines that go with it.

    "thrown" and "unsent" are the investor in truth; "exact" has the right address, and only Gmail's
    label tells.
    """
    local, _, domain = person.address.lower().partition("@")
    attacker = rng.choice(ATTACKERS)
    if way in {"thrown", "unsent"}:
        return person, ()
    if way == "replyto":
        return _imitation(person.name, f"office@{attacker}"), (f"Reply-To: {person.address}",)
    name, address = {
        "exact": (person.name, person.address),
        "domain": (person.name, f"{local}@{lookalike(domain)}"),
        "display": (person.name, f"{local.replace('.', '')}@{attacker}"),
        "quoted": (person.address, f"x{rng.randrange(100, 999)}@{attacker}"),
        "suffix": (person.name, f"{local}@{domain}.{attacker}"),
        "freemail": (person.name, f"{local.replace('.', '')}{rng.randrange(10, 99)}@{domain}"),
    }[way]
    return _imitation(name, address), ()


def _imitation(name: str, address: str) -> Person:
    return Person(name, address)


def lookalike(domain: str) -> str:
    """Return *domain* with one letter swapped for a similar one."""
    # Only a change in the registered name makes it another's: a subdomain would still be the investor's.
    name, _, top = domain.rpartition(".")
    inner, dot, name = name.rpartition(".")
    wrong = next((name.replace(right, swap, 1) for right, swap in SWAPS if right in name), f"{name}s")
    return f"{inner}{dot}{wrong}.{top}"
