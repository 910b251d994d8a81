"""One account's Gmail: what mailroom asks of it, with refusals turned into what to do next."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from shared.errors import CallerBug, Unanswered
from shared.gmail import batch, calls, conversations
from shared.gmail.calls import Call, Format, ThreadFormat
from shared.gmail.conversations import Whole
from shared.gmail.exchange import UNANSWERED, Exchange, Means, Tokens
from shared.gmail.failures import WatchTaken
from shared.gmail.many import Answers, Reading
from shared.gmail.quota import Budget, never
from shared.gmail.resources import (
    Attachment,
    HistoryPage,
    Label,
    Labels,
    ListPage,
    Message,
    Nothing,
    Profile,
    SendAs,
    SendAsList,
    Thread,
    Watch,
)
from shared.gmail.transport import Sends, TooLarge

# Whole messages are large: fewer of them travel together.
RAW_TOGETHER = 10
# More pages than any mailbox's history has; a server that never ends is not waited for.
MOST_PAGES = 10_000

_count: ContextVar[Callable[[int], None] | None] = ContextVar("units", default=None)


class GmailFactory:
    """Makes cheap per-account views on one shared transport, token source and budget."""

    def __init__(self, api_url: str, *, transport: Sends, tokens: Tokens, budget: Budget) -> None:
        self._means = Means(api_url.rstrip("/"), transport, tokens, budget)

    def account(self, address: str, *, live: bool = False, gives_way: Callable[[], bool] = never) -> "Gmail":
        """Return the Gmail of one account; *live* work may use the units that bulk work must leave.

        A wait for units ends with NoUnits when *gives_way* turns true: it is asked ten times a second.
        """
        return Gmail(address, Exchange(self._means, address, bulk=not live, tell=_tell, gives_way=gives_way))

    @contextmanager
    def counting(self, count: Callable[[int], None]) -> Generator[None]:
        """Tell *count* the units of every call this thread makes inside the block."""
        token = _count.set(count)
        try:
            yield
        finally:
            _count.reset(token)


def _tell(units: int) -> None:
    count = _count.get()
    if count is not None:
        count(units)


class Gmail:
    """One account.  Every method raises TryLater, Reconnect, NoMailbox, OperatorMustAct or CallerBug."""

    def __init__(self, address: str, exchange: Exchange) -> None:
        self.address, self._exchange = address, exchange

    def profile(self) -> Profile:
        """Return the mailbox's current history id and primary address."""
        return self._exchange.one(calls.get_profile(self.address), Profile)

    def history(self, since: int) -> Iterator[HistoryPage]:
        """Yield all pages of changes after history id *since*; raises HistoryGone when Gmail forgot them.

        A page may be empty and still name a next one: the token decides, not the content.
        """
        token: str | None = None
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = self._exchange.one(calls.history_list(self.address, since, token), HistoryPage)
            yield page
            token = page.next_page_token
            if not token:
                return
            if token in seen:
                raise CallerBug("Gmail's history goes in circles: a page named an earlier one as its next")
            seen.add(token)
        raise CallerBug(f"Gmail's history did not end after {MOST_PAGES} pages")

    def list_ids(
        self,
        *,
        page_token: str | None = None,
        q: str | None = None,
        max_results: int = calls.MOST_LISTED,
        include_spam_trash: bool = False,
    ) -> ListPage:
        """Return one page of message ids, newest first.  Raises StalePage for an old page token.

        The listing is no snapshot: messages may shift between pages while it is read.
        """
        call = calls.messages_list(
            self.address,
            page_token=page_token,
            q=q,
            max_results=max_results,
            include_spam_trash=include_spam_trash,
        )
        page = self._exchange.one(call, ListPage)
        if page_token and page.next_page_token == page_token:
            raise CallerBug("Gmail's listing goes in circles: a page named itself as its next")
        return page

    def metadata(self, ids: Sequence[str]) -> Answers:
        """Read labels and the weighed headers of many messages; an error stands where one failed.

        What is raised concerns the account; what stands for a message concerns that message alone.
        """
        return self._many(ids, "metadata", together=batch.MOST)

    def raw(self, ids: Sequence[str]) -> Answers:
        """Read whole messages; an error stands where one failed, as for `metadata`."""
        return self._many(ids, "raw", together=RAW_TOGETHER)

    def message(self, message_id: str, format_: Format = "full") -> Message:
        """Read one message.  Raises MessageGone when there is none, or none yet."""
        answer = self._exchange.one(self._get(message_id, format_), Message)
        return _checked(message_id, answer, format_)

    def thread(self, thread_id: str, format_: ThreadFormat = "metadata") -> Thread:
        """Read a thread's messages, oldest first; there is no raw format.  Raises MessageGone without one."""
        headers = calls.WEIGHED_HEADERS if format_ == "metadata" else ()
        thread = self._exchange.one(
            calls.threads_get(self.address, thread_id, format_=format_, headers=headers), Thread
        )
        if thread.id != thread_id:
            raise Unanswered("Gmail answered for another thread", after=UNANSWERED)
        return thread

    def conversations(self, thread_ids: Sequence[str]) -> dict[str, tuple[Whole, ...]]:
        """Return those of the threads that could be read whole, by id: 40 units each; see `conversations`."""
        return conversations.read(self._exchange, self.address, thread_ids)

    def thread_headers(self, thread_ids: Sequence[str]) -> Iterator[list[Thread]]:
        """Yield the threads whose messages' headers could be read, in batches: 40 units each."""
        return conversations.headers(self._exchange, self.address, thread_ids)

    def attachment(self, message_id: str, attachment_id: str, *, most: int) -> bytes:
        """Return an attachment of at most *most* bytes; its id is that of a recent `message`, never stored.

        Raises TooLarge, MessageGone, and CallerBug for an id Gmail no longer takes.
        """
        call = calls.attachment_get(self.address, message_id, attachment_id, most=most)
        try:
            content = self._exchange.one(call, Attachment).content()
        except ValueError:
            raise CallerBug("Gmail answered with an attachment that is no base64url") from None
        if len(content) > most:
            raise TooLarge(f"the attachment is larger than {most} bytes")
        return content

    def labels(self) -> tuple[Label, ...]:
        """Return the mailbox's labels, the system's and its own."""
        return self._exchange.one(calls.labels_list(self.address), Labels).labels

    def send_as(self) -> tuple[SendAs, ...]:
        """Return the addresses this mailbox sends as, the primary one included."""
        return self._exchange.one(calls.send_as_list(self.address), SendAsList).send_as

    def watch(self, topic: str) -> Watch:
        """Start or renew the watch: at most 7 days.  Stops a watch on another topic once, if there is one."""
        call = calls.watch(self.address, topic)
        try:
            return self._exchange.one(call, Watch)
        except WatchTaken:
            self.stop()
            return self._exchange.one(call, Watch)

    def stop(self) -> None:
        """End the watch; harmless without one."""
        self._exchange.one(calls.stop(self.address), Nothing)

    def _many(self, ids: Sequence[str], format_: Format, *, together: int) -> Answers:
        reading = Reading(
            self._exchange,
            lambda message_id: self._get(message_id, format_),
            lambda message_id, answer: _checked(message_id, answer, format_),
            self.profile,
        )
        return reading.many(ids, together=together)

    def _get(self, message_id: str, format_: Format) -> Call:
        headers = calls.WEIGHED_HEADERS if format_ == "metadata" else ()
        return calls.message_get(self.address, message_id, format_=format_, headers=headers)


def _checked(message_id: str, answer: Message, format_: Format) -> Message:
    """Refuse what would be stored as something it is not: another message, a message without its bytes."""
    if answer.id != message_id:
        raise Unanswered("Gmail answered for another message", after=UNANSWERED)
    if format_ == "raw":
        try:
            empty = not answer.raw_bytes()
        except ValueError:
            empty = True
        if empty:
            raise CallerBug("Gmail answered without the message's bytes, or they are no base64url")
    return answer
