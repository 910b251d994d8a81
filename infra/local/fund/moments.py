"""When people write, and the days and sums they write about."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from random import Random

from infra.local.fund.attachments import COMPANIES
from infra.local.fund.letter import day_of
from infra.local.fund.people import Party, Person
from infra.local.fund.texts import Language

FIRST_HOUR, LAST_HOUR = 8, 19
FRIDAY = 4
FIRST_YEAR = 2024  # of Alder Fund III
PROMPT = 0.5  # how many answers come within hours
ROUND_SUMS = {"JPY": 1_000_000, "SEK": 100_000}  # what one step of a payment is, elsewhere 25,000


def working_time(rng: Random, after: datetime, zone: tzinfo) -> datetime:
    """Return when somebody in *zone* gets round to answering what reached them at *after*."""
    wait = timedelta(minutes=rng.randrange(6, 200) if rng.random() < PROMPT else rng.randrange(200, 2000))
    local = (after + wait).astimezone(zone).replace(microsecond=0)
    if local.hour >= LAST_HOUR:
        local = _morning(rng, local + timedelta(days=1))
    elif local.hour < FIRST_HOUR:
        local = _morning(rng, local)
    return local + timedelta(days=max(0, 7 - local.weekday()) if local.weekday() > FRIDAY else 0)


def _morning(rng: Random, day: datetime) -> datetime:
    return day.replace(hour=FIRST_HOUR + rng.randrange(3), minute=rng.randrange(60))


def quarter_before(day: datetime) -> str:
    """Return the last finished quarter, as "Q2 2026"."""
    quarter = (day.month - 1) // 3
    return f"Q{quarter} {day.year}" if quarter else f"Q4 {day.year - 1}"


def facts(rng: Random, spoken: Language, start: datetime, currency: str = "EUR") -> dict[str, str]:
    """Draw what a conversation begun at *start* is about: the values of its placeholders."""
    day = _weekday(start + timedelta(days=rng.randrange(9, 15)))
    later = _weekday(start + timedelta(days=rng.randrange(20, 34)))
    amount = rng.randrange(4, 60) * ROUND_SUMS.get(currency, 25_000)
    return {
        "day": day_of(spoken, day),
        "later": day_of(spoken, later),
        "meeting": day.replace(hour=10).isoformat(),
        "time": f"{rng.randrange(9, 17)}:{rng.choice(('00', '30'))}",
        "amount": f"{currency} {amount:,}",
        "company": rng.choice(COMPANIES),
        "n": str(max(1, 4 * (start.year - FIRST_YEAR) + (start.month - 1) // 3 + 1)),  # one a quarter
        "ref": f"AF3-{rng.randrange(1000, 9999)}",
        "q": quarter_before(start),
        "year": str(start.year),
        "lastyear": str(start.year - 1),
    }


def names(party: Party, person: Person, mate: Person, second: Person) -> Mapping[str, str]:
    """Return who is who in a conversation with an investor."""
    return {
        "dear": person.salutation,
        "hello": f"Hello {mate.first}",
        "mate": mate.first,
        "mate2": second.first,
        "lp": person.name,
        "firm": party.investor.firm or person.name,
    }


def _weekday(day: datetime) -> datetime:
    return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > FRIDAY else 0)
