"""What was pulled and is not written down yet: one thread commits it, in batches, then acknowledges it."""

import time
from datetime import timedelta
from queue import Empty, SimpleQueue
from threading import Condition, Event, Thread
from typing import Any, Protocol

from shared.errors import TryLater, Unusable
from shared.log import logger
from shared.store.database import Database
from watcher.intake import reject, take
from watcher.notification import Notification, from_message

log = logger("pull")

MOST_TOGETHER = 200  # notifications of one transaction
# While the database is away, what is held goes back to Pub/Sub after these pauses, each twice the last.
SHORTEST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(seconds=30)


class Pulled(Protocol):
    """A message as Google's library hands it over."""

    data: bytes
    message_id: str
    publish_time: Any

    def ack_with_response(self) -> Any:
        """Acknowledge; the future tells whether Pub/Sub took note."""

    def nack(self) -> None:
        """Have it delivered again."""


class Desk:
    """Where the library's threads put messages, and one thread of ours takes them from."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._waiting: SimpleQueue[Pulled] = SimpleQueue()
        self._changed = Condition()
        self._under_way = 0  # messages put here and not answered yet
        self._closing = Event()
        self._pause = SHORTEST_PAUSE
        self._writer = Thread(target=self._write, name="pull-writer", daemon=True)
        self.heard_at = 0.0  # time.monotonic() of the newest message

    def open(self) -> None:
        """Begin to write down."""
        self._writer.start()

    def put(self, message: Pulled) -> None:
        """Take a message; given back at once when we are closing."""
        self.heard_at = time.monotonic()
        if self._closing.is_set():
            message.nack()
            return
        with self._changed:
            self._under_way += 1
        self._waiting.put(message)

    def clear(self, *, within: float, last: bool) -> None:
        """Wait until every message put here is answered, at most *within* seconds; *last*: take no more."""
        if last:
            self._closing.set()
        with self._changed:
            self._changed.wait_for(lambda: self._under_way == 0, within)

    def close(self, *, within: float) -> None:
        """Take no more, and wait for the transaction under way, at most *within* seconds."""
        self.clear(within=within, last=True)
        if self._writer.is_alive():
            self._writer.join(within)

    def _write(self) -> None:
        while not (self._closing.is_set() and self._waiting.empty()):
            held = self._next()
            if not held:
                continue
            try:
                self._settle(held)
            finally:
                with self._changed:
                    self._under_way -= len(held)
                    self._changed.notify_all()

    def _next(self) -> list[Pulled]:
        """Return what is there, at most a transaction's worth; empty after a moment of silence."""
        held: list[Pulled] = []
        try:
            held.append(self._waiting.get(timeout=0.2))
            while len(held) < MOST_TOGETHER:
                held.append(self._waiting.get_nowait())
        except Empty:
            pass
        return held

    def _settle(self, held: list[Pulled]) -> None:
        """Acknowledge what is committed; what could not be goes back, after a pause."""
        failed = held if self._hopeless() else self._tried(held)
        kept_back = {id(message) for message in failed}
        for message in held:
            if id(message) not in kept_back:
                message.ack_with_response().add_done_callback(_told)
        if failed:
            self._give_back(failed)
        else:
            self._pause = SHORTEST_PAUSE

    def _hopeless(self) -> bool:
        """Tell whether to try no more: we are to end, and the database was away a moment ago."""
        return self._closing.is_set() and self._pause > SHORTEST_PAUSE

    def _tried(self, held: list[Pulled]) -> list[Pulled]:
        """Commit all of it together, else one by one; return what could not be."""
        try:
            self._commit(held)
        except TryLater as away:
            log.warning("pull.returned", why=str(away), messages=len(held), pause=self._pause.total_seconds())
            return held
        except Exception as surprise:
            if len(held) > 1:  # one bad message must not hold up the others
                return [failed for one in held for failed in self._tried([one])]
            log.exception("pull.surprise", kind=type(surprise).__name__)
            return held
        return []

    def _commit(self, held: list[Pulled]) -> None:
        usable: list[Notification] = []
        for message in held:
            id_, at = message.message_id, message.publish_time
            try:
                usable.append(from_message(message.data, message_id=id_, published_at=at))
            except Unusable as why:
                reject(self._db, str(why), message.data, id_)
        if usable:
            take(self._db, usable)

    def _give_back(self, held: list[Pulled]) -> None:
        # The pause comes first: what is given back is delivered again within the second.
        self._closing.wait(self._pause.total_seconds())
        self._pause = min(self._pause * 2, LONGEST_PAUSE)
        for message in held:
            message.nack()


def _told(answer: Any) -> None:
    """Note an acknowledgement that Pub/Sub did not take: the notification comes again, which is harmless."""
    if (lost := answer.exception()) is not None:
        log.info("pull.comes_again", kind=type(lost).__name__)
