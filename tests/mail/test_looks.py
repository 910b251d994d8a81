"""What deceives the eye in a name or an address is marked for whoever shows it."""

import pytest

from consumer.mail.looks import shown, skeleton, unicode_domain
from consumer.mail.marks import MARKS


def idna(domain):
    return domain.encode("idna").decode()


@pytest.mark.parametrize(
    ("sender", "marks"),
    [
        ("Ada Lindqvist <ada@lp.example>", ()),
        ("Łukasz Żółć <l@lp.example>", ()),
        ("Олег Иванов <o@lp.example>", ()),
        ("山田 太郎 <y@lp.example>", ()),
        ("Олег Smith <o@lp.example>", ()),
        ("Аda Lindqvist <x@attacker.example>", ("mixed-scripts-in-name",)),
        ("ada@lp.example <ada@lp.example>", ()),
        ('"ada@lp.example" <x@attacker.example>', ("address-in-name",)),
        ("Ada \u202egnp.exe <x@attacker.example>", ("bidi-in-name",)),
        ("A\u200bda <x@attacker.example>", ("invisible-in-name",)),
        ("Ada <ada@bücher.example>", ("international-domain",)),
        (
            "Ada <ada@рaypal.example>",
            ("international-domain", "look-alike-domain", "mixed-scripts-in-domain"),
        ),
        ("Ada <ada@аррӏе.example>", ("international-domain", "look-alike-domain")),
        ("Ada <ada@straße.example>", ("international-domain",)),
        ("Ada <ada@ꜱtripe.example>", ("international-domain", "look-alike-domain")),
        ("Ada <ada@ɴordwind.example>", ("international-domain", "look-alike-domain")),
        ("Ada <ada@οοο.example>", ("international-domain", "look-alike-domain")),
    ],
)
def test_marks_of_a_sender(sender, marks, read):
    mail = read(f"From: {sender}\r\n\r\nx".encode())

    assert mail.marks == marks
    assert mail.author is not None
    assert set(marks) <= set(MARKS)


def test_a_subject_that_turns_the_reading_direction_is_marked(read):
    assert read("From: ada@lp.example\r\nSubject: terms\u202efdp.exe\r\n\r\n".encode()).marks == (
        "bidi-in-subject",
    )


def test_an_international_domain_is_shown_in_both_forms():
    assert shown("ada@lp.example") == "ada@lp.example"
    assert shown(f"ada@{idna('bücher.example')}") == "ada@xn--bcher-kva.example (bücher.example)"
    assert unicode_domain("xn--\u00e9") == unicode_domain("xn--99999999999") == ""


def test_a_domain_with_a_sharp_s_or_of_young_letters_is_shown_in_both_forms():
    assert unicode_domain("xn--strae-oqa.de") == "straße.de"
    assert shown("ada@xn--tripe-n92s.com") == "ada@xn--tripe-n92s.com (ꜱtripe.com)"


def test_letters_are_compared_by_what_they_look_like():
    assert skeleton("раураl") == "paypal"
    assert skeleton("bücher") == "bücher"
