"""Parsing in child processes that can be killed: a hostile mail costs one message, never a worker."""

import hashlib
import resource
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import replace
from datetime import UTC, datetime
from multiprocessing import get_context
from types import TracebackType
from typing import Self

import msgspec
from pebble import ProcessExpired, ProcessPool

from consumer.mail import head
from consumer.mail.gmail_json import NotAMessage, mail_of
from consumer.mail.message import Mail
from consumer.mail.parse import headless, opaque, parse
from consumer.mail.verdict import RECEIVER

# Limits of one message: wall time in seconds, of all of it and of its head alone, and address space in
# bytes (parsing peaks near nine times the size of the mail).
SECONDS = 10.0
HEAD_SECONDS = 5.0
ADDRESS_SPACE = 768 * 1024 * 1024
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 50 * 1024 * 1024  # bytes of a message that is read whole: as much as Gmail lets in by SMTP
FRESH_AFTER = 5_000  # messages after which a child is replaced, so that no leak can grow for ever


class Parsers:
    """Child processes that turn raw bytes into Mail.  Shared by all threads of a consumer."""

    def __init__(self, children: int, receiver: str = RECEIVER, *, largest: int = LARGEST) -> None:
        # Spawned, not forked: the consumer has threads, and a forked lock stays locked for ever.
        self._pool = ProcessPool(
            max_workers=children, max_tasks=FRESH_AFTER, initializer=_limit, context=get_context("spawn")
        )
        self._children = children
        self._receiver = receiver  # how our own mail server names itself in Authentication-Results
        self._largest = largest

    def __enter__(self) -> Self:
        """Start the children now: the first mail should not wait for an import."""
        warm = [self._submit(b"", EPOCH) for _ in range(self._children)]
        for one in warm:
            one.exception()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.stop()
        self._pool.join()

    def parse(self, mails: Sequence[tuple[bytes, datetime]]) -> list[Mail]:
        """Parse (raw bytes, time received) in parallel; the order is kept.  Never raises for a mail's sake.

        A child that overruns its limits is killed and its message becomes opaque, with a defect that says so.
        So does a message too large to be read whole, of which only the head is.  One whose head alone
        overruns them too names nobody.
        """
        futures = [
            self._submit(raw, received_at) if len(raw) <= self._largest else None
            for raw, received_at in mails
        ]
        return [
            self._result(future, raw, at) if future else self._opaque(raw, at, "message-limit")
            for future, (raw, at) in zip(futures, mails, strict=True)
        ]

    def parse_json(self, mails: Sequence[tuple[bytes, datetime]]) -> list[Mail]:
        """Parse (Gmail's JSON in format full, time received), as `parse` does raw bytes."""
        futures: list[Future[Mail]] = [
            self._pool.schedule(_parse_json, args=[json, at, self._receiver], timeout=SECONDS)
            for json, at in mails
        ]
        return [self._result(future, json, at) for future, (json, at) in zip(futures, mails, strict=True)]

    def _submit(self, raw: bytes, received_at: datetime) -> "Future[Mail]":
        future: Future[Mail] = self._pool.schedule(
            _parse, args=[raw, received_at, self._receiver], timeout=SECONDS
        )
        return future

    def _result(self, future: "Future[Mail]", raw: bytes, at: datetime) -> Mail:
        try:
            return future.result()
        except TookTooLong:
            return self._opaque(raw, at, "parse-too-slow")
        except (ProcessExpired, MemoryError):
            return self._opaque(raw, at, "parse-died")

    def _opaque(self, raw: bytes, at: datetime, defect: str) -> Mail:
        """Read the head alone, in a child as well: here a hostile one would hold up all threads."""
        future: Future[Mail] = self._pool.schedule(
            opaque,
            args=[raw[: head.LOOKED_AT]],
            kwargs={"received_at": at, "defect": defect, "receiver": self._receiver},
            timeout=HEAD_SECONDS,
        )
        try:
            return replace(future.result(), digest=hashlib.sha256(raw).hexdigest())
        except TookTooLong:
            return headless(raw, received_at=at, defects={defect, "parse-too-slow"})
        except (ProcessExpired, MemoryError):
            return headless(raw, received_at=at, defects={defect, "parse-died"})


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))


def _parse(raw: bytes, received_at: datetime, receiver: str) -> Mail:
    return parse(raw, received_at=received_at, receiver=receiver)


def _parse_json(json: bytes, received_at: datetime, receiver: str) -> Mail:
    try:
        return mail_of(msgspec.json.decode(json), otherwise=received_at, receiver=receiver)
    except (NotAMessage, msgspec.DecodeError):
        return opaque(json, received_at=received_at, defect="parse-failed")
