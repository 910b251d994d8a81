"""One message before it is bytes, and its words: plain text and HTML, quotations included."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from infra.local.fund.people import NAME, Mailbox, Person
from infra.local.fund.texts import Language

QUOTED_DEPTH = 2  # how many earlier messages a reply still carries
RIGHT_TO_LEFT = ("ar", "he")


@dataclass(frozen=True, slots=True)
class Letter:
    """What somebody writes, to whom, and whether it belongs in the CRM."""

    author: Person
    to: tuple[Mailbox, ...]
    subject: str
    text: str  # their own words, sign-off included
    language: Language
    sent: datetime  # aware, in the author's zone
    message_id: str  # without brackets
    captured: bool
    why: str
    cc: tuple[Mailbox, ...] = ()
    bcc: tuple[Mailbox, ...] = ()  # seen in the sender's own copy alone
    parent: "Letter | None" = None
    files: tuple["File", ...] = ()
    meeting: bytes = b""  # an iCalendar request
    logo: bytes = b""  # a PNG shown inside the HTML
    short: bool = False  # no quotation, no signature
    extra: tuple[str, ...] = ()  # more header lines

    @property
    def references(self) -> tuple[str, ...]:
        """Every earlier message of the thread, oldest first."""
        return (*self.parent.references, self.parent.message_id) if self.parent else ()


@dataclass(frozen=True, slots=True)
class File:
    """One attachment."""

    name: str
    media_type: str
    content: bytes


def plain(letter: Letter, depth: int = QUOTED_DEPTH) -> str:
    """Return the text as it reads without HTML."""
    parts = [letter.text, _signature(letter)]
    if letter.parent and depth and not letter.short:
        parts.append(_quotation(letter, letter.parent, depth))
    return "\n\n".join(part for part in parts if part) + "\n"


def _signature(letter: Letter) -> str:
    author = letter.author
    if letter.author.program == "phone":
        return "Sent from my phone"
    if letter.short or author.program == "bulk":
        return ""
    # The numbers are from the ranges Ofcom keeps for films: nobody's telephone rings.
    phone = f"+44 20 7946 01{sum(map(ord, author.name)) % 100:02d}" if author.firm == NAME else ""
    lines = [author.name, ", ".join(filter(None, (author.title, author.firm))), phone]
    return "-- \n" + "\n".join(filter(None, lines)) if author.title else ""


def _quotation(letter: Letter, parent: Letter, depth: int) -> str:
    inner = plain(parent, depth - 1).rstrip()
    if letter.author.program == "outlook":
        return f"{'_' * 32}\n{_outlook_head(parent)}\n\n{inner}"
    return f"{_wrote(letter, parent)}\n\n" + "\n".join(f"> {line}".rstrip() for line in inner.split("\n"))


def _outlook_head(parent: Letter) -> str:
    to = "; ".join(box.name or box.address for box in parent.to)
    return (
        f"From: {parent.author.name} <{parent.author.address}>\n"
        f"Sent: {parent.sent:%Y-%m-%d %H:%M}\nTo: {to}\nSubject: {parent.subject}"
    )


def _wrote(letter: Letter, parent: Letter) -> str:
    spoken, sent = letter.language, parent.sent.astimezone(letter.sent.tzinfo)
    return spoken.wrote.format(
        day=day_of(spoken, sent),
        year=sent.year,
        time=f"{sent:%H:%M}",
        name=parent.author.name,
        address=parent.author.address,
    )


def day_of(spoken: Language, when: datetime) -> str:
    """Return a day the way *spoken* writes it, without the year."""
    return spoken.day.format(d=when.day, m=spoken.months[when.month - 1])


def html(letter: Letter, depth: int = QUOTED_DEPTH) -> str:
    """Return the same as HTML, the quotation folded the way Gmail and Outlook mark it."""
    direction = "rtl" if letter.language.code in RIGHT_TO_LEFT else "ltr"
    logo = f'<p><img src="cid:{logo_id(letter)}" alt="Alder Fund" width="120" height="36"></p>\n'
    parts = [
        f'<div dir="{direction}">{_paragraphs(letter.text)}</div>',
        _html_signature(letter),
        logo if letter.logo else "",
        _html_quotation(letter, depth),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def logo_id(letter: Letter) -> str:
    """Return the Content-ID of the inline picture."""
    return f"logo-{letter.message_id}"


def _paragraphs(text: str) -> str:
    return "\n".join(f"<p>{_lines(paragraph)}</p>" for paragraph in text.split("\n\n"))


def _lines(text: str) -> str:
    return escape(text, quote=False).replace("\n", "<br>\n")


def _html_signature(letter: Letter) -> str:
    signature = _signature(letter).removeprefix("-- \n")
    return f'<div class="gmail_signature">--&nbsp;<br>\n{_lines(signature)}</div>' if signature else ""


def _html_quotation(letter: Letter, depth: int) -> str:
    parent = letter.parent
    if not parent or not depth or letter.short:
        return ""
    inner = html(parent, depth - 1).rstrip()
    if letter.author.program == "outlook":
        head = _lines(_outlook_head(parent))
        return f'<hr>\n<div id="divRplyFwdMsg" dir="ltr"><p>{head}</p></div>\n{inner}'
    attribution = f'<div dir="ltr" class="gmail_attr">{_lines(_wrote(letter, parent))}<br></div>'
    quote = f'<blockquote class="gmail_quote" style="margin:0 0 0 .8ex;padding-left:1ex">{inner}</blockquote>'
    return f'<div class="gmail_quote">{attribution}{quote}</div>'
