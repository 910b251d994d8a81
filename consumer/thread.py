"""Decide which conversation a message belongs to.

Two messages belong together when one cites the other, or when Gmail shows both in one thread of a
mailbox; and only when somebody outside the fund takes part in both.  What anybody can write into a
header must not bring strangers' conversations together: besides the one message it answers, a citation
counts only when each author takes part in the other's message.  A conversation is whatever hangs
together in this way, so the order of arrival makes no difference.  The same rule is spelled in
shared/store/threads.sql, where mail is stored; a test compares the two on anything.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Via = Literal["copy", "gmail", "cites", "cited"]


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


@dataclass(frozen=True, slots=True)
class Known:
    """What decides a stored message's conversation."""

    email_id: int
    thread_id: int  # where it is now
    message_id: str
    references: tuple[str, ...]  # oldest first; the last is what it answers
    author: str | None
    people: frozenset[str]
    outside: frozenset[str]  # those who are not the fund's
    gmail: frozenset[tuple[int, str]]  # (account id, Gmail's thread id) of each copy


def cites(one: Known, other: Known) -> bool:
    """Whether *one* cites *other* in a way that counts."""
    named = bool(other.message_id) and other.message_id in one.references
    answers = named and one.references[-1] == other.message_id
    correspond = one.author in other.people and other.author in one.people
    return named and bool(one.outside & other.outside) and (answers or correspond)


def together(one: Known, other: Known) -> bool:
    """Whether two messages belong to one conversation by themselves, whatever else there is."""
    in_gmail = bool(one.gmail & other.gmail) and bool(one.outside & other.outside)
    return in_gmail or cites(one, other) or cites(other, one)


def conversations(mails: Sequence[Known]) -> list[list[Known]]:
    """Divide *mails* into conversations; each in the order of ids, the one with the smallest id first."""
    root = {mail.email_id: mail.email_id for mail in mails}

    def find(email_id: int) -> int:
        while root[email_id] != email_id:
            root[email_id] = root[root[email_id]]
            email_id = root[email_id]
        return email_id

    for one, other in _candidates(mails):
        if together(one, other):
            low, high = sorted((find(one.email_id), find(other.email_id)))
            root[high] = low
    ordered = sorted(mails, key=lambda mail: (find(mail.email_id), mail.email_id))
    return [list(group) for _, group in groupby(ordered, key=lambda mail: find(mail.email_id))]


def _candidates(mails: Sequence[Known]) -> Iterable[tuple[Known, Known]]:
    """Pairs that name each other or share a thread of Gmail's: all others cannot belong together."""
    by_name: dict[str, list[Known]] = {}
    by_gmail: dict[tuple[int, str], list[Known]] = {}
    for mail in mails:
        by_name.setdefault(mail.message_id, []).append(mail)
        for key in mail.gmail:
            by_gmail.setdefault(key, []).append(mail)
    for mail in mails:
        for name in mail.references:
            yield from ((mail, other) for other in by_name.get(name, ()) if other is not mail)
    for group in by_gmail.values():
        yield from ((one, other) for number, one in enumerate(group) for other in group[:number])


def moves(mails: Sequence[Known]) -> dict[int, int]:
    """Return {email id: the thread it belongs in}, of those that are in another.

    A conversation keeps the smallest thread id of its messages that no earlier conversation keeps; where
    none is left, a negative number stands for a new thread, the same for all that belong together.
    """
    taken, found = set[int](), dict[int, int]()
    for group in conversations(mails):
        free = sorted({mail.thread_id for mail in group} - taken)
        target = free[0] if free else -group[0].email_id
        taken.add(target)
        found |= {mail.email_id: target for mail in group if mail.thread_id != target}
    return found
