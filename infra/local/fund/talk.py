"""A conversation under way between the fund and an investor: each call writes its next message."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from infra.local.fund import moments
from infra.local.fund.attachments import Meeting, invitation, pdf, picture, spreadsheet
from infra.local.fund.letter import File, Letter
from infra.local.fund.people import DOMAIN, FREE_MAIL, GROUP, TEAM, Mailbox, Party, Person
from infra.local.fund.texts import Conversation, Turn

INTRODUCERS = (
    Person("Cornelia Ashgrove", "cornelia@ashgrove-advisory.example", "Partner", "Ashgrove Advisory"),
    Person("Idris Vantongeren", "idris@saltmarsh-angels.example", "Chair", "Saltmarsh Angels", "outlook"),
)
PHOTO = (96, 64)
LOGO = (120, 36)
# How often a second person, or the team's group address, is copied, and a plus-tag added.
COLLEAGUE, TO_GROUP, TAGGED = 0.5, 0.15, 0.3


@dataclass(slots=True, eq=False)
class Talk:
    """Who talks about what, and how far they are."""

    conversation: Conversation
    party: Party
    person: Person
    colleague: Person | None
    mate: Person
    second: Person
    facts: dict[str, str]
    rng: Random
    tagged: bool  # the investor writes under a plus-tag
    cc_second: bool = False
    turn: int = 0
    last: Letter | None = None  # what the next message answers; asides are nobody's parent

    @property
    def over(self) -> bool:
        """Everything has been said."""
        return self.turn >= len(self.conversation.turns)


def begin(rng: Random, conversation: Conversation, party: Party, start: datetime) -> Talk:
    """Cast the conversation: who of the investor's people, who of the team."""
    person, *others = rng.sample(party.people, len(party.people))
    mate, second = rng.sample(TEAM, 2)
    facts = moments.facts(rng, conversation.language, start, party.currency)
    facts.update(moments.names(party, person, mate, second))
    colleague = others[0] if others and rng.random() < COLLEAGUE else None
    tagged = person.address.endswith(FREE_MAIL) and rng.random() < TAGGED
    return Talk(conversation, party, person, colleague, mate, second, facts, rng, tagged)


def author(talk: Talk) -> Person:
    """Return who writes next."""
    turn = talk.conversation.turns[talk.turn]
    if turn.who == "introducer":
        return INTRODUCERS[len(talk.party.investor.name) % len(INTRODUCERS)]
    if turn.who == "investor":
        return _as_they_sign(talk)
    return talk.second if "by2" in turn.tags else talk.mate


def _as_they_sign(talk: Talk) -> Person:
    """Return the investor's person, under a plus-tag if that is their habit: still the same mailbox."""
    person = talk.person
    local, _, domain = person.address.partition("@")
    if not talk.tagged:
        return person
    return Person(
        person.name,
        f"{local}+alder@{domain}",
        person.title,
        "",
        person.program,
        person.hours,
        person.salutation,
    )


def proceed(talk: Talk, sent: datetime) -> Letter:
    """Write the next message as of *sent*, in the author's zone."""
    turn, writer = talk.conversation.turns[talk.turn], author(talk)
    talk.cc_second = talk.cc_second or "cc" in turn.tags or "by2" in turn.tags
    to, cc = _envelope(talk, turn, writer)
    letter = Letter(
        author=writer,
        to=to,
        cc=cc,
        subject=_subject(talk, turn, writer),
        text=_words(talk, turn, writer),
        language=talk.conversation.language,
        sent=sent,
        message_id=f"{token(talk.rng)}@{_id_domain(writer)}",
        captured=turn.who != "aside",
        why=_why(talk, turn),
        parent=talk.last,
        files=files(turn, talk.facts, talk.rng),
        meeting=_meeting(talk, turn, sent),
        logo=picture(*LOGO, 40) if "logo" in turn.tags else b"",
        short="short" in turn.tags,
    )
    talk.turn += 1
    talk.last = talk.last if turn.who == "aside" else letter
    return letter


