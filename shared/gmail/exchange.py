"""One account's calls, there and back: units first, then a token, then what the answer means."""

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

import msgspec

from shared.errors import CallerBug, MailroomError, SlowDown, Unanswered
from shared.gmail import batch, resources
from shared.gmail.calls import Call
from shared.gmail.failures import failure
from shared.gmail.quota import Budget, never
from shared.gmail.resources import Nothing, R
from shared.gmail.transport import Answer, Sends

OK, NO_CONTENT, UNAUTHORIZED = 200, 204, 401
NOT_THERE = frozenset({404, 405, 501})
UNANSWERED = timedelta(seconds=2)
UNREADABLE = timedelta(seconds=5)


class NoBatches(CallerBug):
    """The server has no batches, as some that stand in for Gmail: send the calls one by one."""


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, address: str) -> str:
        """Return a live access token for the account."""
        ...

    def forget(self, address: str) -> None:
        """Drop the account's token: Gmail no longer accepts it."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What all accounts share."""

    api_url: str  # without a slash at its end
    transport: Sends
    tokens: Tokens
    budget: Budget


class Exchange:
    """Sends calls for one account; *tell* hears the units of each."""

    def __init__(
        self,
        means: Means,
        address: str,
        *,
        bulk: bool,
        tell: Callable[[int], None],
        gives_way: Callable[[], bool] = never,
    ) -> None:
        """*gives_way* ends a wait for units early, with NoUnits."""
        self._means, self._address = means, address
        self._bulk, self._tell, self._gives_way = bulk, tell, gives_way

    def one(self, call: Call, kind: type[R]) -> R:
        """Send one call and read its answer.  Raises what a refusal means."""
        with self._paid(call.method_id, 1):
            answer = self._authorised(call, "application/json")
        try:
            return _read(call.method_id, answer, kind)
        except SlowDown as refused:
            self._pause(call.method_id, refused)
            raise

    def together(self, calls: Sequence[Call], kind: type[R]) -> list[R | MailroomError]:
        """Send at most 25 calls of one method as a batch; a refusal of one of them stands in its place.

        Raises what a refusal of the whole batch means.
        """
        answers = self._together(calls, kind)
        expired = [number for number, part in enumerate(answers) if isinstance(part, _Expired)]
        if expired:
            # A token that ended while the batch ran: only these parts go again, once.
            self._means.tokens.forget(self._address)
            for number, part in zip(expired, self._again([calls[n] for n in expired], kind), strict=True):
                answers[number] = part
        return [part.meaning if isinstance(part, _Expired) else part for part in answers]

    def most_together(self, most: int) -> int:
        """Return how many calls a batch may carry now: Gmail runs them at once, and may refuse that."""
        return self._means.budget.together(self._address, most)

    def _again(self, calls: Sequence[Call], kind: type[R]) -> "Sequence[R | MailroomError | _Expired]":
        try:
            return self._together(calls, kind)
        except MailroomError as refused:
            return [refused] * len(calls)  # the other parts have their answers, and those cost units

    def _together(self, calls: Sequence[Call], kind: type[R]) -> "list[R | MailroomError | _Expired]":
        method_id = calls[0].method_id
        with self._paid(method_id, len(calls)):
            answer = self._authorised(batch.call(calls), "multipart/mixed")
        if answer.status in NOT_THERE:
            raise NoBatches(f"what answers at CRM_GMAIL_API_URL takes no batches ({answer.status})")
        if answer.status != OK:
            refused = _refusal(batch.METHOD, answer)
            if isinstance(refused, SlowDown):
                self._pause(method_id, refused)
            raise refused
        parts = batch.decode(answer.headers.get("content-type", ""), answer.body)
        found = [_part(call, parts.get(number), kind) for number, call in enumerate(calls)]
        for part in found:
            if isinstance(part, SlowDown):
                self._pause(method_id, part)
        return found

    def _authorised(self, call: Call, accept: str) -> Answer:
        """Send with a token; when Gmail no longer accepts it, once more with a fresh one."""
        headers = {"Accept": accept}
        if call.packed:
            headers["Accept-Encoding"] = "gzip"
        if call.body is not None:
            headers["Content-Type"] = call.body_type
        answer = self._send(call, headers)
        if answer.status == UNAUTHORIZED:
            self._means.tokens.forget(self._address)
            answer = self._send(call, headers)
        return answer

    def _send(self, call: Call, headers: dict[str, str]) -> Answer:
        bearer = {"Authorization": f"Bearer {self._means.tokens.token(self._address)}"}
        url = self._means.api_url + call.path
        return self._means.transport.send(
            call.http_method, url, headers=headers | bearer, body=call.body, most=call.most
        )

    @contextmanager
    def _paid(self, method_id: str, number: int) -> Generator[None]:
        """Hold what *number* calls need while they travel.  Gmail charges for refusals too."""
        budget = self._means.budget
        paid = budget.calling(
            self._address, method_id, calls=number, bulk=self._bulk, gives_way=self._gives_way
        )
        with paid as units:
            self._tell(units)
            yield

    def _pause(self, method_id: str, refused: SlowDown) -> None:
        self._means.budget.refused(self._address, method_id, refused)


class _Expired:
    """A part of a batch that was refused for its token."""

    def __init__(self, meaning: MailroomError) -> None:
        self.meaning = meaning


def _part(call: Call, part: batch.Part | None, kind: type[R]) -> "R | MailroomError | _Expired":
    if part is None:
        return Unanswered("Gmail left a call of a batch unanswered", after=UNANSWERED)
    answer = Answer(part.status, part.headers, part.body)
    if part.status == UNAUTHORIZED:
        return _Expired(_refusal(call.method_id, answer))
    try:
        return _read(call.method_id, answer, kind)
    except MailroomError as refused:
        return refused


def _read(method_id: str, answer: Answer, kind: type[R]) -> R:
    if answer.status not in {OK, NO_CONTENT}:
        raise _refusal(method_id, answer)
    try:
        return resources.read(answer.body or (b"{}" if kind is Nothing else b""), kind)
    except msgspec.ValidationError:
        raise CallerBug(f"Gmail answered {method_id} with something of an unexpected shape") from None
    except msgspec.DecodeError:
        # Cut in transit more often than changed by Google.
        raise Unanswered(f"Gmail's answer to {method_id} could not be read", after=UNREADABLE) from None


def _refusal(method_id: str, answer: Answer) -> MailroomError:
    return failure(method_id, answer.status, answer.body, answer.headers, now=datetime.now(UTC))
