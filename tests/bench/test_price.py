"""The price of capture is part of what mailroom promises: a small reference mailbox, counted."""

from infra.local.bench import past, price
from infra.local.bench.mailbox import reference

MESSAGES, INVESTORS = 1_500, 30


def test_a_first_capture_costs_a_fraction_of_reading_every_header():
    found = {one.name: one for one in price.figures(MESSAGES, (INVESTORS,), lambda _: None)}

    captured = found["quota.units_per_captured"]
    assert captured.value < 20  # less than reading each captured message by itself
    assert captured.ratio < 0.1
    # Proving that nothing was missed costs half of what reading all headers would have: threads are read.
    assert found["quota.units_until_proved"].ratio < 0.5


def test_a_new_investors_past_costs_a_fraction_of_reading_the_headers_of_everybodys_mail():
    found = {one.name: one for one in past.new_investor(3, 150, lambda _: None)}

    assert found["quota.new_investor_messages"].value > 0
    assert found["quota.new_investor_units"].ratio < 0.5


def test_expired_history_costs_a_listing_when_all_is_stored():
    found = {one.name: one for one in past.recovery(600, lambda _: None)}

    assert found["quota.recovery_units"].ratio < 0.02


def test_the_reference_mailbox_is_what_it_says():
    mailbox = reference(MESSAGES, INVESTORS, now_ms=1_800_000_000_000)

    assert len(mailbox.letters) == MESSAGES
    assert mailbox.ours == round(MESSAGES * 0.08)
    assert mailbox == reference(MESSAGES, INVESTORS, now_ms=1_800_000_000_000)
    files = sum(one.files for one in mailbox.letters)
    assert 0.2 < files / mailbox.ours < 0.47
