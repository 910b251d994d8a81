"""Our own time from an accepted push to the stored row, and units per captured message, on a local Google."""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from consumer.matching import Matching
from consumer.parsing import Parsers
from consumer.run import Deps
from consumer.worker import attend
from infra.local import postgres
from infra.local.bench.figure import Figure
from infra.local.demo.play import percentile
from infra.local.demo.stack import Google
from infra.local.processes import Group, Process, free_port
from shared.blobs import BlobStore
from shared.config import Settings
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store import accounts, deltas, investors, migrate
from shared.store.database import Connection, Database
from shared.store.investors import InvestorRow

ADA = "ada@fund.test"
GET = 20  # units of one messages.get: what a captured message costs at the very least


def figures(messages: int) -> Iterator[Figure]:
    """Deliver *messages* one by one to an idle system; time each from the push's upsert to the stored row."""
    with ExitStack() as stack:
        deps, google = _idle_system(stack)
        attend(deps, _leased(deps))
        seconds, units = list[float](), 0
        for number in range(messages):
            google.post(f"mailboxes/{ADA}/messages", {"rawUtf8": _mail(number), "notify": False})
            began = time.perf_counter()
            with deps.db.transaction() as conn:
                deltas.push(conn, ADA, 1)
            tally = attend(deps, _leased(deps))
            seconds.append(time.perf_counter() - began)
            units += tally.units
            if tally.stored != 1:
                raise RuntimeError(f"message {number} was not stored: {tally}")
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        value = (percentile(seconds, share) or 0) * 1000
        goal = {"p50": 10.0, "p99": 50.0}[name]
        yield Figure(f"push_to_stored.{name}", value, "ms", f"goal {goal:.0f} ms", value / goal)
    yield Figure(
        "live.units_per_captured", units / messages, "units", "one messages.get, 20", units / messages / GET
    )


def _idle_system(stack: ExitStack) -> tuple[Deps, Google]:
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench")))
    server = stack.enter_context(postgres.start(folder / "postgres"))
    migrate.up(server.url)
    group, port = stack.enter_context(Group()), free_port()
    argv = [sys.executable, "-m", "infra.local.google", "--port", str(port)]
    group.start(Process("google", argv, {}, folder / "google.log"), ready="local Google at")
    google = Google(f"http://127.0.0.1:{port}")
    db = stack.enter_context(Database(server.url))
    parsers = stack.enter_context(Parsers(1))
    settings = Settings.model_validate({"CRM_GMAIL_WORKSPACE_DOMAIN": "fund.test"})
    deps = Deps(
        db,
        _gmail(google),
        BlobStore(folder / "blobs"),
        parsers,
        settings,
        lambda: False,
        Matching(db, settings.own_domains),
    )
    with db.transaction() as conn:
        _enrol(conn, deps)
    return deps, google


def _gmail(google: Google) -> GmailFactory:
    google.post("mailboxes", {"email": ADA})
    key = google.post(
        "service-accounts", {"email": "bench@bench.iam.gserviceaccount.com", "projectId": "bench"}
    )
    transport = Transport()
    tokens = DelegatedTokens(key, f"{google.url}/token", transport=transport)
    return GmailFactory(google.url, transport=transport, tokens=tokens, budget=Budget(0))


def _enrol(conn: Connection, deps: Deps) -> None:
    cursor, now = deps.gmail.account(ADA).profile().history_id, datetime.now(UTC)
    accounts.enrol(conn, ADA, cursor=cursor, watch_expires_at=None, watch_due_at=now)
    investors.upsert(conn, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])


def _leased(deps: Deps) -> deltas.Lease:
    with deps.db.transaction() as conn:
        lease = deltas.lease(conn, owner="bench", lasts=deltas.LEASE)
    if lease is None:
        raise RuntimeError("the account is not due although it was pushed")
    return lease


def _mail(number: int) -> str:
    return (
        f"From: Ivy <ivy@lp.example>\nTo: {ADA}\nSubject: Bench {number}\nMessage-ID: <{number}@lp.example>\n"
        f"Date: Mon, 16 Nov 2026 10:00:00 +0000\n\nHello number {number}\n"
    )
