"""Addresses out of headers: one strict reader for the author, one tolerant reader for everybody else.

The standard library's readers are not used: for `contact@known.example <x@attacker.example>` they
answer the first address, and every mail program shows a person the second.
"""

import re
from collections.abc import Iterator, Sequence

from consumer.mail import international
from consumer.mail.message import Participant, Role
from consumer.mail.text import clean, one_line
from consumer.mail.words import decoded, unfold

MOST = 1_000
LISTED: dict[str, Role] = {"sender": "sender", "reply-to": "reply_to", "to": "to", "cc": "cc", "bcc": "bcc"}
LONGEST_NAME = 200
LONGEST = 320  # characters: 64 before the @ and 255 after it

CHARACTER = r"[^\s<>()\[\],;:@\"\\\x00-\x20\x7f]"
# Begins only where no such character stands before: 64 KB of "aaaa" would take their square in time.
LOCAL = rf'(?:(?<!{CHARACTER})(?<!@){CHARACTER}+|"(?:[^"\\\r\n]|\\.){{1,62}}")'
DOMAIN = rf"{CHARACTER}++(?!@)"  # a@b@c is none
ADDRESS = re.compile(rf"({LOCAL})@({DOMAIN})")
SHARP = re.compile("[ßẞ]")  # a letter of its own in domains, though not where a local part is folded
DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+")
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
# A quoted string; the local part of an address, which stays, is passed over up to its closing quote, so
# that no quote inside it is tried once more.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*+(?:"?+(?!@)|(?P<local>(?="@)))', re.DOTALL)
BESIDE_QUOTED = re.compile(r"[^\s\0]\0|\0[^\s]")  # a quoted string, here \0, that is no word of its own
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|[()<>,;:]|[^"\\()<>,;:]+', re.DOTALL)


def normal(address: str) -> str | None:
    """Return an addr-spec in the form everything is compared in, or None when it is none.

    Case-folded; no quotes that say nothing; the domain in its ASCII (IDNA) form.  What cleaning would
    change, or looks like an encoded word, is no address: it would turn into another one on the way to
    the reader.
    """
    local, _, domain = address.rpartition("@")
    if domain.endswith("'"):  # 'ada@lp.example', as some programs write what they have no name for
        local, domain = local.removeprefix("'"), domain.rstrip("'")
    if any(one.casefold().isascii() for one in local + SHARP.sub("", domain) if not one.isascii()):
        return None  # a long s, a Kelvin sign: folded, it would be somebody else's address
    if len(address) > LONGEST or "=?" in local or clean(local) != local or not re.fullmatch(LOCAL, local):
        return None
    local, ascii_domain = unquoted(local), _ascii_domain(domain.rstrip("."))
    return f"{local.casefold()}@{ascii_domain}" if ascii_domain and local.strip('" ') else None


def unquoted(local: str) -> str:
    """Return a local part without its quotes where they change nothing: "ada.l" is ada.l."""
    inside = re.sub(r"\\(.)", r"\1", local[1:-1]) if local.startswith('"') else ""
    return inside if DOT_ATOM.fullmatch(inside) else local


def _ascii_domain(domain: str) -> str | None:
    """Return the ASCII form, or None where it is read back as another name (wide letters, odd dots)."""
    name = domain.lower()
    if not domain.isascii():
        encoded = international.ascii_of(name)
        if encoded is None or international.unicode_of(encoded) != name:
            return None
        name = encoded
    labels = name.split(".")
    return name if all(LABEL.fullmatch(label) for label in labels) else None


def legible(value: bytes) -> str:
    """Return a raw header as text to take apart.  Where it is no UTF-8, odd bytes stay one character each.

    So the charset a mail claims can change how a name reads, never where an address begins.
    """
    unfolded = unfold(value)
    try:
        return unfolded.decode("utf-8")
    except UnicodeDecodeError:
        return unfolded.decode("ascii", "surrogateescape")


def author(values: list[bytes], charset: str = "") -> tuple[Participant | None, str | None]:
    """Read the one From header: (the author, None), or (None, the defect that says why not).

    Exactly one header with exactly one mailbox; the address is what stands in the last angle
    brackets, and nothing else may look like a second one outside quotes.
    """
    if not values:
        return None, "author-missing"
    if len(values) > 1:
        return None, "from-repeated"
    # Without an @ it is a piece of a name with a bare comma in it: "Lindqvist, Ada <ada@lp.example>".
    mailboxes = [box for box in _mailboxes(legible(values[0])) if "@" in _text(f"{box[0] or ''} {box[1]}")]
    if len(mailboxes) != 1:
        return None, "author-ambiguous"
    name, spec = mailboxes[0]
    address = _one_address(_unlabelled(spec) if name is None else spec)
    if address is None or _another(name or "", spec):
        return None, "author-ambiguous"
    return Participant("from", address, _name(name or "", charset)), None


def _one_address(spec: str) -> str | None:
    found = ADDRESS.fullmatch(spec.strip())
    return normal(f"{found[1]}@{found[2]}") if found and "=?" not in spec else None


def _unlabelled(spec: str) -> str:
    """Reduce `Ada Lindqvist ada@lp.example` to its address where there is one reading only."""
    unquoted = _without_quoted(spec, "\0")
    found = list(ADDRESS.finditer(unquoted))
    alone = len(found) == 1 and spec.count("@") == 1 and "=?" not in spec and spec.count('"') % 2 == 0
    # con"ta"ct@known.example and contact@known .example: a piece of what others read as one address.
    if not alone or BESIDE_QUOTED.search(unquoted) or "." in unquoted[found[0].end() - 1 :]:
        return spec
    return found[0][0]


def _another(name: str, spec: str) -> bool:
    """Whether an unquoted second address stands beside the one in brackets."""
    return any(
        f"{local}@{domain}".casefold() != spec.strip().casefold()
        for local, domain in ADDRESS.findall(_without_quoted(name, " "))
    )


def _without_quoted(text: str, instead: str) -> str:
    return QUOTED.sub(lambda found: instead if found["local"] is None else found[0], text)


def people(value: str, role: Role, charset: str = "", most: int = MOST) -> Iterator[Participant]:
    """Yield everybody a To, Cc, Bcc, Reply-To or Sender header names; tolerant, in linear time.

    *value* is legible(), its encoded words still in place, so that a comma inside one cannot split a
    name.  A display name is never searched for an address; text without brackets may hold several.
    """
    for count, (name, spec) in enumerate(_mailboxes(value, tolerant=True)):
        if count >= most:
            return
        found = ADDRESS.findall(spec)
        for local, domain in found[: most if name is None else 1]:
            address = normal(f"{local}@{domain}")
            if address:
                yield Participant(role, address, _name(name or "", charset))


def _name(name: str, charset: str = "") -> str:
    unquoted = re.sub(r'"((?:[^"\\]|\\.)*)"?', lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), name)
    return _text(unquoted, charset)[:LONGEST_NAME]


