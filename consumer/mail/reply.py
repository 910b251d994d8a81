"""The new part of a reply, apart from what it quotes and from its signature.  Linear in time.

Line by line: `>` marks a quotation; an introduction ("On Tuesday Ada wrote:", "-----Original
Message-----", Outlook's From/Sent/To/Subject) begins one.  After an introduction, text goes on being
new only where the quotation itself is marked with `>`: otherwise everything below is quoted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from consumer.mail.reply_words import (
    BEGIN,
    FIELDS,
    MEANWHILE,
    NAME_FOLLOWS,
    ON,
    ORIGINAL,
    OURSELVES,
    SAID,
    WROTE,
    WROTE_WITHIN,
)
from consumer.mail.signature import signature_at

MOST_LINES = 20_000
LONGEST_LINE = 300  # characters of a line that may introduce a quotation
LAST_WORD = 20  # characters
INTRODUCTION_LINES = 4  # over which "On ... wrote:" may be folded
HEAD_LINES = 10

QUOTED = re.compile(r"\s{0,3}>")
# A rule, and what makes it bold where a wide gap sets that apart; each character is tried once or twice.
DASHES = re.compile(r"\s*+(?:[*_]++\s{2,}+)?(?:[-_=*‐‑]\s?+){5,}+\s*+[*_]*+\s*+")
ORIGINAL_LINE = re.compile(rf"\s*[-_‐-―−]{{2,}}\s*(?:{ORIGINAL})\s*+:?\s*+[-_‐-―−]{{2,}}\s*", re.IGNORECASE)
BEGIN_LINE = re.compile(rf"\s*+(?:{BEGIN})\s*[:：]\s*", re.IGNORECASE)
FIELD = re.compile(
    r"\s*+[*_]{0,2}(?:"
    + "|".join(f"(?P<{kind}>{words})" for kind, words in FIELDS.items())
    + r")\s?[*_]{0,2}[:：]",
    re.IGNORECASE,
)

LETTERS = re.compile(r"[^\W\d_]+")
ADDRESS = re.compile(r"[^\s<>@]@[^\s<>@]")
MOMENT = re.compile(
    r"\d{1,2}[:.h]\d{2}|\b(?:19|20)\d\d\b|(?:19|20)\d\d年|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}|\d{1,2}월"
)
CLOCK = re.compile(r"\d{1,2}[:.h]\d{2}")
ENDS_WITH_ADDRESS = re.compile(r"[<(\[][^\s<>()\[\]@]+@[^\s<>()\[\]@]+[>)\]]\W{0,20}\Z")
# Beside the verb, what does not tell who or when: an address, a remark in brackets.
ASIDE = re.compile(r"<[^<>]*>|\([^()]{0,80}\)|\[[^\[\]]*\]|(?<!\S)\S*@\S*")
GOES_ON = re.compile(r"[:：]\s+\S")
LOWER = re.compile(r"(?<![^\W_])[a-zà-öø-ÿ]{3,}(?![^\W_])")
WHEN = re.compile(r"\s+(?:on|at|in (?:message|article|news)|le|el|il|em|am|den)\b", re.IGNORECASE)
OPENS = re.compile(rf"\W{{0,3}}(?:(?:{ON})\b|\d|<|\S+@|[^\s]+ <)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a text itself says; either may be empty."""

    own: str  # without what it quotes
    new: str  # without its signature too


def split(text: str) -> Reply:
    """Tell what is new in *text* from its signature and from what it quotes."""
    lines = text.split("\n")
    quoted = _quoted([line.rstrip() for line in lines[:MOST_LINES]])
    if len(lines) > MOST_LINES and quoted and max(quoted) == MOST_LINES - 1:
        lines = lines[:MOST_LINES]  # a quotation goes on to the end
    kept = "\n".join(line for number, line in enumerate(lines) if number not in quoted)
    # Between two answers stood a question, and only its place is left.
    own = re.sub(r"\n(?:[ \t]*\n){3,}", "\n\n\n", kept).strip("\n").rstrip()
    return Reply(own, _unsigned(own))


def _unsigned(text: str) -> str:
    """Take off the signature, and the one above it: a list's footer stands under its author's name."""
    for _ in range(3):
        end = signature_at(text)
        if end == len(text):
            break
        text = text[:end].rstrip()
    return text


def _quoted(lines: Sequence[str]) -> set[int]:
    """Return the numbers of the lines that quote or introduce a quotation."""
    found, number = set[int](), 0
    while number < len(lines):
        after = _introduced(lines, number)
        if after:
            found |= set(range(_above(lines, number), after))
            following = next((n for n in range(after, len(lines)) if lines[n]), len(lines))
            marked = following < len(lines) and QUOTED.match(lines[following])
            # "Ada wrote:" over everything, and no mark anywhere: the quotation was cut out, not the answer.
            if not marked and (_is_head(lines, number) or any(lines[:number])):
                return found | set(range(after, len(lines)))
            number = following
        elif QUOTED.match(lines[number]):
            found.add(number)
            number += 1
        else:
            number += 1
    return found


