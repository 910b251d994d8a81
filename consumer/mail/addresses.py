"""Addresses out of headers: one strict reader for the author, one tolerant reader for everybody else.

The standard library's readers are not used: for `contact@known.example <x@attacker.example>` they
answer the first address, and every mail program shows a person the second.
"""

import re
from collections.abc import Iterator

from consumer.mail.message import Participant, Role
from consumer.mail.text import clean, one_line
from consumer.mail.words import decoded, unfold

MOST = 1_000
LISTED: dict[str, Role] = {"sender": "sender", "reply-to": "reply_to", "to": "to", "cc": "cc", "bcc": "bcc"}
LONGEST = 320  # characters: 64 before the @ and 255 after it

ATOM = r"[^\s<>()\[\],;:@\"\\\x00-\x20\x7f]+"
LOCAL = rf'(?:{ATOM}|"(?:[^"\\\r\n]|\\.){{1,62}}")'
DOMAIN = r"[^\s<>()\[\],;:@\"\\\x00-\x20\x7f]+"
ADDRESS = re.compile(rf"({LOCAL})@({DOMAIN})")
LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"?|\\.|[()<>,;:]|[^"\\()<>,;:]+', re.DOTALL)


def normal(address: str) -> str | None:
    """Return an addr-spec in the form everything is compared in, or None when it is none.

    Case-folded; the domain in its ASCII (IDNA) form.
    """
    local, _, domain = address.rpartition("@")
    ascii_domain = _ascii_domain(domain.rstrip("."))
    if ascii_domain is None or len(address) > LONGEST or not re.fullmatch(LOCAL, local):
        return None
    local = clean(local).casefold()
    return f"{local}@{ascii_domain}" if local.strip() else None


def _ascii_domain(domain: str) -> str | None:
    try:
        name = domain.casefold() if domain.isascii() else domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None
    labels = name.split(".")
    return name if all(LABEL.fullmatch(label) for label in labels) else None


def author(values: list[bytes]) -> tuple[Participant | None, str | None]:
    """Read the one From header: (the author, None), or (None, the defect that says why not).

    Exactly one header with exactly one mailbox; the address is what stands in the last angle
    brackets, and nothing else may look like a second one outside quotes.
    """
    if not values:
        return None, "author-missing"
    if len(values) > 1:
        return None, "from-repeated"
    raw = unfold(values[0]).decode("utf-8", "replace")
    mailboxes = [box for box in _mailboxes(raw) if box[1]]
    if len(mailboxes) != 1:
        return None, "author-ambiguous"
    name, spec = mailboxes[0]
    found = ADDRESS.findall(spec)
    if (
        not name and len(found) == 1 and spec.count("@") == 1
    ):  # "Ada Lindqvist ada@lp.example": one reading only
        spec = "@".join(found[0])
    address = _one_address(spec)
    if address is None or _another(name, spec):
        return None, "author-ambiguous"
    return Participant("from", address, _name(name)), None


def _one_address(spec: str) -> str | None:
    found = ADDRESS.fullmatch(spec.strip())
    return normal(f"{found[1]}@{found[2]}") if found and "=?" not in spec else None


def _another(name: str, spec: str) -> bool:
    """Whether an unquoted second address stands beside the one in brackets."""
    unquoted = re.sub(r'"(?:[^"\\]|\\.)*"', " ", name)
    return any(
        f"{local}@{domain}".casefold() != spec.strip().casefold()
        for local, domain in ADDRESS.findall(unquoted)
    )


def people(value: str, role: Role, most: int = MOST) -> Iterator[Participant]:
    """Yield everybody a To, Cc, Bcc, Reply-To or Sender header names; tolerant, in linear time.

    *value* has its encoded words still in place, so that a comma inside one cannot split a name.
    """
    for count, (name, spec) in enumerate(_mailboxes(value)):
        if count >= most:
            return
        found = ADDRESS.search(spec) or ADDRESS.search(name)
        address = normal(f"{found[1]}@{found[2]}") if found else None
        if address:
            yield Participant(role, address, _name(name))


def _name(name: str) -> str:
    unquoted = re.sub(r'"((?:[^"\\]|\\.)*)"?', lambda quoted: re.sub(r"\\(.)", r"\1", quoted[1]), name)
    return one_line(decoded(unquoted.encode("utf-8", "replace")))[:200]


def _mailboxes(value: str) -> Iterator[tuple[str, str]]:
    """Split a header into (display name, address text), one pair per mailbox; comments are dropped.

    Without angle brackets the whole text is the address.  A group's name and its closing ";" fall away.
    """
    name, spec, depth = list[str](), None, 0
    for piece in TOKEN.findall(value):
        if piece == "(" or depth:
            depth += {"(": 1, ")": -1}.get(piece, 0)
        elif piece == "<":
            spec = ""
        elif piece == ">" and spec is not None:
            name, spec = _closed(name, spec)
        elif piece in ",;" or (piece == ":" and spec is None):
            if piece != ":":
                yield from _pair(name, spec)
            name, spec = [], None
        elif spec is not None and not spec.startswith("\0"):
            spec += piece
        else:
            name.append(piece)
    yield from _pair(name, spec)


def _closed(name: list[str], spec: str) -> tuple[list[str], str]:
    """Mark the bracket as closed: text after it belongs to the name, a later bracket replaces it."""
    return name, "\0" + spec.lstrip("\0")


def _pair(name: list[str], spec: str | None) -> Iterator[tuple[str, str]]:
    text = "".join(name).strip()
    if spec is None:
        if text:
            yield "", text
    else:
        yield text, spec.lstrip("\0").strip()
