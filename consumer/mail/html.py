"""Text out of HTML, with a real HTML5 parser: the standard library's takes minutes on hostile input."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from selectolax.lexbor import LexborHTMLParser, LexborNode

from consumer.mail import css

LIMIT = 1024 * 1024  # characters handed to the parser
DEEPEST = 500  # nested elements; mail programs do not go beyond a few dozen
MOST_OPEN = 5_000  # elements open at once; unclosed <p> and <br> count, so this is generous
TAG = re.compile(r"<(/?)(?!(?:br|img|hr|meta|link|input|col|p|li|td|tr|th)\b)[a-zA-Z]", re.IGNORECASE)

DROPPED = frozenset({"script", "style", "head", "title", "template", "noscript", "object", "embed", "svg"})
BLOCKS = frozenset(
    (
        "address article aside blockquote br dd div dl dt fieldset footer form h1 h2 h3 h4 h5 h6 header "
        "hr li main nav ol p pre section table tbody thead tr ul"
    ).split()
)
CELLS = frozenset({"td", "th"})
# Lines of their own where a quotation begins and ends, until its lines are marked; no mail has such lines.
OPEN, CLOSE = "\x0e", "\x0f"
SPACES = re.compile(r"[\s\x0e\x0f]+")
SPACES_IN_LINE = re.compile(r"[^\S\n]+|[\x0e\x0f]+")
BLANKS = re.compile(r"[ \t\u00a0]+")
SAYS = re.compile(r"\w")
DEEPEST_QUOTE = 20


@dataclass(slots=True)
class _Told:
    """What a walk through the tree has found."""

    styles: css.Styles
    out: list[str] = field(default_factory=list)
    hides: bool = False

    def special(self, said: str, seen: int) -> None:
        """Take down a text that is not seen, or whose line ends count."""
        if seen & css.UNSEEN:
            self.hides = self.hides or SAYS.search(said) is not None
        else:
            self.out.append(SPACES_IN_LINE.sub(" ", said))


def text_of(html: str) -> tuple[str, bool]:
    """Return the text a reader of *html* sees, and whether there is text in it nobody sees.

    A line per block, cells apart, no scripts or styles, nothing that a style hides.
    """
    tree = LexborHTMLParser(_shallow(html[:LIMIT]))
    if tree.body is None:
        return "", False
    sheets = (style.text() for style in tree.css("style")) if "<style" in html.lower() else ()
    told = _Told(css.Styles(css.rules(sheets)))
    _walk(tree.body, told)
    text = "".join(told.out)
    lines = (BLANKS.sub(" ", line).strip() for line in text.split("\n"))
    shown = _marked(lines) if OPEN in text else lines
    return re.sub(r"\n{3,}", "\n\n", "\n".join(shown)).strip(), told.hides


def _marked(lines: Iterable[str]) -> Iterator[str]:
    """Mark the lines of quotations as plain text does."""
    depth = 0
    for line in lines:
        if line in {OPEN, CLOSE}:
            depth += 1 if line == OPEN else -1
        else:
            yield f"{'>' * min(depth, DEEPEST_QUOTE)} {line}" if depth > 0 and line else line


def _quotes(node: LexborNode) -> bool:
    """Whether an element holds what the mail answers, as mail programs mark it; others only indent."""
    said = node.attributes
    return (said.get("type") or "").lower() == "cite" or "gmail_quote" in (said.get("class") or "").split()


def _shallow(html: str) -> str:
    """Cut the HTML where more elements are open than any mail has: the parser needs their square in time."""
    if html.count("<") <= MOST_OPEN:
        return html
    opened = 0
    for tag in TAG.finditer(html):
        opened += -1 if tag[1] else 1
        if opened > MOST_OPEN:
            return html[: tag.start()]
        opened = max(opened, 0)
    return html


def _walk(root: LexborNode, told: _Told) -> None:
    """Visit the tree without recursion: its depth is the sender's choice."""
    out = told.out
    todo: list[tuple[LexborNode, bool, int, int]] = [(root, False, 0, 0)]
    while todo:
        node, leaving, depth, seen = todo.pop()
        tag = node.tag or ""
        if tag == "-text":
            if seen:
                told.special(node.text_content or "", seen)
            else:
                out.append(SPACES.sub(" ", node.text_content or ""))
        elif leaving:
            out.append("\n" if tag in BLOCKS else "\t" if tag in CELLS else "")
            if tag == "blockquote" and _quotes(node):
                out.append(f"{CLOSE}\n")
        elif tag not in DROPPED and depth < DEEPEST:
            seen = told.styles.seen(tag, node.attributes, seen)
            if not seen & css.GONE:
                out.append("\n" if tag in BLOCKS else "")
                if tag == "blockquote" and _quotes(node):
                    out.append(f"{OPEN}\n")
                if tag != "br":
                    todo.append((node, True, depth, seen))
            children = reversed(list(node.iter(include_text=True)))
            todo.extend((child, False, depth + 1, seen) for child in children)
