"""One account's Gmail: what mailroom asks of it, with refusals turned into what to do next."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Protocol, TypeVar

import msgspec

from shared.errors import CallerBug, MailroomError, Reconnect, TryLater
from shared.gmail import batch, calls
from shared.gmail.calls import Call, Format
from shared.gmail.failures import WatchTaken, failure
from shared.gmail.quota import Budget
from shared.gmail.resources import HistoryPage, ListPage, Message, Profile, Resource, Watch
from shared.gmail.transport import Answer, Sends

R = TypeVar("R", bound=Resource)

# Whole messages are large: fewer of them travel together, so that one answer stays below 250 MB.
RAW_TOGETHER = 10
# More pages than any mailbox's history has; a server that never ends is not waited for.
MOST_PAGES = 10_000
OK = 200

_count: ContextVar[Callable[[int], None] | None] = ContextVar("units", default=None)


class Tokens(Protocol):
    """Where access tokens come from."""

    def token(self, address: str) -> str:
        """Return a live access token for the account."""
        ...

    def forget(self, address: str) -> None:
        """Drop the account's token: Gmail no longer accepts it."""
        ...


class GmailFactory:
    """Makes cheap per-account views on one shared transport, token source and budget."""

    def __init__(self, api_url: str, *, transport: Sends, tokens: Tokens, budget: Budget) -> None:
        self.api_url = api_url.rstrip("/")
        self.transport, self.tokens, self.budget = transport, tokens, budget

    def account(self, address: str, *, live: bool = False) -> "Gmail":
        """Return the Gmail of one account; *live* work may use the units that bulk work must leave."""
        return Gmail(self, address, live=live)

    @contextmanager
    def counting(self, count: Callable[[int], None]) -> Generator[None]:
        """Tell *count* the units of every call this thread makes inside the block."""
        token = _count.set(count)
        try:
            yield
        finally:
            _count.reset(token)


