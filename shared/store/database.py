"""Connections and transactions.  The one place that opens either."""

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from shared.errors import NotStorable, TryLater

type_rows = tuple[Any, ...]
Connection = psycopg.Connection[type_rows]

# Times are compared in UTC everywhere; a query that hangs must not hold an account's lease for ever.
OPTIONS = (
    "-c timezone=UTC -c statement_timeout=60s -c idle_in_transaction_session_timeout=30s -c search_path="
)


# First of the two: a value too long for an index is an OperationalError, and would be tried for ever.
REFUSES_VALUES = (
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.errors.ProgramLimitExceeded,
    UnicodeEncodeError,
)
QUEUE_FULL = (
    "the database's queue of notifications is full: some login listens and never ends its transaction;"
    " end it (pg_stat_activity), or nothing can be stored"
)
UNREACHABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,  # a standby, while another server takes over
    PoolTimeout,
)


class Database:
    """A pool of connections to one database.  Threads share it; processes each open their own."""

    def __init__(self, url: str, *, most: int = 8, name: str = "mailroom") -> None:
        self.url = url
        self._pool = ConnectionPool(
            url,
            min_size=1,
            max_size=most,
            timeout=5,
            open=False,
            kwargs={"options": OPTIONS, "application_name": name, "connect_timeout": 5},
        )

    def __enter__(self) -> Self:
        self._pool.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises.

        Raises TryLater when the database cannot be reached, is stopping, or chose this
        transaction to break a deadlock: nothing was written, the same can be done again.
        Raises NotStorable when it refuses the values themselves.
        """
        try:
            with self._pool.connection() as conn:
                yield conn
        except REFUSES_VALUES as refused:
            if _is_full_queue(refused):
                raise TryLater(QUEUE_FULL, after=timedelta(seconds=10)) from None
            # The driver's message quotes the values, which may be mail: only the class goes on.
            raise NotStorable(f"the database refused a value ({type(refused).__name__})") from None
        except UNREACHABLE as down:
            raise TryLater("the database did not answer", after=timedelta(seconds=2)) from down

    def listen(self, channel: str, *, timeout: float) -> Iterator[str]:
        """Yield the payloads of one channel; yields "" whenever *timeout* seconds pass in silence.

        Holds a connection of its own, because a listening connection can do nothing else.
        """
        with psycopg.connect(
            self.url, autocommit=True, options=OPTIONS, application_name="mailroom-listen"
        ) as conn:
            conn.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            yield ""  # listening has begun: whatever was there before must be looked at once
            while True:
                heard = [note.payload for note in conn.notifies(timeout=timeout, stop_after=1)]
                yield from heard or [""]


def _is_full_queue(refused: Exception) -> bool:
    """Whether NOTIFY's queue had no room, which any login can bring about: that is no fault of our values."""
    return isinstance(refused, psycopg.Error) and refused.diag.source_function == "PreCommit_Notify"
