"""The tree of parts: what every reader agrees on, and what damaged mail leaves open."""

from email import policy
from email.message import EmailMessage
from email.parser import BytesParser

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from consumer.mail.build import DEEPEST, build
from consumer.mail.tree import take_apart

ROOT = b"From: ada@lp.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"


def leaves(raw):
    return [(leaf.part_id, leaf.content) for leaf in take_apart(raw).leaves]


@st.composite
def messages(draw, depth=0):
    """Make a well-formed message: texts, files, and multiparts of both."""
    message = EmailMessage()
    if depth < 3 and draw(st.booleans()):
        message["Content-Type"] = f"multipart/{draw(st.sampled_from(['mixed', 'alternative', 'related']))}"
        message["MIME-Version"] = "1.0"
        message.set_payload(draw(st.lists(messages(depth=depth + 1), min_size=1, max_size=3)))
    else:
        content = draw(
            st.binary(max_size=60) | st.sampled_from([b"--", b"--b\r\n--b--\r\n", b"text\r\n\r\n"])
        )
        message.set_content(
            content,
            "application",
            draw(st.sampled_from(["pdf", "octet-stream"])),
            cte=draw(st.sampled_from(["base64", "quoted-printable"])),
        )
    return message


@given(messages())
@settings(deadline=None, max_examples=150)
def test_of_a_sound_message_we_find_the_parts_the_standard_library_finds(message):
    raw = message.as_bytes(policy=policy.SMTP)
    found = BytesParser(policy=policy.SMTP).parsebytes(raw)
    theirs = [part.get_payload(decode=True) for part in found.walk() if not part.is_multipart()]

    assert [content for _, content in leaves(raw)] == theirs
    assert not take_apart(raw).defects


DAMAGED = {
    # (the parts, whether the structure counts as damaged)
    b"--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n": ([b"one", b"two"], False),
    b"preamble\r\n--b\r\n\r\none\r\n--b--\r\nepilogue": ([b"one"], False),
    b"--b\n\none\n--b--\n": ([b"one"], False),
    b"--b \t\r\n\r\none\r\n--b-- \r\n": ([b"one"], False),
    b"--b\r\nX: y\r\n--b--\r\n": ([b""], False),
    b"--b\r\n--b--\r\n": ([], False),
    b"--b\r\n\r\none": ([b"one"], True),
    b"--b\r\n\r\none\r\n": ([b"one"], True),
    b"--b\r\nno header\r\n--b--\r\n": ([b"no header"], True),
    b"--b\r\n folded\r\nX: y\r\n\r\none\r\n--b--\r\n": ([b"one"], True),
    b"--b\r\n\r\n--c\r\n--bb\r\n-- b\r\n--b--\r\n": ([b"--c\r\n--bb\r\n-- b"], False),
    # What follows a boundary that closes at once is shown by other readers: it is not hidden.
    b"--b\r\n--b--\r\n\r\nhidden": ([b"hidden"], True),
    b"--b\r\n--b\r\n\r\none\r\n--b--\r\n": ([b"one"], False),
    b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n": (
        [b"one", b"two"],
        True,
    ),
    b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\none\r\n--b--\r\n": (
        [b"", b"one"],
        True,
    ),
    b"--b\r\nContent-Type: multipart/mixed\r\n\r\ninside\r\n--b--\r\n": ([b"inside"], True),
    b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\ninside\r\n--b--\r\n": ([b"inside"], True),
    # A line that opens the inner one and could close the outer one: b-- is the boundary of the inner.
    b"--b\r\nContent-Type: multipart/mixed; boundary=b--\r\n\r\n--b--\r\n\r\none\r\n--b----\r\n--b--\r\n": (
        [b"one"],
        False,
    ),
    b"no boundary at all": ([b"no boundary at all"], True),
}


@pytest.mark.parametrize("body", DAMAGED)
def test_each_kind_of_damage_has_one_reading(body):
    tree = take_apart(ROOT + body)

    assert ([leaf.content for leaf in tree.leaves], "structure-broken" in tree.defects) == DAMAGED[body]


def test_parts_are_numbered_as_gmail_numbers_them():
    inner = b"Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--c--\r\n"

    assert leaves(ROOT + b"--b\r\n" + inner + b"--b\r\n\r\nthree\r\n--b--\r\n") == [
        ("0.0", b"one"),
        ("0.1", b"two"),
        ("1", b"three"),
    ]


def test_in_a_digest_a_part_is_a_message_unless_it_says_otherwise():
    raw = (
        ROOT.replace(b"mixed", b"digest")
        + b"--b\r\n\r\nFrom: bo@lp.example\r\n\r\nx\r\n--b\r\nContent-Type: text/plain\r\n\r\ny\r\n--b--\r\n"
    )

    assert [leaf.media_type for leaf in take_apart(raw).leaves] == ["message/rfc822", "text/plain"]


def test_multiparts_deeper_than_any_sender_needs_stay_whole():
    raw = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(200)
    )
    deepest, depth = build(raw + b"\r\nx"), 0
    while deepest.children:
        deepest, depth = deepest.children[0], depth + 1

    assert depth == DEEPEST
    assert b"boundary=b150" in deepest.written
