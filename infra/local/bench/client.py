"""Calls per second and CPU per call of our Gmail client beside Google's own, on one server, in one run."""

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.http import BatchHttpRequest

from infra.local.bench.figure import Figure
from infra.local.processes import Group, Process, free_port
from shared.gmail.client import Gmail, GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.resources import Message
from shared.gmail.transport import Transport

ADA = "ada@fund.test"
ROUNDS = 5
CALLS = 200  # of each kind and round; batches hold 25 of them
IDS = [f"18f{number:013x}" for number in range(CALLS)]
TOGETHER = 25


class FixedTokens:
    """One token: what is measured is the way of a call."""

    def token(self, address: str) -> str:  # noqa: ARG002 - every account has the same
        """Return it."""
        return "bench"

    def forget(self, address: str) -> None:
        """There is no other."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast one way of calling was in one round."""

    per_second: float
    cpu_ms: float  # of this process, for each call


def figures() -> Iterator[Figure]:
    """Time single gets of raw mail (8 KB) and batches of 25 metadata gets, each way in turn."""
    with tempfile.TemporaryDirectory(prefix="mailroom-bench") as folder, Group() as group:
        port = free_port()
        argv = [sys.executable, "-m", "infra.local.bench.canned", str(port)]
        group.start(Process("canned", argv, {}, Path(folder) / "log"), ready="canned answers are served")
        paces = _measured(_ways(f"http://127.0.0.1:{port}"))
    yield from _rows("get", paces["get"], paces["google get"], "google-api-python-client")
    yield from _rows("get", paces["get"], paces["google get, kept"], "the same, resource kept")
    yield from _rows("batch_of_25", paces["batch"], paces["google batch"], "BatchHttpRequest")


def _measured(ways: dict[str, Callable[[], None]]) -> dict[str, Pace]:
    """Run all ways in turn, a few rounds, and take each one's median."""
    for way in ways.values():
        way()  # connections are open and caches full
    rounds = [{name: _paced(way) for name, way in ways.items()} for _ in range(ROUNDS)]
    return {name: _median([one[name] for one in rounds]) for name in ways}


def _paced(way: Callable[[], None]) -> Pace:
    began, cpu = time.perf_counter(), time.process_time()
    way()
    return Pace(CALLS / (time.perf_counter() - began), (time.process_time() - cpu) * 1000 / CALLS)


def _median(paces: list[Pace]) -> Pace:
    middle = len(paces) // 2
    return Pace(
        sorted(pace.per_second for pace in paces)[middle], sorted(pace.cpu_ms for pace in paces)[middle]
    )


def _rows(kind: str, ours: Pace, theirs: Pace, name: str) -> Iterator[Figure]:
    yield Figure(
        f"client.{kind}.calls_per_second",
        ours.per_second,
        "1/s",
        f"{name} {theirs.per_second:,.0f}/s",
        ours.per_second / theirs.per_second,
    )
    yield Figure(
        f"client.{kind}.cpu_per_call",
        ours.cpu_ms,
        "ms",
        f"{name} {theirs.cpu_ms:.3f} ms",
        ours.cpu_ms / theirs.cpu_ms,
    )


def _ways(url: str) -> dict[str, Callable[[], None]]:
    gmail = GmailFactory(url, transport=Transport(), tokens=FixedTokens(), budget=Budget(0)).account(ADA)
    service = build(
        "gmail",
        "v1",
        credentials=Credentials("bench"),  # type: ignore[no-untyped-call]
        client_options={"api_endpoint": url},
        static_discovery=True,
        cache_discovery=False,
    )
    kept = service.users().messages()
    return {
        "get": lambda: _ours(gmail),
        "google get": lambda: _google(lambda: service.users().messages()),
        "google get, kept": lambda: _google(lambda: kept),
        "batch": lambda: _our_batches(gmail),
        "google batch": lambda: _google_batches(kept, f"{url}/batch/gmail/v1"),
    }


def _ours(gmail: Gmail) -> None:
    for id_ in IDS:
        gmail.message(id_, "raw")


def _google(messages: Callable[[], Any]) -> None:
    for id_ in IDS:
        messages().get(userId=ADA, id=id_, format="raw").execute()


def _our_batches(gmail: Gmail) -> None:
    found = gmail.metadata(IDS)
    _checked(sum(isinstance(one, Message) for one in found.values()))


def _google_batches(messages: Any, batch_url: str) -> None:
    found = list[Any]()
    headers = ["From", "To", "Cc", "Bcc", "Sender", "Reply-To"]
    for start in range(0, CALLS, TOGETHER):
        batch = BatchHttpRequest(callback=lambda _, answer, __: found.append(answer), batch_uri=batch_url)
        for id_ in IDS[start : start + TOGETHER]:
            batch.add(messages.get(userId=ADA, id=id_, format="metadata", metadataHeaders=headers))
        batch.execute()
    _checked(sum(one is not None for one in found))


def _checked(number: int) -> None:
    if number != CALLS:
        raise RuntimeError(f"{number} of {CALLS} calls were answered")
