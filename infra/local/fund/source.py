"""A letter as bytes, written the way its author's mail program writes."""

from email.utils import format_datetime

from infra.local.fund import letter as words_of
from infra.local.fund.letter import Letter
from infra.local.fund.mime import (
    CRLF,
    Part,
    file_part,
    fitting,
    mailboxes,
    multipart,
    text_part,
    transfer_for,
    words,
)

PROGRAMS = {
    "outlook": "X-Mailer: Microsoft Outlook 16.0",
    "apple": "X-Mailer: Apple Mail (2.3774.500)",
    "thunderbird": "User-Agent: Mozilla Thunderbird",
    "phone": "X-Mailer: iPhone Mail (21F90)",
    "legacy": "X-Mailer: Becky! ver. 2.81.05 [en]",
}
TEXT_ONLY = ("apple", "thunderbird", "phone", "legacy")


def source(letter: Letter, *, with_bcc: bool) -> bytes:
    """Return the message as its author sent it, without what servers add.

    *with_bcc* is for the author's own copy, the only one that names them.
    """
    body = _body(letter)
    lines = [*_headers(letter, with_bcc=with_bcc), *body.headers]
    return CRLF.join(lines).encode() + b"\r\n\r\n" + body.body + b"\r\n"


def _headers(letter: Letter, *, with_bcc: bool) -> list[str]:
    charset = _charset(letter, letter.subject)
    lines = [
        "MIME-Version: 1.0",
        f"Date: {format_datetime(letter.sent)}",
        f"Message-ID: <{letter.message_id}>",
        f"Subject: {words(letter.subject, charset)}",
        f"From: {mailboxes((letter.author.mailbox,), _charset(letter, letter.author.name))}",
        f"To: {mailboxes(letter.to) if letter.to else 'undisclosed-recipients:;'}",
    ]
    lines += [f"Cc: {mailboxes(letter.cc)}"] if letter.cc else []
    lines += [f"Bcc: {mailboxes(letter.bcc)}"] if with_bcc and letter.bcc else []
    if letter.parent:
        lines.append(f"In-Reply-To: <{letter.parent.message_id}>")
        lines.append("References: " + f"{CRLF} ".join(f"<{one}>" for one in letter.references))
    lines += [PROGRAMS[letter.author.program]] if letter.author.program in PROGRAMS else []
    return [*lines, *letter.extra]


def _charset(letter: Letter, text: str) -> str:
    known, program = letter.language.charsets, letter.author.program
    if program == "outlook":
        return fitting(text, known[:1])
    if program in {"thunderbird", "legacy"}:
        return fitting(text, known[-1:])
    return "utf-8"


def _body(letter: Letter) -> Part:
    """Nest as Gmail does: mixed(related(alternative(text, HTML, invitation), picture), files)."""
    edge = letter.message_id.partition("@")[0][-16:]
    part = multipart("alternative", _alternatives(letter), f"alt_{edge}")
    if letter.logo:
        picture = file_part("logo.png", "image/png", letter.logo, words_of.logo_id(letter))
        part = multipart("related", (part, picture), f"rel_{edge}")
    files = [file_part(file.name, file.media_type, file.content) for file in letter.files]
    if letter.meeting:
        files.append(file_part("invite.ics", "application/ics", letter.meeting))
    return multipart("mixed", (part, *files), f"mix_{edge}")


def _alternatives(letter: Letter) -> list[Part]:
    program = letter.author.program
    plain, html = _plain(letter), _html(letter)
    if program == "bulk":
        return [html]
    # An inline picture needs HTML to be in.
    parts = [plain] if program in TEXT_ONLY and not letter.logo else [plain, html]
    if letter.meeting:
        parts.append(text_part(letter.meeting.decode(), "utf-8", "base64", "calendar", "; method=REQUEST"))
    return parts


def _plain(letter: Letter) -> Part:
    text, program = words_of.plain(letter), letter.author.program
    charset = _charset(letter, text)
    if charset == "iso-2022-jp":
        return text_part(text, charset, "7bit")  # its escape sequences are ASCII by design
    if program == "thunderbird":
        return text_part(text, charset, "8bit", extra="; format=flowed")
    return text_part(text, charset, transfer_for(text))


def _html(letter: Letter) -> Part:
    text = f"<html><body>\n{words_of.html(letter)}</body></html>\n"
    return text_part(text, _charset(letter, text), transfer_for(text), "html")
