"""One message Gmail cannot hand out, or a Gmail that is away for hours: who pays."""

import json
import os
import re
from dataclasses import replace

import pytest

from consumer import parsing
from consumer.parsing import Parsers
from shared.credentials.delegated import DelegatedTokens
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from tests.consumer.mails import mail
from tests.consumer.names import ADA
from tests.contract.liar import lying
from tests.gmail.scripted import refusal

NUMBER = 6


class Trouble:
    """What the proxy does to answers that name a message; nothing until it is told."""

    def __init__(self):
        self.id, self.kind = "none", ""

    def __call__(self, path, status, body):
        if self.kind == "away" and "/token" not in path:
            return 503, b"<html>"
        if self.id in path or ("/threads/" in path and self.id.encode() in body):
            return self.alone(status, body)
        if path.startswith("/batch") and self.id.encode() in body:
            return self.in_batch(body)
        return status, body

    def alone(self, status, body):
        return {"cut": None, "error": (503, b"<html>"), "refused": (403, ODD)}.get(self.kind, (status, body))

    def in_batch(self, body):
        if self.kind != "refused":
            return self.alone(200, body)
        parts = re.split(rb"(?=--batch_)", body)
        return 200, b"".join(refused(part) if self.id.encode() in part else part for part in parts)


ODD = json.dumps(refusal(403, "somethingNew", "No.")).encode()


def refused(part):
    head = part[: part.index(b"HTTP/1.1 200")]
    return head + b"HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n\r\n" + ODD + b"\r\n"


@pytest.fixture
def trouble(world, google):
    """The world's Gmail, with something in between that can be told to fail."""
    told, transport = Trouble(), Transport()
    key = google.control("service-accounts", {"email": "bad@p.iam.gserviceaccount.com", "projectId": "p"})
    with lying(google.url, told) as url:
        tokens = DelegatedTokens(key, f"{google.url}/token", transport=transport)
        gmail = GmailFactory(url, transport=transport, tokens=tokens, budget=Budget(0))
        world.deps = type(world.deps)(
            **{name: getattr(world.deps, name) for name in type(world.deps).__slots__} | {"gmail": gmail}
        )
        yield told
    transport.close()


def later(world):
    """Let everything that waits be due, and work."""
    world.rows(b"UPDATE mailroom.account_messages SET not_before = now() RETURNING 1")
    world.rows(b"UPDATE mailroom.email_deltas SET due_at = now() RETURNING 1")
    return world.work()


def arrived(world, google):
    """Enrolled, then mail of which nothing is read yet; the third is the one in trouble."""
    world.enrol(ADA)
    world.work()
    ids = [google.deliver(ADA, mail(subject=f"Number {number}"))["id"] for number in range(NUMBER)]
    world.push(ADA)
    return ids


def status(world):
    return world.rows(b"SELECT status FROM mailroom.email_accounts")[0][0]


@pytest.mark.parametrize("kind", ["cut", "error", "refused"])
def test_a_message_that_can_never_be_had_costs_only_itself_and_ends_visible(world, google, trouble, kind):
    ids = arrived(world, google)
    trouble.id, trouble.kind = ids[2], kind

    world.work()

    others = [id_ for id_ in ids if id_ != ids[2]]
    assert {world.states(ADA)[id_] for id_ in others} == {"stored"}
    assert world.states(ADA)[ids[2]] == "waiting"
    for _ in range(world.deps.settings.retry_max):
        later(world)
    assert world.states(ADA)[ids[2]] == "dead"
    assert status(world) == "active"


@pytest.mark.parametrize("kind", ["cut", "error", "refused"])
def test_in_an_old_thread_that_is_read_as_a_whole_it_costs_only_itself_too(world, google, trouble, kind):
    first = google.deliver(ADA, mail())["id"]
    ids = [first, *(google.deliver(ADA, mail(), threadId=first)["id"] for _ in range(NUMBER - 1))]
    trouble.id, trouble.kind = ids[2], kind
    world.enrol(ADA)

    world.work()
    for _ in range(world.deps.settings.retry_max):
        later(world)

    assert world.states(ADA) == {id_: "dead" if id_ == ids[2] else "stored" for id_ in ids}
    assert status(world) == "active"


@pytest.mark.parametrize("kind", ["cut", "error", "refused"])
def test_a_message_that_comes_in_the_end_is_stored_like_any_other(world, google, trouble, kind):
    ids = arrived(world, google)
    trouble.id, trouble.kind = ids[2], kind
    world.work()
    later(world)

    trouble.kind = ""
    later(world)

    assert set(world.states(ADA).values()) == {"stored"}


def test_a_gmail_that_is_away_for_hours_makes_no_message_dead(world, google, trouble):
    ids = arrived(world, google)
    trouble.kind = "away"
    for _ in range(2 * world.deps.settings.retry_max):
        later(world)

    trouble.kind = ""
    later(world)

    assert {world.states(ADA)[id_] for id_ in ids} == {"stored"}
    assert status(world) == "active"


def test_a_message_over_the_limit_is_the_investors_without_its_content_and_nobodys_is_let_go(world):
    world.enrol(ADA)
    with Parsers(1, largest=2_000) as children:
        world.deps = replace(world.deps, parsers=children)
        world.arrive(ADA, mail(subject="deck", text="x" * 3_000))
        world.arrive(ADA, mail(subject="small"))
        nobodys = world.arrive(
            ADA, mail(sender='"ivy@lp.example (Ivy)" <n@letter.example>', text="x" * 3_000)
        )

    assert world.rows(b"SELECT subject, body_text <> '', 'message-limit' = ANY (defects) FROM crm.emails ORDER BY 1") == [
        ("deck", False, True),
        ("small", True, False),
    ]  # fmt: skip
    assert world.states(ADA)[nobodys] == "unmatched"


def die(*_args, **_more):
    os._exit(1)


def test_a_message_over_the_limit_whose_head_kills_its_reader_is_dead_with_its_raw_kept(world, monkeypatch):
    world.enrol(ADA)
    with Parsers(1, largest=2_000) as children:
        monkeypatch.setattr(parsing, "opaque", die)
        world.deps = replace(world.deps, parsers=children)
        gmail_id = world.arrive(ADA, mail(text="x" * 3_000))

    assert world.states(ADA) == {gmail_id: "dead"}
    assert [path for path in (world.deps.blobs.root / "raw").rglob("*") if path.is_file()]
