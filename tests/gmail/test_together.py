"""How many messages travel: in batches, and by themselves where a batch is too much."""

import pytest

from shared.errors import CallerBug, NotAsked
from shared.gmail.resources import Message
from tests.gmail.scripted import IDS, a_message, asked_ids, reply, whole


def test_many_messages_travel_in_batches_of_25_and_come_back_by_id(gmail, mailbox, scripted):
    found = gmail.metadata(IDS)

    assert list(found) == IDS
    assert all(found[id_].id == id_ for id_ in IDS)
    assert [len(asked_ids(request)) for request in scripted.requests] == [25, 25, 10]
    assert all(request.headers["accept-encoding"] == "gzip" for request in scripted.requests)


def test_whole_messages_travel_in_smaller_batches_and_unpacked(gmail, mailbox, scripted):
    found = gmail.raw(IDS[:21])

    assert {message.raw_bytes() for message in found.values()} == {b"Subject: x\r\n\r\nhello"}
    assert [request.path.partition("?")[0][-5:] for request in scripted.requests] == ["gmail/v1"[-5:]] * 2 + [
        "18f20"
    ]
    assert {request.headers["accept-encoding"] for request in scripted.requests} == {"identity"}


def test_one_message_is_asked_for_without_a_batch(gmail, mailbox, scripted):
    gmail.raw(["18f"])

    assert scripted.requests[0].method == "GET"


def test_an_id_named_twice_is_asked_for_once_and_none_costs_nothing(gmail, mailbox, scripted):
    assert list(gmail.raw(["18f", "18f"])) == ["18f"]
    assert gmail.raw([]) == {}
    assert len(scripted.requests) == 1


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_batches_is_asked_one_by_one(gmail, scripted, status):
    singles = [reply(200, a_message(id_)) for id_ in IDS[:3]]
    scripted.script = [reply(status, b"<html>no batches here</html>"), *singles]

    found = gmail.metadata(IDS[:3])

    assert [found[id_].id for id_ in IDS[:3]] == IDS[:3]


def test_a_batch_too_large_to_hold_is_asked_for_in_halves(gmail, mailbox):
    sizes = dict.fromkeys(IDS[:4], 10_000) | {IDS[3]: 60_000}
    mailbox.trouble = {id_: (200, whole(id_, b"x" * size)) for id_, size in sizes.items()}

    found = gmail.raw(IDS[:4])

    assert [len(found[id_].raw_bytes()) for id_ in IDS[:4]] == [10_000, 10_000, 10_000, 60_000]
    assert [len(asked) for asked in mailbox.asked] == [4, 2, 2]


def test_a_batch_may_be_smaller_than_a_message_by_itself(gmail, mailbox, monkeypatch):
    monkeypatch.setattr("shared.gmail.batch.MOST_BYTES", 20_000)
    mailbox.trouble = {IDS[0]: (200, whole(IDS[0], b"x" * 60_000))}

    found = gmail.raw(IDS[:3])

    assert len(found[IDS[0]].raw_bytes()) == 60_000
    assert mailbox.asked == [IDS[:3], [IDS[0]], IDS[1:3]]


@pytest.mark.parametrize("status", [200, 404])
def test_no_more_is_read_at_once_than_memory_is_given_to_and_the_rest_comes_next_time(
    gmail, mailbox, scripted, monkeypatch, status
):
    """Whether they come in batches or, where there are none, one by one."""
    monkeypatch.setattr("shared.gmail.many.MOST_HELD", 30_000)
    mailbox.trouble = {id_: (200, whole(id_, b"x" * 10_000)) for id_ in IDS}
    if status == 404:
        scripted.script.insert(0, reply(404, b"<html>"))

    found = gmail.raw(IDS[:20])

    read = [id_ for id_, one in found.items() if isinstance(one, Message)]
    assert list(found) == IDS[:20]
    # A batch of ten is more than this transport takes; its first half alone is more than may be held.
    assert read == IDS[: 3 if status == 404 else 5]
    assert all(isinstance(found[id_], NotAsked) for id_ in IDS[len(read) : 20])
    assert not any(found[id_].after for id_ in IDS[len(read) : 20])


def test_a_message_too_large_to_hold_costs_only_itself(gmail, mailbox, scripted):
    scripted.script = [reply(200, whole("18f", b"x" * 200_000))]

    assert isinstance(gmail.raw(["18f"])["18f"], CallerBug)


@pytest.mark.parametrize("raw", ["", None, "no base64!", "a"])
def test_a_whole_message_without_its_bytes_is_never_taken_for_an_empty_one(gmail, scripted, raw):
    message = a_message("18f") if raw is None else a_message("18f", raw=raw)
    scripted.script = [reply(200, message)]

    assert isinstance(gmail.raw(["18f"])["18f"], CallerBug)
