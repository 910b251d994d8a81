"""Many messages of one account: batches, and whose fault a failure is.

What is raised is about the account; what stands in a message's place is about that message.  Inside
a batch the two look alike, so a message that failed is asked for once more by itself, and when that
fails too, getProfile (1 unit) tells whether the account still answers.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta

from shared.errors import (
    CallerBug,
    MailroomError,
    MessageGone,
    MessageRefused,
    NoMailbox,
    NotAsked,
    OperatorMustAct,
    Reconnect,
    TryLater,
    Unanswered,
)
from shared.gmail.calls import Call
from shared.gmail.exchange import Exchange
from shared.gmail.failures import AccessTooNarrow, TooManyAtOnce
from shared.gmail.resources import Message
from shared.gmail.transport import TooLarge

Answers = dict[str, Message | MailroomError]
OF_ACCOUNTS = (Reconnect, NoMailbox, OperatorMustAct)
# Inside a batch these may be the neighbours' fault, or the batch's own.
ASKED_AGAIN = (Unanswered, TooManyAtOnce, *OF_ACCOUNTS)
MOST_HELD = 96 * 1024 * 1024  # bytes of base64 of one reading, and one message more


class Reading:
    """One reading of many messages; *found* holds what is known, also when something was raised."""

    def __init__(
        self,
        exchange: Exchange,
        call: Callable[[str], Call],
        checked: Callable[[str, Message], Message],
        confirm: Callable[[], object],
    ) -> None:
        """*call* makes the call for an id, *checked* refuses an answer that is not what was asked for.

        *confirm* asks the account for something cheap and raises when it gets no answer.
        """
        self.found: Answers = {}
        self._exchange, self._call = exchange, call
        self._checked, self._confirm = checked, confirm

    def many(self, ids: Sequence[str], *, together: int) -> Answers:
        """Read *ids* in groups of *together*; an answer or an error stands for each.

        Raises what concerns the account when it is met before anything was read.
        """
        wanted = list(dict.fromkeys(ids))
        try:
            while todo := [id_ for id_ in wanted if id_ not in self.found]:
                self._group(todo[: self._exchange.most_together(together)])
        except MailroomError as stopped:
            if not self.found:
                raise
            # What was read cost units and is handed over; the next reading meets what stopped this one.
            after = stopped.after if isinstance(stopped, TryLater) else timedelta(0)
            rest = NotAsked("this message was not asked for yet", after=after)
            return {id_: self.found.get(id_, rest) for id_ in wanted}
        return {id_: self.found[id_] for id_ in wanted}

    def _group(self, ids: Sequence[str]) -> None:
        if len(ids) == 1:
            self._each(ids)
            return
        self._room()
        try:
            answers = self._exchange.together([self._call(id_) for id_ in ids], Message)
        except TooLarge:
            half = len(ids) // 2
            smaller = [ids[:half], ids[half:]]
        except Unanswered:
            # One message that never comes would take its neighbours with it for ever.  By itself each
            # costs the same units as in halves of halves, and only one of them another long wait.
            self._confirm()
            smaller = [[id_] for id_ in ids]
        except CallerBug:
            smaller = [[id_] for id_ in ids]  # no batches here, or none like this one
        else:
            self._sort({id_: self._judged(id_, answer) for id_, answer in zip(ids, answers, strict=True)})
            return
        for group in smaller:
            self._group(group)

    def _room(self) -> None:
        """Stop while what was read fits into memory: ten of the largest mails there are take a gigabyte."""
        held = sum(len(answer.raw) for answer in self.found.values() if isinstance(answer, Message))
        if held > MOST_HELD:
            raise NotAsked("enough mail for one reading; the rest comes with the next", after=timedelta(0))

    def _sort(self, answers: Answers) -> None:
        """Keep what is certain, and ask again for the rest."""
        again = [id_ for id_, answer in answers.items() if isinstance(answer, ASKED_AGAIN)]
        self.found |= {id_: answer for id_, answer in answers.items() if id_ not in again}
        if again and len(again) == len(answers):
            self._confirm()
        self._each(again)

    def _each(self, ids: Sequence[str]) -> None:
        for id_ in ids:
            self._room()
            self.found[id_] = self._alone(id_)

    def _alone(self, id_: str) -> Message | MailroomError:
        """Ask for one message by itself.  Raises what concerns the account."""
        try:
            return self._checked(id_, self._exchange.one(self._call(id_), Message))
        except (MessageGone, CallerBug) as certain:
            return certain
        except AccessTooNarrow:
            raise  # the profile needs less than a message does
        except Unanswered as nothing:
            self._confirm()
            return nothing
        except OF_ACCOUNTS as refused:
            self._confirm()
            return MessageRefused(f"Gmail refuses this message, and no other call of its account: {refused}")

    def _judged(self, id_: str, answer: Message | MailroomError) -> Message | MailroomError:
        if isinstance(answer, MailroomError):
            return answer
        try:
            return self._checked(id_, answer)
        except MailroomError as odd:
            return odd
