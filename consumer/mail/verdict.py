"""Whether the mail really comes from whom it says: the verdict of our own receiver (RFC 8601).

Anybody can write an Authentication-Results header.  Only the topmost one that carries our receiver's
own name counts, and it is read, not searched: a comment may hold anything.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from consumer.mail.words import unfold

RECEIVER = "mx.google.com"  # how Gmail names itself
RESULTS = frozenset(
    {"pass", "fail", "softfail", "neutral", "none", "policy", "temperror", "permerror", "bestguesspass"}
)
LONGEST = 8_192  # bytes of one header that are read

TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|\\.|[();]|[^"\\();]+', re.DOTALL)
RESULT = re.compile(r"\s*(spf|dkim|dmarc)(?:\s*/\s*\d+)?\s*=\s*([A-Za-z]+)\s*(.*)", re.IGNORECASE | re.DOTALL)
PROPERTY = re.compile(
    r"(?<![a-z])([a-z]++)\s*\.\s*([A-Za-z0-9_-]+)\s*=\s*(\"[^\"]*\"|[^\s;]+)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the receiver found; "" where it says nothing."""

    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    verified: bool = False  # DMARC passed for the very domain of the author


def read(values: Sequence[bytes], author: str, receiver: str = RECEIVER) -> Verdict:
    """Read Authentication-Results headers, topmost first; *author* is the address the mail claims."""
    for value in values:
        sections = _sections(unfold(value[:LONGEST]).decode("ascii", "replace"))
        if sections and sections[0].split()[:1] == [receiver.lower()]:
            return _verdict([RESULT.fullmatch(one) for one in sections[1:]], author)
    return Verdict()


def _sections(value: str) -> list[str]:
    """Split at the semicolons outside comments and quotes; comments fall away, the first in lower case."""
    sections, depth = [""], 0
    for piece in TOKEN.findall(value):
        if piece == "(":
            depth += 1
        elif piece == ")":
            depth = max(depth - 1, 0)
        elif depth:
            continue
        elif piece == ";":
            sections.append("")
        else:
            sections[-1] += piece
    return [sections[0].strip().lower(), *(one.strip() for one in sections[1:])]


def _verdict(results: Sequence[re.Match[str] | None], author: str) -> Verdict:
    found = dict(_stated(results))
    dmarc, properties = found.get("dmarc", ("", {}))
    domain = author.rpartition("@")[2]
    aligned = bool(domain) and properties.get("header.from", "").strip('"').rstrip(".").lower() == domain
    return Verdict(
        found.get("spf", ("", {}))[0], found.get("dkim", ("", {}))[0], dmarc, dmarc == "pass" and aligned
    )


def _stated(results: Sequence[re.Match[str] | None]) -> Iterator[tuple[str, tuple[str, dict[str, str]]]]:
    """Yield each method's result; of several DKIM signatures one that passed speaks for all."""
    best: dict[str, tuple[str, dict[str, str]]] = {}
    for one in results:
        if one is None or one[2].lower() not in RESULTS:
            continue
        method, result = one[1].lower(), one[2].lower()
        properties = {f"{kind}.{name}".lower(): value for kind, name, value in PROPERTY.findall(one[3])}
        # A second DMARC result contradicts the first: the worse one counts.
        if (
            method not in best
            or (method == "dkim" and result == "pass")
            or (method == "dmarc" and result != "pass")
        ):
            best[method] = (result, properties)
    yield from best.items()
