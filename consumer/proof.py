"""Read the headers of messages that only a search has judged, at the lowest price, and judge them anew.

Of three or more in one thread the whole thread is read.  No header outlives the judgement.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from consumer.asking import put_off
from consumer.history import ruled_out
from consumer.mail.headers import from_headers
from consumer.matching import Matching
from consumer.plan import Fetch, Wanted, fetching
from shared.errors import MessageGone
from shared.gmail.batch import MOST
from shared.gmail.client import Gmail
from shared.gmail.many import Answers
from shared.gmail.resources import Message
from shared.store.ledger import Seen
from shared.store.proofs import Judgement


def reading(wanted: Sequence[Seen], *, prices: Mapping[str, int]) -> Fetch:
    """Return the cheapest way to read the headers of *wanted*: in a thread they come whatever it carries."""
    return fetching([Wanted(one.gmail_id, one.gmail_thread_id, files=False) for one in wanted], prices=prices)


def headers(gmail: Gmail, wanted: Sequence[Seen], *, prices: Mapping[str, int]) -> Iterator[Answers]:
    """Yield the answers for *wanted*, batch by batch, and for whoever else is in the threads read for them.

    What was asked of a thread and is not in it, or came without any header, is asked for by itself.  Raises
    what concerns the account and what puts reading off, when what was paid for was yielded.
    """
    left = dict.fromkeys(one.gmail_id for one in wanted)
    for threads in gmail.thread_headers(reading(wanted, prices=prices).threads):
        found: Answers = {one.id: one for thread in threads for one in thread.messages if one.headers}
        for id_ in found:
            left.pop(id_, None)
        yield found
    ids = list(left)
    for start in range(0, len(ids), MOST):
        answers = gmail.metadata(ids[start : start + MOST])
        yield {id_: answer for id_, answer in answers.items() if not put_off(answer)}
        for answer in answers.values():
            if put_off(answer):
                raise answer


def judge(matching: Matching, answers: Answers, *, skip: Collection[str]) -> Judgement:
    """Say what *answers* mean by the rules of this moment; *skip*: the labels that are not captured."""
    read = {id_: answer for id_, answer in answers.items() if isinstance(answer, Message)}
    found = matching.match_all({id_: from_headers(message.headers) for id_, message in read.items()}).found
    excluded = {id_: message.label_ids for id_, message in read.items() if ruled_out(message.label_ids, skip)}
    unread = answers.keys() - read.keys()
    return Judgement(
        matching=tuple(id_ for id_, hits in found.items() if hits and id_ not in excluded),
        excluded=excluded,
        unreadable=tuple(sorted(id_ for id_ in unread if not isinstance(answers[id_], MessageGone))),
    )


def untold(answers: Answers, wanted: Collection[str], *, cursor: int, skip: Collection[str]) -> list[Seen]:
    """Return whom a thread brought unasked and history will never tell of: nothing touched it since *cursor*.

    It may well be in the ledger.  What changed later is the next look's business: it knows what is new mail.
    """
    return [
        Seen(id_, one.thread_id, one.label_ids)
        for id_, one in answers.items()
        if isinstance(one, Message) and id_ not in wanted
        if 0 < one.history_id <= cursor and not ruled_out(one.label_ids, skip)
    ]
