"""Mail nobody here wrote: hostile messages survive every format, genuine ones look as Gmail showed them."""

import base64
import json
import random
from pathlib import Path

import pytest

from infra.local.google import payload, tree

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"
GENUINE = CORPUS / "gmail-json" / "flowcrypt"
# Donors changed names, addresses or line ends in these; their trees are still genuine.
CENSORED = ("demo-with-reply", "16a9c0fe", "16a9c109", "17dad75e", "18024d53", "1960e404")
REWRITTEN = frozenset({"From", "To", "Cc", "Reply-To", "Subject"})
MANNER = payload.Manner(transcode=True, untouched=frozenset(), most_inline=100_000, padding="always")

pytestmark = pytest.mark.skipif(not CORPUS.is_dir(), reason="the mail corpus is not beside this checkout")


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_every_message_of_the_corpus_is_served_in_every_format(google, users):
    files = sorted(CORPUS.rglob("*.eml"))
    told = [
        {"raw": base64.urlsafe_b64encode(file.read_bytes()).decode(), "keepBytes": True} for file in files
    ]
    delivered = google.control("mailboxes/ada@fund.example/messages", {"messages": told})["messages"]
    ids = [one["id"] for one in delivered]

    found = {}
    for shape in ("minimal", "metadata", "full", "raw"):
        requests = [users.messages().get(userId="me", id=id_, format=shape) for id_ in ids]
        for start in range(0, len(requests), 100):
            answers = google.batch(requests[start : start + 100])
            found |= {(shape, ids[start + int(name.split()[1])]): one for name, one in answers.items()}
    bad = [key for key, one in found.items() if not isinstance(one, dict)]

    assert len(files) > 100
    assert not bad
    for file, id_ in zip(files, ids, strict=True):
        assert unpacked(found["raw", id_].get("raw", "")) == file.read_bytes(), file


def genuine():
    """Each genuine `full` answer with the raw bytes of the same message."""
    for file in sorted(GENUINE.glob("*.json")):
        told = json.loads(file.read_text())
        raw = told.get("raw")
        raw = raw.get("raw") if isinstance(raw, dict) else raw
        if raw and told.get("full"):
            yield pytest.param(told["full"], unpacked(raw), id=file.stem.split("__")[1])


def mine(raw):
    dice = random.Random(1)  # noqa: S311 - decides about padding, which is not compared
    return payload.full(tree.parse(raw), MANNER, dice, lambda part_id: part_id)


def shape(part):
    return (
        part["partId"],
        part["mimeType"],
        bool(part["filename"]),
        set(part["body"]),
        [shape(child) for child in part.get("parts", [])],
    )


@pytest.mark.parametrize(("full", "raw"), list(genuine()))
def test_a_genuine_message_has_the_tree_that_gmail_showed(full, raw):
    assert shape(mine(raw)) == shape(full["payload"])


def flat(part):
    yield part
    for child in part.get("parts", []):
        yield from flat(child)


@pytest.mark.parametrize(
    ("full", "raw"), [one for one in genuine() if not any(name in one.id for name in CENSORED)]
)
def test_a_genuine_message_has_the_headers_and_bytes_that_gmail_showed(full, raw):
    for ours, theirs in zip(flat(mine(raw)), flat(full["payload"]), strict=True):
        shown = [(one["name"], one["value"]) for one in ours["headers"]]
        # Donors took headers out and changed who wrote to whom.
        kept = [(one["name"], one["value"]) for one in theirs["headers"] if one["name"] not in REWRITTEN]
        assert [one for one in kept if one not in shown] == []
        assert ours["filename"] == theirs["filename"]
        assert ours["body"]["size"] == theirs["body"]["size"]
        assert unpacked(ours["body"].get("data", "")) == unpacked(theirs["body"].get("data", ""))
