"""Whole threads of one account, read a few at a time: 40 units each, however many messages they have."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from shared.errors import CallerBug, MailroomError, MessageGone, Unanswered
from shared.gmail import calls
from shared.gmail.exchange import Exchange
from shared.gmail.many import OF_ACCOUNTS
from shared.gmail.resources import Message, Resource

TOGETHER = 5  # threads a batch: a long one has a hundred messages


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
        try:
            answers = _group(exchange, address, group)
        except (Unanswered, CallerBug, MessageGone, *OF_ACCOUNTS):
            continue  # whose fault it is shows when the caller reads the messages one by one
        except MailroomError:
            if not found:
                raise
            break  # what was read cost units and is handed over
        for thread_id, answer in zip(group, answers, strict=True):
            if isinstance(answer, ThreadAnswer) and answer.id == thread_id:
                found |= _taken_apart(answer)
    return found


def _group(exchange: Exchange, address: str, ids: Sequence[str]) -> list[ThreadAnswer | MailroomError]:
    asked = [calls.threads_get(address, thread_id, format_="full") for thread_id in ids]
    if len(asked) == 1:
        return [exchange.one(asked[0], ThreadAnswer)]
    return exchange.together(asked, ThreadAnswer)


def _taken_apart(thread: ThreadAnswer) -> dict[str, tuple[Whole, ...]]:
    """A message of another shape than Gmail's makes the whole thread one that was not read."""
    try:
        whole = [
            Whole(msgspec.json.decode(raw, type=Message, strict=False), bytes(raw)) for raw in thread.messages
        ]
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return {}
    return {thread.id: tuple(whole)}
