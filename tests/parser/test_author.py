"""Who wrote it: the strict reader of From, form by form."""

import pytest

from consumer.mail.addresses import normal
from consumer.mail.parse import LONGEST_ID

ADA = "ada@lp.example"
X = "x@attacker.example"
NOBODY = None

FORMS = {
    # what honest programs write
    b"ada@lp.example": ADA,
    b"<ada@lp.example>": ADA,
    b"Ada Lindqvist <ada@lp.example>": ADA,
    b'"Lindqvist, Ada" <ada@lp.example>': ADA,
    b"Lindqvist, Ada <ada@lp.example>": ADA,
    b'"Ada \\"the bank\\" Lindqvist" <ada@lp.example>': ADA,
    b"ADA@LP.Example": ADA,
    b"ada@lp.example (Ada Lindqvist)": ADA,
    b"Ada (of (the) bank) <ada@lp.example>": ADA,
    b"Ada Lindqvist ada@lp.example": ADA,
    b"=?utf-8?q?Ada_Lindqvist?= <ada@lp.example>": ADA,
    b"=?utf-8?q?Lindqvist,_Ada?= <ada@lp.example>": ADA,
    b"Ada\r\n <ada@lp.example>": ADA,
    b"Ada <ada@lp.example>,": ADA,
    b"Bank: ada@lp.example;": ADA,
    b"Ada <ada@lp.example.>": ADA,
    b"ada@lp.example <ada@lp.example>": ADA,
    b'"ada@lp.example" <ada@lp.example>': ADA,
    b"Ada\xff <ada@lp.example>": ADA,
    b'"ada b"@lp.example': '"ada b"@lp.example',
    b'"ada"@lp.example': ADA,
    b'Ada <"ad\\a"@lp.example>': ADA,
    b'"ada.l+x"@lp.example': "ada.l+x@lp.example",
    b'"ada@b"@lp.example': '"ada@b"@lp.example',
    b"ada+news@lp.example": "ada+news@lp.example",
    "Ada <ada@bücher.example>".encode(): "ada@xn--bcher-kva.example",
    "<ada@straße.example>".encode(): "ada@xn--strae-oqa.example",
    "<ada@STRAẞE.example>".encode(): "ada@xn--strae-oqa.example",
    "<ada@i❤.example>".encode(): "ada@xn--i-7iq.example",
    "<jörg@lp.example>".encode(): "jörg@lp.example",
    b'"Ada Lindqvist" ada@lp.example': ADA,
    b"Dr. Ada Lindqvist ada@lp.example": ADA,
    # a display name is only a name
    b'"contact@known.example" <x@attacker.example>': X,
    b'"contact@known.example, y" <x@attacker.example>': X,
    b"=?utf-8?q?contact=40known.example?= <x@attacker.example>": X,
    b"(contact@known.example) x@attacker.example": X,
    b'"<contact@known.example>" <x@attacker.example>': X,
    # more than one reading: nobody
    b"contact@known.example <x@attacker.example>": NOBODY,
    b"<contact@known.example> <x@attacker.example>": NOBODY,
    b"<x@attacker.example> contact@known.example": NOBODY,
    b"contact@known.example, x@attacker.example": NOBODY,
    b"contact@known.example; Ada <x@attacker.example>": NOBODY,
    b"a@b.example x@attacker.example": NOBODY,
    b"contact@known .example": NOBODY,
    b"contact@known. example": NOBODY,
    b"contact@known attacker.example": NOBODY,
    b'con"ta"ct@known.example': NOBODY,
    b'"con"tact@known.example': NOBODY,
    b'con "ta"ct@known.example': NOBODY,
    b"contact@known.example =?utf-8?q?=3Cx=40attacker.example=3E?=": NOBODY,
    b"=?utf-8?q?contact=40known.example=2C?=, Ada <x@attacker.example>": NOBODY,
    b'"contact@known.example"': NOBODY,
    b'"contact@known.example" <>': NOBODY,
    b'"contact@known.example': NOBODY,
    b"<=?utf-8?q?contact=40known.example?=>": NOBODY,
    b"=?utf-8?q?ada?=@lp.example": NOBODY,
    b"<@relay.example:ada@lp.example>": NOBODY,
    b"<contact@known.example\0@attacker.example>": NOBODY,
    b"<\0contact@known.example>": NOBODY,
    b"<con\0tact@known.example>": NOBODY,
    b"contact@known.example\rFrom: x@attacker.example": NOBODY,
    b"<contact@known.example\r\n @attacker.example>": NOBODY,
    b"<con\xc2\x81tact@known.example>": NOBODY,
    b"<con\xfftact@known.example>": NOBODY,
    "<contact@\uff4bnown.example>".encode(): NOBODY,
    "<contact@ſtrasse.example>".encode(): NOBODY,
    "<contact@\u212anown.example>".encode(): NOBODY,
    "<contact@i❤\ufe0f.example>".encode(): NOBODY,
    "<groß@lp.example>".encode(): NOBODY,
    "<contact@known。example>".encode(): NOBODY,
    "<contact@kno\u200dwn.example>".encode(): NOBODY,
    b"<ada@[192.0.2.1]>": NOBODY,
    b"<ada@-lp.example>": NOBODY,
    b"<ada@lp..example>": NOBODY,
    b"<@lp.example>": NOBODY,
    b"ada@": NOBODY,
    b"@": NOBODY,
    b"Ada Lindqvist": NOBODY,
    b"undisclosed:;": NOBODY,
    b"": NOBODY,
    b"<>": NOBODY,
    b"a" * 6_000 + b"@lp.example": NOBODY,
    b"ada@" + b"lp." * 2_000 + b"example": NOBODY,
    b"(" * 6_000 + b"ada@lp.example": NOBODY,
    b"(" * 3_000 + b")" * 3_000 + b"ada@lp.example": ADA,
    b"n" * 6_000 + b" <ada@lp.example>": ADA,
}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form[:60].decode("ascii", "backslashreplace"))
def test_each_form_of_from_has_one_author_or_none(form, read, sound):
    mail = sound(read(b"Subject: s\r\nFrom: " + form + b"\r\nTo: vera@fund.example\r\n\r\ntext"))

    assert (mail.author.address if mail.author else None) == FORMS[form]
    assert [person.address for person in mail.participants if person.role == "from"] == (
        [FORMS[form]] if FORMS[form] else []
    )
    if not FORMS[form]:
        assert {"author-ambiguous", "author-missing", "from-repeated"} & set(mail.defects)


