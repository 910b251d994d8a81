"""Mail whose structure or head takes the square of its size in a careless reader: each is read in seconds."""

import pytest

KIB = 1024
HEAD = b"From: ada@lp.example\r\nSubject: bomb\r\n"
TYPE = HEAD + b"Content-Type: multipart/mixed"
BOMBS = {
    "a quote never closed in the type": TYPE + b'; a="' + b";" * 2_000_000 + b"\r\n\r\nx",
    "parameters by the thousand": TYPE + b";a=b" * 200_000 + b"\r\n\r\nx",
    "a boundary in many pieces": TYPE + b"".join(b";boundary*%d*=a" % n for n in range(100_000)) + b"\r\n\r\nx",
    "short lines fifty parts deep": HEAD
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(49))
    + b"\r\n" + b"x\r\n" * 1_500_000,
    "thirty megabytes of recipients": HEAD + (b"To: " + b'"\\' * 30 * KIB + b"\r\n") * 500 + b"\r\nx",
    "fifty megabytes of commas": HEAD + (b"Cc: " + b"," * 60 * KIB + b"\r\n") * 900 + b"\r\nx",
    "parentheses never closed": HEAD + b"To: " + b"(" * 60 * KIB + b"\r\nCc: " + b"()(" * 20 * KIB + b"\r\n\r\nx",
    "brackets without commas": HEAD + b"To: " + b"<a@b.example>" * 5_000 + b"\r\n\r\nx",
    "pictures cited a million times": TYPE + b"; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
    + b"cid:" * 500_000 + b"\r\n"
    + b"".join(b"--b\r\nContent-Type: image/png\r\nContent-ID: <cid:cid:x%d>\r\n\r\nx\r\n" % n for n in range(990)),
    "a broken head of a megabyte": HEAD + b"x\r\ny: z\r\n" * 120_000 + b"\r\n",
    "escapes of another charset": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B-!-" * 200_000,
}  # fmt: skip


@pytest.mark.timeout(15)
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_structure_costs_its_own_mail_and_no_more(name, read):
    mail = read(BOMBS[name])

    assert (mail.author.address, mail.subject) == ("ada@lp.example", "bomb")
