"""Text out of HTML, with a real HTML5 parser: the standard library's takes minutes on hostile input."""

import re

from selectolax.lexbor import LexborHTMLParser, LexborNode

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


def text_of(html: str) -> str:
    """Return the text a reader of *html* sees: a line per block, cells apart, no scripts or styles."""
    tree = LexborHTMLParser(_shallow(html[:LIMIT]))
    if tree.body is None:
        return ""
    out: list[str] = []
    _walk(tree.body, out)
    lines = (re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in "".join(out).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


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


def _walk(root: LexborNode, out: list[str]) -> None:
    """Visit the tree without recursion: its depth is the sender's choice."""
    todo: list[tuple[LexborNode, bool, int]] = [(root, False, 0)]
    while todo:
        node, leaving, depth = todo.pop()
        tag = node.tag or ""
        if tag == "-text":
            out.append(re.sub(r"\s+", " ", node.text_content or ""))
        elif leaving:
            out.append("\n" if tag in BLOCKS else "\t" if tag in CELLS else "")
        elif tag not in DROPPED and depth < DEEPEST:
            out.append("\n" if tag in BLOCKS else "")
            if tag != "br":
                todo.append((node, True, depth))
            todo.extend((child, False, depth + 1) for child in reversed(list(node.iter(include_text=True))))