class Gmail:
    """One account.  Every method raises TryLater, Reconnect, NoMailbox, OperatorMustAct or CallerBug."""

    def __init__(self, factory: GmailFactory, address: str, *, live: bool) -> None:
        self._factory, self.address, self._live = factory, address, live

    def profile(self) -> Profile:
        """Return the mailbox's current history id and primary address."""
        return self._json(calls.get_profile(self.address), Profile)

    def history(self, since: int) -> Iterator[HistoryPage]:
        """Yield all pages of changes after history id *since*; raises HistoryGone when Gmail forgot them.

        A page may be empty and still name a next one: the token decides, not the content.
        """
        token: str | None = None
        for _ in range(MOST_PAGES):
            page = self._json(calls.history_list(self.address, since, token), HistoryPage)
            yield page
            if not page.next_page_token:
                return
            if page.next_page_token == token:
                raise TryLater("Gmail's history named the same page twice", after=timedelta(seconds=30))
            token = page.next_page_token
        raise CallerBug(f"Gmail's history did not end after {MOST_PAGES} pages")

    def list_ids(
        self,
        *,
        page_token: str | None = None,
        q: str | None = None,
        max_results: int = 500,
        include_spam_trash: bool = False,
    ) -> ListPage:
        """Return one page of message ids, newest first."""
        return self._json(
            calls.messages_list(
                self.address,
                page_token=page_token,
                q=q,
                max_results=max_results,
                include_spam_trash=include_spam_trash,
            ),
            ListPage,
        )

    def metadata(self, ids: Sequence[str]) -> dict[str, Message | MailroomError]:
        """Read labels and the weighed headers of many messages; what failed stands in its place as an error."""
        return self._many(ids, "metadata", together=batch.MOST)

    def raw(self, ids: Sequence[str]) -> dict[str, Message | MailroomError]:
        """Read whole messages; what failed stands in its place as an error."""
        return self._many(ids, "raw", together=RAW_TOGETHER)

    def watch(self, topic: str) -> Watch:
        """Start or renew the watch: at most 7 days.  Stops a watch on another topic once, if there is one."""
        try:
            return self._json(calls.watch(self.address, topic), Watch)
        except WatchTaken:
            self.stop()
            return self._json(calls.watch(self.address, topic), Watch)

    def stop(self) -> None:
        """End the watch; harmless without one."""
        self._send(calls.stop(self.address))

    def _many(
        self, ids: Sequence[str], format_: Format, *, together: int
    ) -> dict[str, Message | MailroomError]:
        found: dict[str, Message | MailroomError] = {}
        for start in range(0, len(ids), together):
            group = ids[start : start + together]
            requests = [self._get(message_id, format_) for message_id in group]
            answers = [self._one(requests[0])] if len(group) == 1 else self._batch(requests)
            found.update(zip(group, answers, strict=True))
        return found

    def _get(self, message_id: str, format_: Format) -> Call:
        headers = calls.WEIGHED_HEADERS if format_ == "metadata" else ()
        return calls.message_get(self.address, message_id, format_=format_, headers=headers)

    def _one(self, call: Call) -> Message | MailroomError:
        try:
            return self._json(call, Message)
        except MailroomError as refused:
            return refused

    def _batch(self, requests: Sequence[Call]) -> list[Message | MailroomError]:
        """Send several calls of one method together; inner refusals become values."""
        self._spend(requests[0].method_id, len(requests))
        answer = self._authorised(
            "POST",
            batch.PATH,
            {"Content-Type": batch.CONTENT_TYPE, "Accept-Encoding": "gzip"},
            batch.encode(requests),
        )
        if answer.status != OK:
            raise failure("gmail.batch", answer.status, answer.body, answer.headers, now=datetime.now(UTC))
        parts = batch.decode(answer.headers.get("content-type", ""), answer.body)
        return [self._part(call, parts.get(number)) for number, call in enumerate(requests)]

    def _part(self, call: Call, part: batch.Part | None) -> Message | MailroomError:
        if part is None:
            return TryLater("Gmail left a call of a batch unanswered", after=timedelta(seconds=2))
        try:
            return _read(call, Answer(part.status, part.headers, part.body), Message)
        except MailroomError as refused:
            return refused

    def _json(self, call: Call, kind: type[R]) -> R:
        return _read(call, self._send(call), kind)

    def _send(self, call: Call) -> Answer:
        self._spend(call.method_id, 1)
        headers = {"Accept": "application/json"}
        if "format=raw" not in call.path:  # unpacking a raw message costs more than the bytes saved
            headers["Accept-Encoding"] = "gzip"
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        answer = self._authorised(call.http_method, call.path, headers, call.body)
        if answer.status not in {OK, 204}:
            raise failure(call.method_id, answer.status, answer.body, answer.headers, now=datetime.now(UTC))
        return answer

    def _authorised(self, method: str, path: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """Send with a token; when Gmail no longer accepts it, once more with a fresh one."""
        for attempt in range(2):
            token = self._factory.tokens.token(self.address)
            answer = self._factory.transport.send(
                method,
                self._factory.api_url + path,
                headers=headers | {"Authorization": f"Bearer {token}"},
                body=body,
            )
            if answer.status != 401:  # noqa: PLR2004 - HTTP's Unauthorized
                return answer
            if attempt == 0:
                self._factory.tokens.forget(self.address)
        raise Reconnect(
            "Gmail refuses this account's fresh access token: check the account and its delegation"
        )

    def _spend(self, method_id: str, number: int) -> None:
        units = self._factory.budget.spend(self.address, method_id, calls=number, bulk=not self._live)
        count = _count.get()
        if count is not None:
            count(units)


def _read(call: Call, answer: Answer, kind: type[R]) -> R:
    if answer.status != OK:
        raise failure(call.method_id, answer.status, answer.body, answer.headers, now=datetime.now(UTC))
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as odd:
        # Cut in transit more often than changed by Google: asked again, and visible if it stays.
        raise TryLater(
            f"Gmail's answer could not be read ({type(odd).__name__})", after=timedelta(seconds=5)
        ) from None