def _text(raw: str, charset: str = "") -> str:
    return one_line(decoded(raw.encode("utf-8", "surrogateescape"), charset))


def _mailboxes(value: str, *, tolerant: bool = False) -> Iterator[tuple[str | None, str]]:
    """Split a header into (display name, address text), one pair per mailbox; comments are dropped.

    Without angle brackets the whole text is the address, and the name is None.  A group's name and
    its closing ";" fall away.  *tolerant*, a comment that is never closed is text, and every pair of
    brackets is a mailbox, though the comma before it is missing.
    """
    name, spec, depth, closed = list[str](), "", 0, None
    pieces: list[str] = TOKEN.findall(value)
    never_closed = _never_closed(pieces) if tolerant else frozenset[int]()
    for number, piece in enumerate(pieces):
        if (piece == "(" and number not in never_closed) or depth:
            depth += (piece == "(" and number not in never_closed) - (piece == ")")
            continue
        if piece == "<" and closed and tolerant:
            yield from _pair(name, spec, closed)
            name, spec, closed = [], "", False
        elif piece == "<":  # a later bracket replaces an earlier one, which then is text like any other
            name.append(spec)
            spec, closed = "", False
        elif piece == ">" and closed is False:
            closed = True
        elif piece in {",", ";"} or (piece == ":" and closed is None):
            if piece != ":" or "@" in "".join(name):  # a group's name is no address
                yield from _pair(name, spec, closed)
            name, spec, closed = [], "", None
        elif closed is False:
            spec += piece
        else:
            name.append(piece)
    yield from _pair(name, spec, closed)


def _never_closed(pieces: Sequence[str]) -> frozenset[int]:
    """Return which opening parentheses have no closing one, by position."""
    opened: list[int] = []
    for number, piece in enumerate(pieces):
        if piece == "(":
            opened.append(number)
        elif piece == ")" and opened:
            opened.pop()
    return frozenset(opened)


def _pair(name: list[str], spec: str, closed: bool | None) -> Iterator[tuple[str | None, str]]:
    """Yield the mailbox read so far, if any; *closed* is None where there was no bracket."""
    text = "".join(name).strip()
    if closed is not None:
        yield text, spec.strip()
    elif text:
        yield None, text
