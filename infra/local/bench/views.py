"""How fast the CRM's views answer, at the size of a fund that has used mailroom for years."""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from infra.local import postgres
from infra.local.bench.figure import Figure
from infra.local.demo.play import percentile
from shared.store import migrate
from shared.store.database import Connection, Database
from shared.store.sql import queries

SQL = queries(__file__)
ACCOUNTS = 50
MESSAGES_AN_INVESTOR = 250
STEPS = ("fund", "drafts", "texts", "emails", "participants", "matches", "copies", "attachments", "show")
ROUNDS = 2  # the first of each question also fetches pages from the disk: the faster one counts


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the CRM, asked with several values; *beside* is how else it could be answered."""

    name: str
    statement: str
    values: Sequence[object]
    beside: str
    against: str
    also_beside: int = 1  # how many of the values: the alternative may depend on them


@dataclass(frozen=True, slots=True)
class Answer:
    """What one question took: milliseconds for each value, of the alternative too, and the plan."""

    question: str
    took: list[float]
    beside: list[float]
    against: str
    plan: str


def answers(messages: int, say: Callable[[str], None]) -> Iterator[Answer]:
    """Make a fund's mail in a database of its own, then ask as the CRM's role."""
    with (
        tempfile.TemporaryDirectory(prefix="mailroom-bench") as folder,
        postgres.start(Path(folder)) as server,
    ):
        migrate.up(server.url)
        with Database(server.url, most=1) as db:
            _make(db, messages, say)
            with db.transaction() as conn:
                conn.execute(SQL["patient"])
                investors = [row[0] for row in conn.execute(SQL["some_investors"], {"messages": messages})]
                words = [row[0] for row in conn.execute(SQL["some_words"])]
            for question in _questions(investors, words):
                say(f"asking: {question.name}")
                with db.transaction() as conn:
                    yield _ask(conn, question)


def figures(found: Sequence[Answer]) -> Iterator[Figure]:
    """p50 and p95 of each question beside p50 of its alternative, in milliseconds."""
    for one in found:
        other = percentile(one.beside, 0.5) or 0
        for name, share in (("p50", 0.5), ("p95", 0.95)):
            value = percentile(one.took, share) or 0
            ratio = value / other if other else None
            yield Figure(
                f"views.{one.question}.{name}", value, "ms", f"{one.against}, {other:,.0f} ms", ratio
            )


def _make(db: Database, messages: int, say: Callable[[str], None]) -> None:
    sizes = {"messages": messages, "accounts": ACCOUNTS, "investors": messages // MESSAGES_AN_INVESTOR + 1}
    with db.transaction() as conn:
        conn.execute(SQL["sizes"], {name: str(size) for name, size in sizes.items()})
    for step in STEPS:
        say(f"making {messages:,} messages: {step}")
        with db.transaction() as conn:
            conn.execute(SQL["patient"])
            conn.execute(SQL[step])
    say("making: words")
    with db.transaction() as conn:
        conn.execute(SQL["patient"])
        conn.execute(SQL["words"])
        conn.execute(SQL["tidy"])
    with db.transaction() as conn:
        conn.commit()
        conn.autocommit = True
        conn.execute(SQL["settle"])
        conn.autocommit = False


def _questions(investors: list[int], words: list[str]) -> list[Question]:
    rule, scan = "the rule worked out for all mail", "every text read"
    return [
        Question("newest_100_of_an_investor", "newest", investors, "newest_by_rule", rule),
        Question("activity_of_one", "activity_one", investors, "activity_by_rule", rule),
        Question("activity_of_all", "activity_all", [0] * 5, "activity_by_rule", rule),
        Question("search", "search", words, "search_by_reading", scan, also_beside=7),
    ]


def _ask(conn: Connection, question: Question) -> Answer:
    conn.execute(SQL["patient"])
    beside = [_timed(conn, question.beside, one) for one in question.values[: question.also_beside]]
    conn.execute(SQL["as_the_crm"])
    took = [min(_timed(conn, question.statement, one) for _ in range(ROUNDS)) for one in question.values]
    conn.execute(SQL["as_ourselves"])
    name = "search_inside" if question.statement == "search" else question.statement
    plan = conn.execute(
        b"EXPLAIN (ANALYZE, COSTS OFF, BUFFERS OFF) " + SQL[name], {"value": question.values[0]}
    )
    return Answer(question.name, took, beside, question.against, "\n".join(line for (line,) in plan))


def _timed(conn: Connection, name: str, value: object) -> float:
    began = time.perf_counter()
    conn.execute(SQL[name], {"value": value}).fetchall()
    return (time.perf_counter() - began) * 1000
