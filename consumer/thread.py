"""Decide which conversation a message belongs to, from the messages it may belong with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Via = Literal["copy", "gmail", "reference", "reply"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new message goes."""

    copy_of: int | None  # the stored message this is a further copy of
    thread_id: int | None  # None: it starts a conversation
    absorbs: tuple[int, ...]  # threads that turn out to be part of that one


def place(related: Iterable[tuple[Via, int | None, int]]) -> Place:
    """Choose from (why, stored message or None, its thread).

    The oldest thread (smallest id) takes the others in, so that the result does not depend on
    which message happened to arrive last.
    """
    known = list(related)
    threads = sorted({thread for _, _, thread in known})
    copies = sorted(email for via, email, _ in known if via == "copy" and email is not None)
    return Place(
        copy_of=copies[0] if copies else None,
        thread_id=threads[0] if threads else None,
        absorbs=tuple(threads[1:]),
    )
