"""The MIME tree of a raw message as flat leaves: position, headers, decoded bytes.  Tolerant of anything.

Values are read here, as bytes, and never by name look-up: that would cost the square of the number
of headers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from consumer.mail import head, transfer
from consumer.mail.build import DEEPEST, MOST_PARTS, Part, build, media_type
from consumer.mail.text import known
from consumer.mail.words import parameters

Branch = tuple[str, int]  # an alternative's part_id, and which of its versions


@dataclass(slots=True)
class Leaf:
    """One part without parts of its own (an attached message is one leaf)."""

    part_id: str  # "" for the root, "0.1" for the second child of the first
    media_type: str
    type_parameters: dict[str, str]
    disposition: str  # "attachment", "inline" or ""
    filename: str
    content_id: str
    content: bytes
    related: bool = False  # inside a multipart/related
    branch: Branch | None = None  # of the outermost multipart/alternative around it


@dataclass(slots=True)
class Tree:
    """A message taken apart."""

    headers: list[tuple[str, bytes]]  # names in lower case, in message order
    leaves: list[Leaf]
    defects: set[str] = field(default_factory=set)
    charset: str = ""  # of the first text part that names one: headers may be in it without saying so


def take_apart(raw: bytes) -> Tree:
    """Read the structure of *raw*."""
    tree = Tree([], [])
    readable, broken = head.readable(raw)
    if broken:
        tree.defects.add("structure-broken")
    root = build(readable)
    tree.headers = _headers(root, tree)
    found = list(islice(_leaves(root, tree), MOST_PARTS + 1))
    if len(found) > MOST_PARTS:
        tree.defects.add("part-limit")
    tree.charset = _charset(found)
    tree.leaves = [_leaf(one, tree) for one in found[:MOST_PARTS]]
    return tree


def _headers(part: Part, tree: Tree) -> list[tuple[str, bytes]]:
    return list(head.limited(part.headers, tree.defects))


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the tree a part stands."""

    part_id: str = ""
    related: bool = False
    branch: Branch | None = None

    def child(self, number: int, media_type: str) -> "Place":
        """Return the place of child *number*, this being a multipart of *media_type*."""
        chosen = (self.part_id, number) if media_type == "multipart/alternative" else None
        return Place(
            f"{self.part_id}.{number}" if self.part_id else str(number),
            self.related or media_type == "multipart/related",
            self.branch or chosen,
        )


@dataclass(frozen=True, slots=True)
class _Found:
    """A leaf before its bytes are decoded."""

    part: Part
    place: Place
    headers: dict[str, bytes]
    media_type: str


def _charset(found: Sequence[_Found]) -> str:
    named = (
        parameters(one.headers.get("content-type", b"")).get("charset", "")
        for one in found
        if one.media_type.startswith("text/")
    )
    return next((name for name in named if known(name)), "")


def _leaf(one: _Found, tree: Tree) -> Leaf:
    encoding = one.headers.get("content-transfer-encoding", b"")
    content = transfer.decoded(one.part.written, encoding, tree.defects)
    return leaf_of(one.place, one.headers, one.media_type, content, tree.charset)


def _leaves(root: Part, tree: Tree) -> Iterator[_Found]:
    todo = [(root, Place())]
    while todo:
        part, place = todo.pop()
        if part.broken:
            tree.defects.add("structure-broken")
        headers = dict(reversed(_headers(part, tree)))
        # The default is text, and in a digest a message.
        declared = media_type(headers.get("content-type", part.default_type))
        if part.children is not None:
            children = [(child, place.child(n, declared)) for n, child in enumerate(part.children)]
            todo.extend(reversed(children))
            continue
        if part.depth >= DEEPEST:
            tree.defects.add("depth-limit")
        yield _Found(part, place, headers, declared)


def leaf_of(
    place: Place, headers: dict[str, bytes], media_type: str, content: bytes, charset: str = ""
) -> Leaf:
    """Read what a part's headers say about its *content*; *charset* is for names in undeclared bytes."""
    disposition = headers.get("content-disposition", b"")
    type_parameters = parameters(headers.get("content-type", b""), charset)
    shown = parameters(disposition, charset)
    return Leaf(
        part_id=place.part_id,
        media_type=media_type,
        type_parameters=type_parameters,
        disposition=disposition.partition(b";")[0].strip().lower().decode("ascii", "replace"),
        filename=shown.get("filename") or type_parameters.get("name") or "",
        content_id=headers.get("content-id", b"").strip().strip(b"<>").decode("utf-8", "replace"),
        content=content,
        related=place.related,
        branch=place.branch,
    )
