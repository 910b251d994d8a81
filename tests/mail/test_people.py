"""Recipients as careless programs write them, and addresses that only look like somebody's."""

import pytest

from consumer.mail.addresses import normal
from consumer.mail.headers import from_headers
from consumer.match import normal_rule

CARELESS = {
    b"'ada@lp.example'": ["ada@lp.example"],
    b"<'ada@lp.example'>, bo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"o'hara@lp.example": ["o'hara@lp.example"],
    b"Ada (the bank <ada@lp.example>, bo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"Ada :( <ada@lp.example>, bo@lp.example": ["ada@lp.example", "bo@lp.example"],
    b"Ada (at (home) <ada@lp.example>, bo@lp.example (work)": ["ada@lp.example", "bo@lp.example"],
    b'"Ada" <ada@lp.example> "Bo" <bo@lp.example>': ["ada@lp.example", "bo@lp.example"],
    b"Ada<ada@lp.example>Bo<bo@lp.example>": ["ada@lp.example", "bo@lp.example"],
}


@pytest.mark.parametrize("written", CARELESS, ids=lambda written: written.decode())
def test_recipients_are_found_however_carelessly_written(written, read):
    mail = read(b"To: " + written + b"\r\n\r\n")

    assert [person.address for person in mail.participants] == CARELESS[written]
    assert {person.address for person in from_headers([("To", written.decode())])} >= set(CARELESS[written])


@pytest.mark.parametrize(
    "address", ["\u017fam@known.example", "sam@\u212anown.example", "\ufb01n@known.example"]
)
def test_an_address_is_nobody_elses_by_folding(address, read):
    assert normal(address) is None
    assert read(f"From: <{address}>\r\n\r\n".encode()).author is None


@pytest.mark.parametrize(
    "written",
    [b"contact@known.example: x@attacker.example", b"contact@known.example: X <x@attacker.example>;"],
)
def test_the_name_of_a_group_hides_no_second_author(written, read):
    assert read(b"From: " + written + b"\r\n\r\n").author is None


@pytest.mark.parametrize("value", ["mail.yahoo.com", "192.168.1.1", "10.0.0.1"])
def test_a_domain_that_could_never_match_is_refused(value):
    with pytest.raises(ValueError, match=r"\w"):
        normal_rule("domain", value)


def test_a_rule_is_an_address_or_a_domain():
    with pytest.raises(ValueError, match="kind"):
        normal_rule("name", "ada@lp.example")
