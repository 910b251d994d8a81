"""The price of capture is part of what mailroom promises: a small reference mailbox, counted."""

from infra.local.bench import price
from infra.local.bench.mailbox import reference

MESSAGES, INVESTORS = 1_500, 30


def test_a_first_capture_costs_a_fraction_of_reading_every_header():
    found = {one.name: one for one in price.figures(MESSAGES, (INVESTORS,), lambda _: None)}

    captured = found["quota.units_per_captured"]
    assert captured.value < 20  # less than reading each captured message by itself
    assert captured.ratio < 0.1
    # Proving that nothing was missed costs no more than reading all headers would have.
    assert found["quota.units_until_proved"].ratio < 1


def test_the_reference_mailbox_is_what_it_says():
    mailbox = reference(MESSAGES, INVESTORS, now_ms=1_800_000_000_000)

    assert len(mailbox.letters) == MESSAGES
    assert mailbox.ours == round(MESSAGES * 0.08)
    assert mailbox == reference(MESSAGES, INVESTORS, now_ms=1_800_000_000_000)
    files = sum(one.files for one in mailbox.letters)
    assert 0.2 < files / mailbox.ours < 0.47
