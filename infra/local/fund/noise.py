"""Everything in a teammate's mailbox that is no investor's, some of it trying hard to look like one."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from infra.local.fund import moments
from infra.local.fund.attachments import picture
from infra.local.fund.forgery import forged
from infra.local.fund.letter import Letter
from infra.local.fund.people import TEAM, Mailbox, Party, Person, parties
from infra.local.fund.talk import LOGO, files, token
from infra.local.fund.texts import Scrap, Turn

LABELS = {
    "newsletter": ("INBOX", "CATEGORY_PROMOTIONS"),
    "receipt": ("INBOX", "CATEGORY_UPDATES"),
    "draft": ("DRAFT",),
    "spam": ("SPAM", "UNREAD"),
    "trash": ("TRASH",),
}
WHY = {
    "newsletter": "a newsletter",
    "receipt": "a receipt",
    "private": "private mail",
    "pitch": "a company looking for money, not an investor",
    "service": "a supplier",
    "internal": "teammates among themselves",
    "draft": "a draft to an investor, never sent",
    "spam": "spam in an investor's name",
    "lookalike": "not an investor's address, only made to look like one",
    "trash": "from an investor, thrown away",
}
# How often each returns in a year, mail of the year's 600; what reads as a single event comes once.
YEARLY = {"newsletter": 6, "receipt": 5, "draft": 3, "spam": 4, "lookalike": 3, "trash": 3, "internal": 2}


# When a person writes, given the message they answer.
Pace = Callable[[Person, Letter | None], datetime]


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is in one piece of noise."""

    scrap: Scrap
    outsider: Person
    mate: Person
    facts: dict[str, str]
    extra: tuple[str, ...] = ()


def write(rng: Random, scrap: Scrap, start: datetime, pace: Pace) -> Iterator[Letter]:
    """Write the scrap's messages, each dated by *pace* when its turn comes."""
    cast = _cast(rng, scrap, start)
    last: Letter | None = None
    for turn in scrap.conversation.turns:
        last = _letter(rng, cast, turn, pace(_writer(cast, turn), last), last)
        yield last


def _cast(rng: Random, scrap: Scrap, start: datetime) -> Cast:
    mate, other = rng.sample(TEAM, 2)
    mate = next((one for one in TEAM if one.first.lower() == scrap.reader), mate)
    facts = moments.facts(rng, scrap.conversation.language, start)
    facts.update({"mate": mate.first, "mate2": other.first, "hello": f"Hello {mate.first}"})
    facts["ref"] = facts["ref"].rpartition("-")[2]
    facts["n"] = str(start.timetuple().tm_yday // 7 + 100)
    if scrap.kind == "internal":
        return Cast(scrap, other, mate, facts | {"mate": other.first})
    if scrap.kind in {"spam", "lookalike", "trash", "draft"}:
        party, way = _party(rng, scrap), scrap.sender
        person = rng.choice(party.people)
        outsider, extra = forged(rng, way, person)
        return Cast(scrap, outsider, mate, facts | {"dear": person.salutation}, extra)
    name, _, address = scrap.sender.rstrip(">").partition(" <")
    program = "bulk" if scrap.kind == "newsletter" else rng.choice(("gmail", "outlook", "apple"))
    return Cast(scrap, Person(name, address, program=program), mate, facts)


def _party(rng: Random, scrap: Scrap) -> Party:
    """Return an investor whom the scrap can imitate: English ones, as the scraps are English."""
    english = [party for party in parties() if party.language == "en"]
    persons = [party for party in english if not party.investor.firm]
    firms = [party for party in english if party.investor.domains]
    return rng.choice(persons if scrap.sender == "freemail" else firms)


def _writer(cast: Cast, turn: Turn) -> Person:
    return cast.mate if turn.who == "fund" else cast.outsider


def _letter(rng: Random, cast: Cast, turn: Turn, sent: datetime, last: Letter | None) -> Letter:
    scrap = cast.scrap
    writer = _writer(cast, turn)
    reader = cast.outsider if turn.who == "fund" else cast.mate
    text = turn.text.format_map(cast.facts)
    subject = scrap.conversation.subject.format_map(cast.facts)
    return Letter(
        author=writer,
        to=(reader.mailbox,),
        cc=_everybody(scrap, writer, reader),
        subject=f"Re: {subject}" if last else subject,
        text=f"{text}\n\n{writer.first}" if writer in TEAM and scrap.kind != "draft" else text,
        language=scrap.conversation.language,
        sent=sent,
        message_id=f"{token(rng)}@mail.{writer.address.partition('@')[2].lower()}",
        captured=False,
        why=WHY[scrap.kind],
        parent=last,
        files=files(turn, cast.facts, rng),
        logo=picture(*LOGO, 200) if "logo" in turn.tags else b"",
        short="short" in turn.tags,
        extra=_bulk_headers(cast.outsider) if scrap.kind == "newsletter" else cast.extra,
    )


def _everybody(scrap: Scrap, writer: Person, reader: Person) -> tuple[Mailbox, ...]:
    """Return the rest of the team for what concerns them all."""
    if scrap.kind != "internal" or not scrap.conversation.subject.startswith(("Agenda", "Holidays", "Who")):
        return ()
    return tuple(mate.mailbox for mate in TEAM if mate not in {writer, reader})


def _bulk_headers(sender: Person) -> tuple[str, ...]:
    domain = sender.address.partition("@")[2]
    return (
        f"List-Id: <letters.{domain}>",
        f"List-Unsubscribe: <mailto:leave@{domain}>, <https://{domain}/leave>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Precedence: bulk",
    )
