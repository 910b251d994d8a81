"""Decide which conversation a message belongs to.

Two messages belong together only when somebody outside the fund takes part in both, or the same investor
beyond doubt (by another address, or with a colleague of theirs), and then for one of three reasons: Gmail
shows both in one thread of a mailbox; both name the same beginning (the first of their References, or the
message itself); or one cites the other, and each author takes part in the other's message.  Every message
has one beginning, so a stranger who cites two conversations and copies in both sides joins one of them and
brings nothing together.  A conversation is whatever hangs together in this way: the order of arrival makes
no difference, neither that of mail nor that of investors.  Addresses are compared by the mailbox they end
at, so who writes under a plus-tag is the same person.  The same rule is spelled in shared/store/threads.sql,
where mail is stored; a test compares the two on anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Via = Literal["copy", "gmail", "beginning", "cites", "cited"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a new message goes."""

    copy_of: int | None  # the stored message this is a further copy of
    thread_id: int | None  # None: it starts a conversation
    absorbs: tuple[int, ...]  # threads that turn out to be part of that one


def place(related: Iterable[tuple[Via, int, int]]) -> Place:
    """Choose from (why, stored message, its thread).

    The oldest thread (smallest id) takes the others in, so that the result does not depend on
    which message happened to arrive last.
    """
    known = list(related)
    threads = sorted({thread for _, _, thread in known})
    copies = sorted(email for via, email, _ in known if via == "copy")
    return Place(
        copy_of=copies[0] if copies else None,
        thread_id=threads[0] if threads else None,
        absorbs=tuple(threads[1:]),
    )


@dataclass(frozen=True, slots=True)
class Known:
    """What decides a stored message's conversation; addresses as consumer.match.canonical() writes them."""

    email_id: int
    thread_id: int  # where it is now
    message_id: str
    references: tuple[str, ...]  # oldest first
    author: str | None
    people: frozenset[str]
    outside: frozenset[str]  # those who are not the fund's
    investors: frozenset[int]  # whose it is beyond doubt: not by what several investors claim
    gmail: frozenset[tuple[int, str]]  # (account id, Gmail's thread id) of each copy

    @property
    def beginning(self) -> str:
        """The Message-ID its conversation says it began with; empty when it says nothing."""
        return self.references[0] if self.references else self.message_id


def _cites(one: Known, other: Known) -> bool:
    named = bool(other.message_id) and other.message_id in one.references
    began = named and one.beginning == other.message_id
    return began or (named and one.author in other.people and other.author in one.people)


def together(one: Known, other: Known) -> bool:
    """Whether two messages belong to one conversation by themselves, whatever else there is."""
    if not (one.outside & other.outside or one.investors & other.investors):
        return False
    same_beginning = bool(one.beginning) and one.beginning == other.beginning
    return same_beginning or bool(one.gmail & other.gmail) or _cites(one, other) or _cites(other, one)


def conversations(mails: Sequence[Known]) -> list[list[Known]]:
    """Divide *mails* into conversations; each in the order of ids, the one with the smallest id first.

    The same as joining every two that are together(), in time that grows with the mails and not with their
    pairs: anybody may write thousands that name one beginning.
    """
    root = {mail.email_id: mail.email_id for mail in mails}

    def find(email_id: int) -> int:
        while root[email_id] != email_id:
            root[email_id] = root[root[email_id]]
            email_id = root[email_id]
        return email_id

    for one, other in (*_by_reason(mails), *_by_citation(mails)):
        low, high = sorted((find(one), find(other)))
        root[high] = low
    ordered = sorted(mails, key=lambda mail: (find(mail.email_id), mail.email_id))
    return [list(group) for _, group in groupby(ordered, key=lambda mail: find(mail.email_id))]


def _by_reason(mails: Iterable[Known]) -> Iterator[tuple[int, int]]:
    """Pairs with one beginning, or in one thread of Gmail's: each message with the first its people share."""
    first: dict[tuple[tuple[int, str], object], int] = {}
    for mail in mails:
        beginning = {(0, mail.beginning)} if mail.beginning else frozenset()  # accounts are numbered from 1
        for reason in mail.gmail | beginning:
            for who in (*mail.outside, *mail.investors):
                yield mail.email_id, first.setdefault((reason, who), mail.email_id)


def _by_citation(mails: Sequence[Known]) -> Iterator[tuple[int, int]]:
    named: dict[str, list[Known]] = {}
    for mail in mails:
        if mail.message_id:
            named.setdefault(mail.message_id, []).append(mail)
    for mail in mails:
        for name in mail.references:
            for other in named.get(name, ()):
                if together(mail, other):
                    yield mail.email_id, other.email_id


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