def _envelope(talk: Talk, turn: Turn, writer: Person) -> tuple[tuple[Mailbox, ...], tuple[Mailbox, ...]]:
    mate, second, person = talk.mate.mailbox, talk.second.mailbox, talk.person.mailbox
    if turn.who == "aside":
        return (second,), ()
    if turn.who == "introducer":
        return (mate,), (person,)
    cc = [talk.colleague.mailbox] if talk.colleague else []
    if turn.who == "investor":
        to = mate if talk.last else _habit(talk.rng, mate)
        return (to,), tuple(cc + ([second] if talk.cc_second else _group(talk)))
    partner = talk.mate if writer == talk.second else talk.second
    return (person,), tuple(cc + ([partner.mailbox] if talk.cc_second else []))


def _habit(rng: Random, box: Mailbox) -> Mailbox:
    """Return an address as people really type it: capitals, plus-tags, mostly neither."""
    local, _, domain = box.address.partition("@")
    typed = (
        box.address,
        box.address,
        box.address,
        f"{local}+lp@{domain}",
        f"{local.title()}@{domain.title()}",
    )
    return Mailbox(box.name, rng.choice(typed))


def _group(talk: Talk) -> list[Mailbox]:
    return [] if talk.last or talk.rng.random() > TO_GROUP else [Mailbox("Investor Relations", GROUP)]


def _subject(talk: Talk, turn: Turn, writer: Person) -> str:
    subject = talk.conversation.subject.format_map(talk.facts)
    if not talk.last:
        return subject
    if turn.who == "aside":
        return f"Fwd: {subject}"
    return (talk.conversation.language.reply if writer.program == "outlook" else "Re: ") + subject


def _words(talk: Talk, turn: Turn, writer: Person) -> str:
    text = turn.text.format_map(talk.facts)
    if "short" in turn.tags or turn.who == "aside":
        return f"{text}\n\n{writer.first}"
    return f"{text}\n\n{talk.rng.choice(talk.conversation.language.byes)}\n{writer.name}"


def _why(talk: Talk, turn: Turn) -> str:
    if turn.who == "aside":
        return "teammates among themselves, although the thread is an investor's"
    if turn.who == "introducer":
        return "an investor's address in copy"
    direction = "from" if turn.who == "investor" else "to"
    return f"{direction} an investor's {'domain' if talk.person.by_domain else 'address'}"


def _meeting(talk: Talk, turn: Turn, sent: datetime) -> bytes:
    titles = [name for kind, name in turn.enclosures if kind == "ics"]
    if not titles:
        return b""
    start = datetime.fromisoformat(talk.facts["meeting"]).astimezone(UTC)
    title = titles[0].format_map(talk.facts) or talk.conversation.subject
    people = (talk.person.address, talk.mate.address)
    uid = f"{token(talk.rng)}@{DOMAIN}"
    return invitation(Meeting(title, start, talk.mate.address, people, uid, sent.astimezone(UTC)))


def files(turn: Turn, facts: dict[str, str], rng: Random) -> tuple[File, ...]:
    """Return the small real files a turn encloses."""
    made = []
    for kind, pattern in turn.enclosures:
        name = pattern.format_map(facts).replace("/", "-").replace('"', "")
        if kind == "pdf":
            made.append(File(name, "application/pdf", pdf(name.removesuffix(".pdf"), _page(facts))))
        elif kind == "csv":
            made.append(File(name, "text/csv", spreadsheet(rng)))
        elif kind == "png":
            made.append(File(name, "image/png", picture(*PHOTO, rng.randrange(4) * 60)))
    return tuple(made)


def _page(facts: dict[str, str]) -> list[str]:
    return [
        f"Reference {facts['ref']}",
        f"Amount {facts['amount']}",
        f"Company {facts['company']}",
        f"Period {facts['q']}",
        "",
        "This page belongs to an invented fund. It is here to be attached.",
    ]


def token(rng: Random) -> str:
    """Return the left half of a Message-ID."""
    return f"{rng.getrandbits(96):024x}"


def _id_domain(writer: Person) -> str:
    return f"mail.{writer.address.partition('@')[2].lower()}"