def test_two_from_headers_are_nobody(read):
    mail = read(b"From: ada@lp.example\r\nSubject: s\r\nFROM : ada@lp.example\r\n\r\n")

    assert mail.author is None
    assert {"from-repeated", "duplicate-header"} <= set(mail.defects)


def test_a_from_in_the_body_or_in_an_attached_mail_is_not_an_author(read):
    mail = read(b"Subject: s\r\nContent-Type: message/rfc822\r\n\r\nFrom: ada@lp.example\r\n\r\ninner")

    assert mail.author is None
    assert "author-missing" in mail.defects


def test_a_broken_line_cannot_hide_the_author(read):
    mail = read(b"Subject: s\r\nnot a header\r\nFrom: ada@lp.example\r\n\r\ntext")

    assert mail.author is not None
    assert "structure-broken" in mail.defects


def test_the_name_is_decoded_and_clean(read):
    mail = read(
        b"From: =?utf-8?q?A=00da=1B_Linda?= =?utf-8?q?=E2=80?= =?utf-8?q?=99s?= <ada@lp.example>\r\n\r\n"
    )

    assert mail.author.name == "A�da Linda\u2019s"


@pytest.mark.parametrize(
    "address", ["a" * 310 + "@lp.example", "", "@", "a@", "@b", "a b@c", "a@b c", '""@c.example']
)
def test_what_is_no_address_is_none(address):
    assert normal(address) is None


def test_subject_is_cut_at_its_limit(read):
    assert len(read(b"Subject: " + b"s" * 6_000 + b"\r\n\r\n").subject) == LONGEST_ID
