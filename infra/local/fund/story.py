"""The fund's year: a fixed past up to now, and what arrives from then on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from random import Random

from infra.local.fund import moments, noise
from infra.local.fund.broadcast import broadcasts
from infra.local.fund.delivery import deliver
from infra.local.fund.letter import Letter
from infra.local.fund.model import Copy, Fund
from infra.local.fund.people import DOMAIN, NAME, Party, Person, parties, teammates
from infra.local.fund.talk import Talk, author, begin, proceed
from infra.local.fund.texts import Conversation, library, scraps

DAYS = 360
TALKS_IN_ENGLISH, TALKS_ELSEWHERE = 4, 3
TALKING = 2 / 3  # how much of new mail is an investor's
NEW_TALK = 1 / 4


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter on its way, with the labels that replace the usual ones."""

    letter: Letter
    labels: tuple[str, ...] = ()


def fund(seed: int, now: datetime) -> Fund:
    """Return the fund and its mail of the year before *now* (aware): the same for the same arguments."""
    now = now.astimezone(UTC)
    sent, _ = _past(seed, now)
    rng = Random(f"{seed}/copies")
    copies = [copy for one in sent for copy in deliver(one.letter, rng, now, one.labels)]
    copies.sort(key=lambda copy: copy.internal_date)
    return Fund(NAME, DOMAIN, teammates(), tuple(party.investor for party in parties()), tuple(copies))


def live(seed: int, now: datetime, clock: Callable[[], datetime]) -> Iterator[tuple[Copy, ...]]:
    """Yield, without end, the copies of one further message after another, each dated by *clock*.

    *seed* and *now* are those given to fund(): talks left open there go on here.  About two
    messages in three are to be captured.
    """
    now = now.astimezone(UTC)
    _, talks = _past(seed, now)
    rng = Random(f"{seed}/live")
    noises: Iterator[Sent] = iter(())
    when = now

    def pace(writer: Person, _: Letter | None) -> datetime:
        return when.astimezone(writer.zone)  # the moment the loop below has come to

    while True:
        when = clock().replace(microsecond=0)
        if rng.random() < TALKING:
            yield deliver(_next_of(rng, talks, when), rng, when)
            continue
        sent = next(noises, None)
        if sent is None:
            noises = _one_noise(rng, when, pace)
            sent = next(noises)
        yield deliver(sent.letter, rng, when, sent.labels)


def _next_of(rng: Random, talks: list[Talk], when: datetime) -> Letter:
    """Write the next message of some open talk, now and then of a new one."""
    # A talk has three or four messages: one new talk in four messages keeps the list from growing.
    if not talks or rng.random() < NEW_TALK:
        party = rng.choice(parties())
        conversation = rng.choice(library()[party.language])
        talks.append(begin(Random(rng.getrandbits(64)), conversation, party, when))
    talk = rng.choice(talks)
    letter = proceed(talk, when.astimezone(author(talk).zone))
    if talk.over:
        talks.remove(talk)
    return letter


def _one_noise(rng: Random, start: datetime, pace: noise.Pace) -> Iterator[Sent]:
    scrap = rng.choice(scraps())
    labels = noise.LABELS.get(scrap.kind, ())
    return (Sent(letter, labels) for letter in noise.write(rng, scrap, start, pace))


def _past(seed: int, now: datetime) -> tuple[list[Sent], list[Talk]]:
    """Return what was sent before *now*, oldest first, and the talks still open."""
    talks = list(_talks(seed, now))
    sent = [Sent(letter) for talk, start in talks for letter in _until(now, talk, start)]
    sent += [Sent(letter) for letter in broadcasts(Random(f"{seed}/broadcast"), now)]
    sent += _noises(Random(f"{seed}/noise"), now)
    sent.sort(key=lambda one: one.letter.sent)
    return sent, [talk for talk, _ in talks if not talk.over]


def _talks(seed: int, now: datetime) -> Iterator[tuple[Talk, datetime]]:
    """Cast every conversation of the year, spread so that no script comes up far more often than another."""
    rng = Random(f"{seed}/talks")
    decks: dict[str, list[Conversation]] = {}
    for party in parties():
        many = TALKS_IN_ENGLISH if party.language == "en" else TALKS_ELSEWHERE
        chosen = sorted((_deal(rng, decks, party) for _ in range(many)), key=_opens, reverse=True)
        # The power makes it busier towards now, as mailboxes are.
        starts = sorted(now - timedelta(days=DAYS * rng.random() ** 1.5, hours=1) for _ in chosen)
        for conversation, start in zip(chosen, starts, strict=True):
            yield begin(Random(rng.getrandbits(64)), conversation, party, start), start


def _deal(rng: Random, decks: dict[str, list[Conversation]], party: Party) -> Conversation:
    deck = decks.setdefault(party.language, [])
    if not deck:
        deck += rng.sample(library()[party.language], len(library()[party.language]))
    return deck.pop()


def _opens(conversation: Conversation) -> int:
    """Return how early in a relation it belongs: an introduction, then the welcome, then the rest."""
    return 2 if conversation.turns[0].who == "introducer" else int(conversation.opening)


def _until(now: datetime, talk: Talk, start: datetime) -> Iterator[Letter]:
    sent = start.astimezone(UTC)
    while not talk.over:
        sent = moments.working_time(talk.rng, sent, author(talk).zone)
        if sent > now:
            return
        yield proceed(talk, sent)


def _noises(rng: Random, now: datetime) -> Iterator[Sent]:
    for scrap in scraps():
        labels = noise.LABELS.get(scrap.kind, ())
        for _ in range(noise.YEARLY.get(scrap.kind, 1)):
            start = (now - timedelta(minutes=rng.randrange(5, DAYS * 24 * 60))).replace(microsecond=0)
            letters = noise.write(rng, scrap, start, partial(_leisurely, rng, start))
            yield from (Sent(letter, labels) for letter in letters if letter.sent <= now)


def _leisurely(rng: Random, start: datetime, writer: Person, last: Letter | None) -> datetime:
    # Private life and newsletters know no office hours; answers come as people find time.
    return moments.working_time(rng, last.sent, writer.zone) if last else start.astimezone(writer.zone)
