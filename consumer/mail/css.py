"""What the styles of an HTML mail say about its text: is it seen at all, and do its lines stand.

Only what mail programs apply: style attributes, and plain class and id rules of its style elements
(what a rule says for some screens only is left out).  A style meant for Outlook alone (mso-hide)
hides nothing from anybody else.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import reduce
from itertools import chain, islice
from operator import and_, or_

# What holds for an element, and for what is in it until something else is said there.
LINES = 1  # line ends in the text are line ends
TINY = 2  # of no size
GHOST = 4  # invisible
GONE = 8  # no box at all; nothing inside can take this back
UNSEEN = TINY | GHOST | GONE
ALL = LINES | UNSEEN

MOST_RULES = 2_000
LONGEST_RULE = 200  # characters of what counts in one
MOST_CLASSES = 5  # of one element
LONGEST = 4_000  # characters of one style
MOST_KNOWN, LONGEST_KNOWN = 1_000, 2_000  # styles remembered, and their characters
KEPT_LINES = frozenset({"pre", "pre-wrap", "pre-line", "break-spaces"})
PREFORMATTED = frozenset({"pre", "listing", "xmp", "plaintext", "textarea"})
COMMENT = re.compile(r"/\*.*?(?:\*/|\Z)|<!--|-->", re.DOTALL)
PIECE = re.compile(r"[{};]|[^{};]+")
COUNTS = re.compile(
    r"\s*(?:display|visibility|opacity|white-space|overflow|font|font-size|(?:max-)?(?:height|width))\s*:",
    re.IGNORECASE,
)
SELECTOR = re.compile(r"[a-z0-9]*[.#][\w-]+", re.IGNORECASE)
NOTHING = re.compile(r"[+-]?0*+(?:\.0*+)?(?:[a-z]+|%)?")
SPECK = re.compile(r"\+?0*(?:1(?:\.0*)?|\.\d+|0\.\d+)(?:px|pt)")  # nobody reads a letter of one pixel
RELATIVE = re.compile(r"[\d.]+(?:em|ex|ch|%)|smaller|larger|inherit|unset|")
SHORT_FONT = re.compile(r"(?:^|\s)([\d.]+(?:[a-z]+|%)?)(?:/|\s)")

Attributes = Mapping[str, str | None]
Effect = tuple[int, int]  # what of it stays, and what comes to it


def rules(sheets: Iterable[str]) -> dict[str, str]:
    """Return what plain selectors (".preheader", "div.preheader", "#top") declare of what counts here."""
    found = dict[str, str]()
    for selectors, declarations in islice(chain.from_iterable(map(_rules, sheets)), MOST_RULES):
        counts = ";".join(one.strip() for one in declarations.split(";") if COUNTS.match(one))[-LONGEST_RULE:]
        for selector in map(str.strip, selectors.split(",") if counts else ()):
            if SELECTOR.fullmatch(selector):
                found[selector] = f"{found.get(selector, '')};{counts}"[-LONGEST_RULE:]
    return found


def _rules(sheet: str) -> Iterator[tuple[str, str]]:
    """Yield selectors and declarations of the outermost rules; @media and its like are passed over."""
    depth, selectors, said = 0, "", list[str]()
    for piece in PIECE.findall(COMMENT.sub("", sheet)):
        if piece == "{":
            depth += 1
            if depth == 1:
                selectors, said = "".join(said), []
        elif piece == "}":
            depth = max(depth - 1, 0)
            if depth == 0:
                if not selectors.lstrip().startswith("@"):
                    yield selectors, "".join(said)
                selectors, said = "", []
        elif piece == ";" and depth == 0:  # @import and its like
            said = []
        elif depth <= 1:
            said.append(piece)


@dataclass(slots=True)
class Styles:
    """The styles of one mail: its sheets' rules, and what each style in it has been found to do."""

    sheet: Mapping[str, str]
    _known: dict[str, Effect] = field(default_factory=dict)

    def seen(self, tag: str, said: Attributes, around: int) -> int:
        """Return what holds for an element with the attributes *said*, given what holds *around* it."""
        now = around | LINES if tag in PREFORMATTED else around
        if not said or now & GONE:
            return now
        if tag == "font" and said.get("size"):
            now &= ~TINY
        style = said.get("style") or ""
        if self.sheet:
            style = ";".join((*_applied(tag, said, self.sheet), style))
        if "hidden" in said:
            style = f"display:none;{style}"
        if not style:
            return now
        kept, added = self._known.get(style) or self._found(style)
        return now & kept | added

    def _found(self, style: str) -> Effect:
        effect = _effect(_declared(style))
        if (
            len(style) <= LONGEST_KNOWN and len(self._known) < MOST_KNOWN
        ):  # mails say the same a hundred times
            self._known[style] = effect
        return effect


def _applied(tag: str, said: Attributes, sheet: Mapping[str, str]) -> Iterator[str]:
    names = [f".{name}" for name in (said.get("class") or "")[:LONGEST].split()[:MOST_CLASSES]]
    for name in [*names, f"#{said.get('id')}"]:
        yield from (sheet[key] for key in (name, tag + name) if key in sheet)


def _declared(style: str) -> dict[str, str]:
    """Return property and value, in lower case; the last counts, and an important one before others."""
    plain, important = dict[str, str](), dict[str, str]()
    for declaration in COMMENT.sub("", style[:LONGEST]).lower().split(";"):
        name, _, value = declaration.partition(":")
        value, mark, _ = value.partition("!")
        (important if mark else plain)[name.strip()] = value.strip()
    return plain | important


def _effect(declared: Mapping[str, str]) -> Effect:
    if _gone(declared):
        return ALL, GONE
    effects = (_of_space(declared), _of_visibility(declared), _of_size(declared))
    return (
        reduce(and_, (kept for kept, _ in effects)),
        reduce(or_, (added for _, added in effects)),
    )


def _gone(declared: Mapping[str, str]) -> bool:
    if declared.get("display") == "none" or _is_nothing(declared.get("opacity")):
        return True
    flat = any(_is_nothing(declared.get(name)) for name in ("max-height", "height", "max-width", "width"))
    return flat and declared.get("overflow", "") in {"hidden", "clip"}


def _is_nothing(value: str | None) -> bool:
    return bool(value and NOTHING.fullmatch(value) and "0" in value)


def _of_space(declared: Mapping[str, str]) -> Effect:
    space = declared.get("white-space", "inherit")
    return (ALL, 0) if space == "inherit" else (ALL & ~LINES, LINES if space in KEPT_LINES else 0)


def _of_visibility(declared: Mapping[str, str]) -> Effect:
    visibility = declared.get("visibility")
    if visibility in {"hidden", "collapse"}:
        return ALL, GHOST
    return (ALL & ~GHOST, 0) if visibility == "visible" else (ALL, 0)


def _of_size(declared: Mapping[str, str]) -> Effect:
    size = declared.get("font-size", "")
    if not size and (short := SHORT_FONT.search(declared.get("font", ""))):
        size = short[1]
    if size and (_is_nothing(size) or SPECK.fullmatch(size)):
        return ALL, TINY
    return (ALL, 0) if RELATIVE.fullmatch(size) else (ALL & ~TINY, 0)
