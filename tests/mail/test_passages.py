"""What a mail says when it says it in several parts."""

import pytest

PLAIN = b"Content-Type: text/plain\r\n\r\nDear Vera"
FOOTER = b"Content-Type: text/plain\r\n\r\n-- \r\nThe <list>"
HTML = b"Content-Type: text/html\r\n\r\n<p>Dear Vera"
TERMS = b"Content-Type: text/html\r\n\r\n<p>The terms"


def words(mail):
    return " ".join(mail.text.split())


def test_a_footer_under_an_html_mail_is_not_its_only_text(read, mixed):
    mail = read(mixed(HTML, FOOTER))

    assert words(mail) == "Dear Vera -- The <list>"
    assert mail.html == "<p>Dear Vera\n<pre>-- \nThe &lt;list&gt;</pre>"


def test_an_alternative_with_a_blank_text_is_told_by_its_html(read, mixed):
    blank = mixed(
        b"Content-Type: text/plain\r\n\r\n \r\n", HTML, subtype=b"alternative", boundary=b"cc", head=b""
    )

    assert words(read(mixed(blank, FOOTER))) == "Dear Vera -- The <list>"


def test_passages_of_either_form_are_told_in_their_order(read, mixed):
    mail = read(mixed(PLAIN, TERMS, FOOTER))

    assert words(mail) == "Dear Vera The terms -- The <list>"
    assert mail.html.startswith("<pre>Dear Vera</pre>\n<p>The terms\n<pre>")


def test_of_an_alternative_one_version_is_told(read, mixed):
    other = b"Content-Type: text/plain\r\n\r\nDear Vera, once more"

    mail = read(mixed(PLAIN, other, HTML, TERMS, subtype=b"alternative"))

    assert (mail.text, mail.html) == ("Dear Vera", "<p>The terms")


def test_an_alternative_may_hold_a_mixed_version(read, mixed):
    inner = mixed(HTML, TERMS, boundary=b"cc", head=b"")

    mail = read(mixed(PLAIN, inner, subtype=b"alternative"))

    assert (mail.text, mail.html) == ("Dear Vera", "<p>Dear Vera\n<p>The terms")


@pytest.mark.parametrize("parts", [(PLAIN, HTML), (HTML, PLAIN)])
def test_what_is_said_twice_in_two_forms_is_told_once(parts, read, mixed):
    mail = read(mixed(*parts))

    assert (mail.text, mail.html) == ("Dear Vera", "<p>Dear Vera")


def test_what_is_said_twice_in_one_form_stays(read, mixed):
    assert words(read(mixed(PLAIN, PLAIN))) == "Dear Vera Dear Vera"


def test_html_names_its_charset_where_its_header_does_not(read):
    html = b"<html><head><META http-equiv=x content='text/html; charset=koi8-r'></head><p>"
    mail = read(b"Content-Type: text/html\r\n\r\n" + html + "Привет".encode("koi8-r"))

    assert (mail.text, [code for code in mail.defects if "charset" in code]) == ("Привет", [])


@pytest.mark.parametrize("name", [b"utf-16", b"x-nothing", b"unicode_escape"])
def test_a_charset_inside_html_that_cannot_be_right_is_passed_over(name, read):
    assert read(b"Content-Type: text/html\r\n\r\n<meta charset=" + name + b"><p>caf\xe9").text == "café"
