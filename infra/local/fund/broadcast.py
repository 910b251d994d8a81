"""Notes to many investors at once, every one of them in blind copy."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from infra.local.fund import moments
from infra.local.fund.attachments import picture
from infra.local.fund.letter import Letter
from infra.local.fund.people import DOMAIN, TEAM, Mailbox, parties
from infra.local.fund.talk import LOGO, token
from infra.local.fund.texts import library

NOTES = 4  # a year
READERS = 8


def broadcasts(rng: Random, now: datetime) -> Iterator[Letter]:
    """Yield the year's notes: the sender's copy alone can tell that they went to investors."""
    [note] = (one for one in library()["en"] if one.subject.startswith("Portfolio note"))
    english = [party.people[0].mailbox for party in parties() if party.language == "en"]
    for quarter in range(NOTES):
        mate = rng.choice(TEAM)
        sent = moments.working_time(rng, now - timedelta(days=20 + 85 * quarter), mate.zone)
        facts = moments.facts(rng, note.language, sent) | {"dear": "Dear friends of the fund"}
        readers: list[Mailbox] = rng.sample(english, READERS)
        yield Letter(
            author=mate,
            to=(),
            bcc=tuple(readers),
            subject=note.subject.format_map(facts),
            text=f"{note.turns[0].text.format_map(facts)}\n\n{note.language.byes[0]}\n{mate.name}",
            language=note.language,
            sent=sent,
            message_id=f"{token(rng)}@mail.{DOMAIN}",
            captured=True,
            why="to investors' addresses in blind copy",
            logo=picture(*LOGO, 40),
        )
