"""Paragraphs folded for narrow screens (format=flowed) are whole again."""

import pytest

from consumer.mail.flowed import unfolded

TEXTS = {
    "plain": ("one line\nanother", "one line\nanother"),
    "folded": ("We will \nwire on \nMonday.\n\nBest,\nAda", "We will wire on Monday.\n\nBest,\nAda"),
    "quoted": ("> Will \n> you?\n>> Will \n>> we?\nYes.", "> Will you?\n>> Will we?\nYes."),
    "a quotation ends a paragraph": ("Yes, \n> but", "Yes, \n> but"),
    "the delimiter of a signature is never folded": ("Yes. \n-- \nAda", "Yes. \n-- \nAda"),
    "stuffed": (" From here\n > not quoted", "From here\n> not quoted"),
    "open at the end": ("We will ", "We will "),
    "empty": ("", ""),
}


@pytest.mark.parametrize("kind", TEXTS)
def test_lines_that_end_with_a_space_go_on(kind):
    folded, whole = TEXTS[kind]

    assert unfolded(folded, drop_space=False) == whole


def test_the_space_itself_can_be_one_too_many():
    assert unfolded("東京 \nタワー", drop_space=True) == "東京タワー"


def test_it_is_done_where_the_mail_says_so_and_nowhere_else(read):
    head = b"From: ada@lp.example\r\nContent-Type: text/plain%s\r\n\r\nWe will \r\nwire.\r\n"

    assert read(head % b"; format=flowed").text == "We will wire.\n"
    assert read(head % b"; Format=Flowed; DelSp=yes").text == "We willwire.\n"
    assert read(head % b"").text == "We will \nwire.\n"