def _introduced(lines: Sequence[str], number: int) -> int:
    """Return the number of the line after an introduction that begins at *number*, or 0."""
    line = lines[number]
    if not line or len(line) > LONGEST_LINE:
        return 0
    if ORIGINAL_LINE.fullmatch(line) or BEGIN_LINE.fullmatch(line):
        return _past_head(lines, number + 1)
    head = _head(lines, number)
    return head or _attribution(lines, number)


def _is_head(lines: Sequence[str], number: int) -> bool:
    line = lines[number]
    return bool(ORIGINAL_LINE.fullmatch(line) or BEGIN_LINE.fullmatch(line) or _head(lines, number))


def _past_head(lines: Sequence[str], number: int) -> int:
    below = next((n for n in range(number, min(number + 3, len(lines))) if lines[n]), None)
    return (_head(lines, below) if below else 0) or number


def _head(lines: Sequence[str], number: int) -> int:
    """Return the line after a From/Sent/To/Subject block that begins at *number*, or 0."""
    if QUOTED.match(lines[number]) or not FIELD.match(lines[number]):
        return 0
    said, kind, last = dict[str, str](), "", number
    for n in range(number, min(number + HEAD_LINES, len(lines))):
        field = FIELD.match(lines[n])
        if field:
            kind, last = str(field.lastgroup), n
        elif n - last > 1:  # an address list may fold once
            break
        said[kind] = said.get(kind, "") + lines[n]
    return last + 1 if _heads_a_mail(said) else 0


def _heads_a_mail(said: Mapping[str, str]) -> bool:
    """Whether fields are those of a mail, and no timetable ("From: 1 March", "To: 31 March", "Date: ...")."""
    if "from" not in said or len(said.keys() & {"date", "to", "subject"}) < 2:  # noqa: PLR2004
        return False
    if ADDRESS.search(said["from"]):
        return True
    return "subject" in said and ("date" in said or any(map(ADDRESS.search, said.values())))


def _attribution(lines: Sequence[str], number: int) -> int:
    """Return the line after "On ... wrote:", which may be folded, or 0."""
    folds = INTRODUCTION_LINES if OPENS.match(lines[number]) or MOMENT.search(lines[number]) else 1
    for last, joined in _folded(lines, number, folds):
        verb = _wrote(joined)
        colon = joined.endswith((":", "："))
        ends = colon or (verb and _wrote(joined[-LAST_WORD:]))
        if ends and _attributes(joined, verb, lines, last + 1):
            return last + 1
        if colon:  # it ends here, and is something else
            return 0
    return 0


def _wrote(text: str) -> bool:
    """Whether somebody is said to have written.  A set of words: a regex of them all would be slow here."""
    folded = text.casefold()
    return not WROTE.isdisjoint(LETTERS.findall(folded)) or any(word in folded for word in WROTE_WITHIN)


def _folded(lines: Sequence[str], number: int, folds: int) -> Iterator[tuple[int, str]]:
    joined = ""
    for n in range(number, min(number + folds, len(lines))):
        if not lines[n] or len(lines[n]) > LONGEST_LINE or QUOTED.match(lines[n]):
            return
        joined = f"{joined} {lines[n].strip()}".strip()
        yield n, joined


def _attributes(joined: str, verb: bool, lines: Sequence[str], after: int) -> bool:
    """Whether the line says who wrote, or when: with a verb either will do, without one both are needed."""
    address, moment, opens = ADDRESS.search(joined), MOMENT.search(joined), OPENS.match(joined)
    marked = next((QUOTED.match(line) for line in lines[after : after + 3] if line), None)
    if (address and moment and (verb or opens)) or (opens and verb and (address or moment)):
        return bool(marked or (_introduces(joined) if verb else _stamped(joined)))
    said = not SAID.isdisjoint(LETTERS.findall(joined[-LAST_WORD:].casefold()))
    return bool(marked and (verb or said or (address and moment)))


def _stamped(joined: str) -> bool:
    """Whether a line without a verb is a time and then an address, as some programs introduce a quotation."""
    return bool(CLOCK.search(joined) and ENDS_WITH_ADDRESS.search(joined))


def _introduces(joined: str) -> bool:
    """Whether "wrote" ends what the line says, and is not said of the writer: else it tells a story."""
    words = [(word[0].casefold(), word.end()) for word in LETTERS.finditer(joined)]
    at = max((n for n, (word, _) in enumerate(words) if word in WROTE), default=None)
    if at is None:  # written without spaces
        return True
    before = [word for word, _ in words[max(at - 2, 0) : at] if word not in MEANWHILE][-1:]
    beside = [*before, *(word for word, _ in words[at + 1 : at + 2])]
    rest = ASIDE.sub("", joined[words[at][1] :])
    if not OURSELVES.isdisjoint(beside) or GOES_ON.search(rest):
        return False
    if words[at][0] in NAME_FOLLOWS:
        return len(LOWER.findall(rest)) <= 2  # noqa: PLR2004 - "van der", "den 3 mars"
    return not LETTERS.search(rest) or bool(WHEN.match(rest) and len(LOWER.findall(rest)) <= 1)


def _above(lines: Sequence[str], number: int) -> int:
    """Return where the rule above an introduction begins, if there is one."""
    above = number
    while above and not lines[above - 1]:
        above -= 1
    return above - 1 if above and DASHES.fullmatch(lines[above - 1]) else number
