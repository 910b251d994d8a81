"""Whole threads of one account, read a few at a time: 40 units each, however many messages they have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from shared.errors import CallerBug, MailroomError, MessageGone, TryLater, Unanswered
from shared.gmail import calls
from shared.gmail.calls import Call
from shared.gmail.exchange import Exchange
from shared.gmail.many import OF_ACCOUNTS
from shared.gmail.resources import Message, R, Resource, Thread

TOGETHER = 5  # threads a batch: a long one has a hundred messages
HEADERS_TOGETHER = 12  # as many units as a batch of 25 messages: what waits for more is sent away
# Of a thread that was not read for one of these, its messages tell by themselves whose fault it is.
OF_THE_THREAD = (Unanswered, CallerBug, MessageGone, *OF_ACCOUNTS)


@dataclass(frozen=True, slots=True)
class Whole:
    """One message of a thread, as Gmail's JSON in format full; its attachments are not in it."""

    message: Message
    json: bytes


class ThreadAnswer(Resource, frozen=True, rename="camel"):
    """threads.get, its messages still in JSON."""

    id: str
    messages: tuple[msgspec.Raw, ...] = ()


def read(exchange: Exchange, address: str, thread_ids: Sequence[str]) -> dict[str, tuple[Whole, ...]]:
    """Return the threads that could be read whole, by id; the caller reads the others' messages one by one.

    Raises what concerns the account when nothing was read before it.
    """
    found: dict[str, tuple[Whole, ...]] = {}
    for start in range(0, len(thread_ids), TOGETHER):
        group = thread_ids[start : start + TOGETHER]
        asked = [calls.threads_get(address, thread_id, format_="full") for thread_id in group]
        try:
            answers = _group(exchange, asked, ThreadAnswer)
        except OF_THE_THREAD:
            continue
        except MailroomError:
            if not found:
                raise
            break  # what was read cost units and is handed over
        for thread_id, answer in zip(group, answers, strict=True):
            if isinstance(answer, ThreadAnswer) and answer.id == thread_id:
                found |= _taken_apart(answer)
    return found


def headers(exchange: Exchange, address: str, thread_ids: Sequence[str]) -> Iterator[list[Thread]]:
    """Yield the threads with their messages' weighed headers, batch by batch, those that could be read.

    The caller reads the others' messages one by one.  Raises what puts all reading off (TryLater), after
    what was read by then was yielded.
    """
    left = list(thread_ids)
    while left:
        size = exchange.most_together(HEADERS_TOGETHER)
        group, left = left[:size], left[size:]
        asked = [
            calls.threads_get(address, one, format_="metadata", headers=calls.WEIGHED_HEADERS)
            for one in group
        ]
        try:
            answers = _group(exchange, asked, Thread)
        except OF_THE_THREAD:
            continue
        yield [
            one for id_, one in zip(group, answers, strict=True) if isinstance(one, Thread) and one.id == id_
        ]
        for answer in answers:
            if isinstance(answer, TryLater) and not isinstance(answer, Unanswered):
                raise answer


def _group(exchange: Exchange, asked: Sequence[Call], kind: type[R]) -> list[R | MailroomError]:
    if len(asked) == 1:
        return [exchange.one(asked[0], kind)]
    return exchange.together(asked, kind)


def _taken_apart(thread: ThreadAnswer) -> dict[str, tuple[Whole, ...]]:
    """A message of another shape than Gmail's makes the whole thread one that was not read."""
    try:
        whole = [
            Whole(msgspec.json.decode(raw, type=Message, strict=False), bytes(raw)) for raw in thread.messages
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {thread.id: tuple(whole)}
