"""Properties: whatever arrives, one clean mail comes out, and its headers alone name everybody in it."""

import hypothesis.strategies as st
from hypothesis import HealthCheck, example, given, settings

from consumer.mail.headers import from_headers
from consumer.mail.tree import take_apart
from consumer.mail.words import decoded

quick = settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])

MODEL = (
    "Received: from a by b; Tue, 3 Feb 2026 10:00:00 +0100\r\nFrom: =?utf-8?q?Ada_=C3=A9?= <ada@lp.example>\r\n"
    'To: "V, B" <vera@fund.example>, Board: bo@lp.example, cy@lp.example;\r\nCc: <di@lp.example>\r\n'
    "Subject: =?iso-2022-jp?B?GyRCRnxLXBsoQg==?= Grüße\r\n folded\r\nDate: Tue, 3 Feb 2026 10:00:00 +0100\r\n"
    "Message-ID: <1@lp.example>\r\nReferences: <0@x> <2@y>\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="bb"\r\n\r\n--bb\r\nContent-Type: multipart/alternative; boundary=cc\r\n\r\n'
    "--cc\r\nContent-Type: text/plain; charset=gb2312\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=C4=E3=\r\n"
    "--cc\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+aGk8L3A+\r\n--cc--\r\n"
    "--bb\r\nContent-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\ninner\r\n--bb\r\n"
    "Content-Type: application/pdf; name*0*=utf-8''a%C3%A9; name*1=b.pdf\r\nContent-Disposition: inline\r\n"
    "Content-ID: <c@d>\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAw==\r\n--bb--\r\n"
).encode()

SNIPPETS = [
    b"\0", b"\r", b"\n", b"\r\n\r\n", b"\xff", b"\x80", b"=?", b"?=", b"=?utf-8?q?=00=40=3C?=", b"<", b">", b"(", b")", b'"',
    b"\\", b",", b";", b":", b"@", b"--bb", b"--cc--", b"charset=unicode_escape", b"charset=utf-16", b"boundary=", b"\x1b$B",
    b"\xed\xa0\x80", b"=", b"%00", b"*0*=", b"From: x@attacker.example\r\n", b"Content-Type: message/rfc822\r\n", b"&#0;&#xd800;",
    b"99999999999999999999", b"Date: Fri, 31 Dec 9999 23:59:59 -2359\r\n", b"<a@b>", b"x" * 500,
]  # fmt: skip


@given(st.binary(max_size=400))
@example(b"From: \xff\0")
@quick
def test_any_bytes_are_a_clean_mail(read, sound, raw):
    sound(read(raw))


@st.composite
def damaged(draw):
    """Cut pieces out of an honest mail, put hostile ones in."""
    raw = MODEL
    for _ in range(draw(st.integers(1, 6))):
        start, length = draw(st.integers(0, len(raw))), draw(st.sampled_from([0, 0, 1, 2, 7, 60]))
        raw = raw[:start] + draw(st.sampled_from(SNIPPETS)) + raw[start + length :]
    return raw


@given(damaged())
@quick
def test_a_damaged_mail_is_a_clean_mail(read, sound, raw):
    sound(read(raw))
    assert read(raw) == read(raw)


PIECES = [
    b"ada", b"@", b"lp.example", b"bo@x.example", b"<", b">", b"<ada@lp.example>", b"(", b")", b'"', b"\\", b",", b";", b":",
    b" ", b"\r\n ", b"=?utf-8?q?a=40b=2C?=", b"=?utf-8?q?=3Cq=40r.example=3E?=", b"=?utf-8?q?=22?=", b"=?utf-8?q?=28?=", b"\t",
    b"=?utf-8?b?YUBi?=", b"\xc3\xa9", b"\xff", b"\0", b"\r", b".", b"[", b"]", b"+", b"=?", b"?=", b"\xe2\x80\xae", b"'", b"\x81",
]  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        st.sampled_from([b"From", b"To", b"cc", b"BCC", b"Reply-To", b"Sender"]),
        st.lists(st.sampled_from(PIECES), max_size=12).map(b"".join),
    ),
    min_size=1,
    max_size=3,
)


@given(HEADERS)
@example([(b"From", b"x@y.example,<>")])
@example([(b"From", b"ada@lp.example (<bo@x.example>)")])
@example([(b"From", b"bo@x.example =?utf-8?q?=3Cq=40r.example=3E?=")])
@example([(b"From", b"\x81<\xc3\xa9bo@x.example>")])
@example([(b"To", b"bo@x.example=?utf-8?q?a=40b=2C?=bo@x.examplebo@x.example")])
@example([(b"From", b'=?utf-8?q?=22?=<ada@lp.example>"@ada')])
@example([(b"To", b"ada(home)@lp.example")])
@example([(b"To", b'"=?utf-8?q?=22?=" <ada@lp.example>')])
@settings(quick, max_examples=1_500)
def test_the_headers_alone_name_everybody_the_whole_mail_names(read, sound, headers):
    raw = b"".join(name + b": " + value + b"\r\n" for name, value in headers) + b"\r\n"
    metadata = [
        (name, decoded(value).replace("\r\n", "").replace("\r", ""))
        for name, value in take_apart(raw).headers
    ]

    named = {(one.role, one.address) for one in from_headers(metadata)}

    assert {(one.role, one.address) for one in sound(read(raw)).participants} <= named
