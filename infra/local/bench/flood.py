"""A flood of notifications for one mailbox: what it costs, and what mail for its neighbours notices of it.

The demo's stack with real processes; the flood is posted to the push endpoint with a token Google signed, as
somebody who stole one would.
"""

import base64
import json
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path

import urllib3

from infra.local.bench.figure import Figure
from infra.local.demo.play import Play, percentile
from infra.local.demo.script import Delivery, Script
from infra.local.demo.stack import SUBSCRIPTION, Stack
from shared.store import investors
from shared.store.database import Database
from shared.store.investors import InvestorRow

ADA = "ada@fund.test"
NEIGHBOURS = ("ben@fund.test", "cleo@fund.test", "dan@fund.test", "eve@fund.test")
PUSHES, SECONDS = 2000, 60.0
MOST_LISTINGS = 12
WRITE_EVERY_SEC = 1.1 / len(NEIGHBOURS)  # Gmail tells each of one change a second
LOOK_SEC = 0.01
CALM_SEC = 20.0  # before the flood, so that enrolling is over; and after it, for what follows from it
LATEST_SEC = 30.0
ACCEPTED = 204


def figures() -> Iterator[Figure]:
    """Write mail to the neighbours for three minutes; Ada is flooded during the second (four in all)."""
    with ExitStack() as stack:
        scene = _Scene(stack)
        alone = scene.write()
        before = scene.listings()
        # In a process of its own: this one delivers the neighbours' notifications.
        somebody = stack.enter_context(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
        flood = somebody.submit(_flood, *scene.endpoint())
        beside = scene.write()
        accepted = flood.result()
        time.sleep(CALM_SEC)
        listings = scene.listings() - before
        alone += scene.write()
    if accepted != PUSHES:
        raise RuntimeError(f"the endpoint took {accepted} of {PUSHES} notifications")
    against = f"{PUSHES} notifications in {SECONDS:.0f} s; limit {MOST_LISTINGS}"
    yield Figure("flood.listings", listings, "calls", against, listings / MOST_LISTINGS)
    for name, share in (("p50", 0.5), ("p95", 0.95)):
        flooded, calm = (1000 * (percentile(seconds, share) or 0) for seconds in (beside, alone))
        yield Figure(
            f"flood.neighbour_{name}", flooded, "ms", f"{calm:,.1f} ms without a flood", flooded / calm
        )


class _Scene:
    """Five mailboxes, a web process, a consumer, and somebody who writes to her neighbours."""

    def __init__(self, stack: ExitStack) -> None:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mailroom-bench")))
        self._stack = stack.enter_context(
            Stack(folder, domain="fund.test", web_port=None, prefer="deliverer", say=lambda _: None)
        )
        db = stack.enter_context(Database(self._stack.database_url))
        with db.transaction() as conn:
            investors.upsert(conn, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])
        script = Script("a fund", "fund.test", (ADA, *NEIGHBOURS), "", (), lambda: iter(()))
        self._play, self._written = Play(self._stack, script, db), 0
        self._play.load_past()
        for name in ("web", "consume"):
            self._stack.start(name)
        self._play.enrol()
        time.sleep(CALM_SEC)

    def write(self) -> list[float]:
        """Write to the neighbours in turn for SECONDS; return the seconds from Gmail to the view."""
        known = len(self._play.gmail_to_view)
        end, due = time.monotonic() + SECONDS, 0.0
        while (now := time.monotonic()) < end:
            if now >= due:
                self._deliver()
                due = now + WRITE_EVERY_SEC
            self._watch()
        while len(self._play.gmail_to_view) < self._written:
            if time.monotonic() > end + LATEST_SEC:
                raise RuntimeError("mail for the neighbours of a flooded mailbox did not arrive")
            self._watch()
        return self._play.gmail_to_view[known:]

    def endpoint(self) -> tuple[str, str]:
        """Return the push endpoint's URL and a token that opens it."""
        return f"{self._stack.web_url}/push/gmail", self._stack.google.sign()

    def listings(self) -> int:
        """Return how often Ada's history was listed so far."""
        boxes = self._stack.google.get("counters")["mailboxes"]
        number: int = boxes[ADA]["calls"].get("history.list", 0)
        return number

    def _deliver(self) -> None:
        self._written += 1
        to = NEIGHBOURS[self._written % len(NEIGHBOURS)]
        mail = _mail(to, self._written).encode()
        self._play.deliver_live([Delivery(to, mail, ("INBOX", "UNREAD"), None, captured=True)])

    def _watch(self) -> None:
        for _ in self._play.arrivals():
            pass  # the play notes how long each took
        time.sleep(LOOK_SEC)
        self._stack.check()


def _flood(url: str, token: str) -> int:
    """Post PUSHES notifications for Ada, evenly over SECONDS; each names what her mailbox never had.

    Return how many were accepted.
    """
    http, begun, accepted = urllib3.PoolManager(retries=False, timeout=30), time.monotonic(), 0
    headers = {"Authorization": f"Bearer {token}"}
    for number in range(PUSHES):
        time.sleep(max(begun + number * SECONDS / PUSHES - time.monotonic(), 0))
        answer = http.request("POST", url, json=_notification(10**12 + number), headers=headers)
        accepted += answer.status == ACCEPTED
    return accepted


def _notification(history_id: int) -> dict[str, object]:
    data = base64.b64encode(json.dumps({"emailAddress": ADA, "historyId": history_id}).encode()).decode()
    return {"message": {"data": data, "messageId": str(history_id)}, "subscription": SUBSCRIPTION}


def _mail(to: str, number: int) -> str:
    return (
        f"From: Ivy <ivy@lp.example>\r\nTo: {to}\r\nSubject: Number {number}\r\n"
        f"Message-ID: <{number}@lp.example>\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n\r\nHello\r\n"
    )
