"""Envelopes inside a mail: TNEF opened into its parts, signed S/MIME into its message, the sealed told."""

from collections.abc import Iterator
from dataclasses import replace

from consumer.mail import cms, tnef
from consumer.mail.build import MOST_PARTS
from consumer.mail.message import Sealed
from consumer.mail.text import clean
from consumer.mail.tree import Leaf, Tree, take_apart

TNEF_TYPES = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})
CMS_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
ENCRYPTED_TYPES = frozenset({"application/pgp-encrypted"})
SIGNATURE_TYPES = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
PGP_ENCRYPTED, PGP_SIGNED = b"-----BEGIN PGP MESSAGE-----", b"-----BEGIN PGP SIGNED MESSAGE-----"
MOST_OPENED = 20  # envelopes of one mail; the others stay files
LOOKED_AT = 4_096  # bytes of a text in which armour is looked for
RICH_TEXT = "body.rtf"


def opened(tree: Tree, *, depth: int = 0) -> Sealed:
    """Replace what *tree* has in envelopes by what is inside; tell how the message is sealed."""
    sealed: set[Sealed] = set()
    leaves = list[Leaf]()
    room = MOST_OPENED
    for leaf in tree.leaves:
        room -= _is_envelope(leaf)
        leaves += _guarded(leaf, tree, sealed, depth) if room >= 0 else [leaf]
    if len(leaves) > MOST_PARTS:
        tree.defects.add("part-limit")
    tree.leaves = _without_double(leaves[:MOST_PARTS])
    return "encrypted" if "encrypted" in sealed else "signed" if "signed" in sealed else ""


def _is_envelope(leaf: Leaf) -> bool:
    return _is_tnef(leaf) or _is_cms(leaf)


def _is_tnef(leaf: Leaf) -> bool:
    return leaf.media_type in TNEF_TYPES or leaf.filename.lower() == "winmail.dat"


def _is_cms(leaf: Leaf) -> bool:
    file = leaf.filename.lower().endswith(".p7m") and leaf.media_type.startswith("application/")
    return leaf.media_type in CMS_TYPES or file


def _guarded(leaf: Leaf, tree: Tree, sealed: set[Sealed], depth: int) -> list[Leaf]:
    """Open one part; whatever goes wrong inside it costs no more than itself: it stays a file."""
    try:
        return _opened(leaf, tree, sealed, depth)
    except Exception:  # noqa: BLE001 - the letter around a hostile envelope must not go with it
        tree.defects.add("envelope-failed")
        return [leaf]


def _opened(leaf: Leaf, tree: Tree, sealed: set[Sealed], depth: int) -> list[Leaf]:
    if _is_tnef(leaf):
        return list(_from_tnef(leaf, tree))
    if _is_cms(leaf):
        return _from_cms(leaf, tree, sealed, depth)
    if leaf.media_type in ENCRYPTED_TYPES:
        sealed.add("encrypted")
    elif leaf.media_type in SIGNATURE_TYPES:
        sealed.add("signed")
    elif leaf.media_type == "text/plain" and leaf.disposition != "attachment":
        begins = leaf.content[:LOOKED_AT]
        if PGP_ENCRYPTED in begins:
            sealed.add("encrypted")
        elif PGP_SIGNED in begins:
            sealed.add("signed")
    return [leaf]


def _from_tnef(leaf: Leaf, tree: Tree) -> Iterator[Leaf]:
    if not leaf.content:  # not fetched, in an export
        yield leaf
        return
    try:
        found = tnef.opened(leaf.content)
    except tnef.Broken:
        tree.defects.add("tnef-broken")
        yield leaf
        return
    if not found.whole:
        tree.defects.add("tnef-broken")
    if not found.whole or not (found.files or found.html or found.text):
        yield leaf  # nothing may be hidden: the envelope stays beside what could be read
    for number, part in enumerate(_packed(leaf, found)):
        yield replace(part, part_id=_below(leaf.part_id, str(number)))


def _packed(leaf: Leaf, found: tnef.Opened) -> Iterator[Leaf]:
    """Yield what an envelope holds: its text in the better form, then its files."""
    blank = replace(
        leaf, type_parameters={"charset": "utf-8"}, disposition="", filename="", content_id="", branch=None
    )
    text = found.html if found.html.strip() else found.text
    if text.strip():
        media_type = "text/html" if text is found.html else "text/plain"
        yield replace(blank, media_type=media_type, content=clean(text).encode())
    for file in found.files:
        yield replace(
            blank,
            media_type=file.media_type.lower() or "application/octet-stream",
            type_parameters={},
            disposition="attachment",
            filename=file.name or "untitled",
            content_id=file.content_id.strip("<>"),
            content=file.content,
        )


def _from_cms(leaf: Leaf, tree: Tree, sealed: set[Sealed], depth: int) -> list[Leaf]:
    kind, inside = cms.content_of(leaf.content)
    if kind == "encrypted":
        sealed.add("encrypted")
    elif kind == "signed":
        sealed.add("signed")
    if not inside or depth:  # a message sealed twice stays a file
        return [leaf]
    within = take_apart(inside)
    inner = opened(within, depth=depth + 1)
    if inner:
        sealed.add(inner)
    tree.defects |= within.defects
    tree.charset = tree.charset or within.charset
    return [
        replace(one, part_id=_below(leaf.part_id, one.part_id), branch=_branch(leaf, one))
        for one in within.leaves
    ]


def _below(outer: str, inner: str) -> str:
    return ".".join(part for part in (outer, inner or "0") if part)


def _branch(leaf: Leaf, one: Leaf) -> tuple[str, int] | None:
    return (_below(leaf.part_id, one.branch[0]), one.branch[1]) if one.branch else leaf.branch


def _without_double(leaves: list[Leaf]) -> list[Leaf]:
    """Leave out the text Outlook packed as RTF where the mail says it as text too."""
    said = any(one.media_type in {"text/plain", "text/html"} and one.content.strip() for one in leaves)
    return [
        one
        for one in leaves
        if not (said and one.filename == RICH_TEXT and one.media_type == "application/rtf")
    ]
