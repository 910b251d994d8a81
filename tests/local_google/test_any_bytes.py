"""Nothing that can be delivered brings a format down, or takes long."""

import json
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.google import attachment_ids, payload, tree
from infra.local.google.heads import headers_of, shown
from infra.local.google.mailbox import Mailbox
from infra.local.google.transport import head
from infra.local.google.wire import encoded

MANNER = payload.Manner(transcode=True, untouched=frozenset(), most_inline=1_000, padding="random")
PIECES = st.sampled_from(
    [b"Content-Type: multipart/mixed; boundary=b\n", b"Content-Type: message/rfc822\n", b"Content-Type: text/html; charset=", b"idna",
     b"utf-16", b"x-none", b"\n", b"\n\n", b"\r", b"--b", b"--b--", b"\n--b\n", b"Content-Transfer-Encoding: base64\n", b"=?utf-8?q?=FF?=",
     b"Subject: ", b"=?idna?b?w6k=?=", b" ", b"\t", b'Content-Disposition: attachment; filename*0*="', b"utf-8''%ff", b"<style>", b"\x00", b"\xed\xa0\x80"]
)  # fmt: skip


def all_formats(raw):
    dice, root = random.Random(1), tree.parse(raw)  # noqa: S311 - decides about padding
    full = payload.full(root, MANNER, dice, lambda part_id: part_id or "root")
    encoded([full, payload.metadata(root, [], extras=True), payload.snippet(root)])
    return root, full


@given(st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join))
def test_any_bytes_are_a_message(raw):
    root, full = all_formats(raw)

    found = [full]
    while found:
        one = found.pop()
        found += one.get("parts", [])
        assert root.at(one["partId"]).media_type == one["mimeType"]


@given(st.lists(PIECES | st.binary(max_size=6), max_size=30).map(b"".join))
def test_any_bytes_can_be_delivered(raw):
    box = Mailbox("ada@fund.example", random.Random(1))  # noqa: S311 - ids
    message = box.add(raw, ["INBOX"], 1)

    assert message.raw == raw
    assert head(box.email, headers_of(raw), 1e9, box.dice).decode().isascii()


@given(st.text(max_size=40) | st.lists(st.sampled_from(["=?utf-8?b?w7w=?=", "=?utf-8?q?=C3?=", "=?utf-8?q?=BC?=", " ", "x", "\udcff", "\ud800"])).map("".join))  # fmt: skip
def test_any_header_can_be_shown(value):
    assert json.dumps(shown(value), ensure_ascii=False).encode()


@given(st.integers(0, 2**32), st.from_regex(r"\A([0-9]{1,3}(\.[0-9]{1,3}){0,4})?\Z"))
def test_an_attachment_id_says_which_part_it_stands_for(seed, part_id):
    token = attachment_ids.make("18a", part_id, seed=seed, dice=random.Random(1))  # noqa: S311 - a mask

    assert attachment_ids.part_of(token, "18a", seed=seed) == part_id
    assert attachment_ids.part_of(token, "18b", seed=seed) is None
    assert attachment_ids.part_of(token, "18a", seed=seed + 1) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: " + b" " * 1_000_000 + b"x\n\nbody",
        b"Content-Type: text/plain;" + b' a="\\";' * 100_000 + b"\n\nbody",
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\n" * 100_000,
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(5_000)),
        b"Content-Type: message/rfc822\n\n" * 5_000,
        b"Content-Type: text/html\n\n" + b"<style" * 200_000,
        b"Content-Type: text/plain; charset=idna\n\n" + b"xn--" * 200_000,
        b"Subject: " + b"=?utf-8?q?a?= " * 50_000 + b"\n\n",
        b"\n" * 1_000_000,
        b"A: b\n\t" * 200_000,
    ],
    ids=lambda raw: repr(raw[:30]),
)
def test_hostile_mail_takes_no_long_time(raw):
    began = time.process_time()
    all_formats(raw)

    assert time.process_time() - began < 3
