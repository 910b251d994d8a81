"""Whose mail it is, at a million addresses: lookups a second and memory, beside asking the database."""

import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from consumer.index import Index
from consumer.mail.message import Participant
from consumer.match import lookup_keys
from infra.local import postgres
from infra.local.bench.figure import Figure
from shared.store import migrate
from shared.store.database import Database
from shared.store.sql import queries

SQL = queries(__file__)
ADDRESSES = 1_000_000
MESSAGES, TOGETHER = 5_000, 25  # a step of the consumer matches 25 messages


def figures() -> Iterator[Figure]:
    """Look up messages of three people each; every second one has an investor among them."""
    tracemalloc.start()
    index = Index(
        (number, "address", f"p{number}@firm{number % 5000}.example") for number in range(ADDRESSES)
    )
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    mails = [_people(number) for number in range(MESSAGES)]
    ours, theirs = _timed(index, mails), _asked(mails)
    yield Figure(
        "matching.lookups", MESSAGES / ours, "messages/s", f"a query per {TOGETHER} messages", theirs / ours
    )
    yield Figure("matching.memory", held / 2**20, "MiB", "none", None)


def _people(number: int) -> list[Participant]:
    known = number * 199 % ADDRESSES if number % 2 else ADDRESSES + number
    sender = Participant("from", f"p{known}@firm{known % 5000}.example", "")
    return [sender, Participant("to", "ada@fund.test", ""), Participant("cc", f"x{number}@else.example", "")]


def _timed(index: Index, mails: list[list[Participant]]) -> float:
    began = time.perf_counter()
    found = sum(bool(index.rules_for(*lookup_keys(people))) for people in mails)
    took = time.perf_counter() - began
    if found != MESSAGES // 2:
        raise RuntimeError(f"{found} of {MESSAGES // 2} messages have a rule")
    return took


def _asked(mails: list[list[Participant]]) -> float:
    with (
        tempfile.TemporaryDirectory(prefix="mailroom-bench") as folder,
        postgres.start(Path(folder)) as server,
    ):
        migrate.up(server.url)
        with Database(server.url, most=1) as db, db.transaction() as conn:
            conn.execute(SQL["fill"], {"most": ADDRESSES})
            conn.execute(SQL["analyse"])
            began = time.perf_counter()
            for start in range(0, len(mails), TOGETHER):
                keys = [lookup_keys(people) for people in mails[start : start + TOGETHER]]
                addresses = {one for found, _ in keys for one in found}
                domains = {one for _, found in keys for one in found}
                conn.execute(SQL["ask"], {"addresses": list(addresses), "domains": list(domains)}).fetchall()
            return time.perf_counter() - began
