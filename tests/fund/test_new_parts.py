"""The sample fund knows its authors' own words: what is new in each letter is known for sure."""

from datetime import UTC, datetime

import pytest

from consumer.mail.parse import parse
from infra.local.fund import delivery, fund

NOW = datetime(2026, 11, 16, 9, tzinfo=UTC)


@pytest.fixture
def letters(mocker):
    """Every letter of the fund with its source, each once."""
    written = mocker.spy(delivery, "source")
    fund(7, NOW)
    pairs = zip(written.call_args_list, written.spy_return_list, strict=True)
    return {call.args[0].message_id: (call.args[0], raw) for call, raw in pairs}


def own_words(letter):
    """Return the author's words without the good-bye below them."""
    lines = letter.text.strip().split("\n")
    byes = [
        number
        for number, line in enumerate(lines)
        if line.strip(" ,.!") in {bye.strip(" ,.!") for bye in letter.language.byes}
    ]
    return "\n".join(lines[: byes[-1]] if byes else lines)


def test_of_every_letter_the_new_part_is_what_its_author_wrote_in_it(letters):
    wrong = {}
    for letter, raw in letters.values():
        read = parse(raw, received_at=NOW).new_text.split()
        if read != own_words(letter).split():
            wrong[letter.message_id] = (letter.language.code, read[-12:])

    assert wrong == {}
    assert len(letters) > 500
    assert len({letter.language.code for letter, _ in letters.values()}) > 15
