"""What the sample says should be captured is what its own contact list implies, and nothing else."""

import re
from collections import Counter

import pytest

from infra.local.fund import fund
from infra.local.ownmail import OwnMail, should_capture


def rules(sample):
    addresses = {address for investor in sample.investors for address in investor.addresses}
    domains = {domain for investor in sample.investors for domain in investor.domains}
    own = {mate.address for mate in sample.teammates} | {f"ir@{sample.domain}"}
    return addresses, domains, own


def as_own_mail(copy):
    return OwnMail(copy.message_key, copy.raw, copy.labels, copy.internal_date, None)


@pytest.mark.parametrize("seed", [1, 2, 3, 7])
def test_a_copy_is_captured_exactly_when_an_investors_address_or_domain_is_on_it(seed, now):
    sample = fund(seed, now)
    addresses, domains, own = rules(sample)

    wrong = [
        (copy.why, copy.labels)
        for copy in sample.mail
        if copy.captured != should_capture(as_own_mail(copy), addresses, domains, own)
    ]

    assert wrong == []


def test_nothing_in_spam_trash_or_drafts_is_captured(sample):
    barred = [copy for copy in sample.mail if {"SPAM", "TRASH", "DRAFT"} & set(copy.labels)]

    assert len(barred) >= 20
    assert not any(copy.captured for copy in barred)


def test_every_kind_of_uncaptured_mail_is_there(sample):
    reasons = Counter(copy.why for copy in sample.mail if not copy.captured)

    assert set(reasons) >= {
        "a newsletter",
        "a receipt",
        "private mail",
        "teammates among themselves",
        "a draft to an investor, never sent",
        "spam in an investor's name",
        "from an investor, thrown away",
        "not an investor's address, only made to look like one",
        "a company looking for money, not an investor",
    }


def test_spam_in_an_investors_name_shows_the_real_address_and_fails_authentication(sample):
    spam = [copy.raw for copy in sample.mail if "SPAM" in copy.labels]
    addresses = {address.encode() for investor in sample.investors for address in investor.addresses}

    assert any(b"<" + address + b">" in raw for raw in spam for address in addresses)
    assert all(b"dmarc=fail" in raw for raw in spam)


def test_a_lookalike_shows_an_investors_name_or_address_somewhere(sample):
    forged = [copy.raw for copy in sample.mail if copy.why.startswith("not an investor's address")]

    assert any(re.search(rb'From: "[^"]+@[^"]+" <x\d+@', raw) for raw in forged)
    assert any(b"\r\nReply-To: " in raw for raw in forged)


def test_some_mail_is_known_through_a_domain_rule_alone(sample):
    through_domain = [copy for copy in sample.mail if "domain" in copy.why and copy.captured]
    listed = {address.lower().encode() for investor in sample.investors for address in investor.addresses}

    assert through_domain
    assert any(all(b"<" + one + b">" not in copy.raw.lower() for one in listed) for copy in through_domain)


def test_free_mail_addresses_are_investors_by_exact_address_only(sample):
    persons = [investor for investor in sample.investors if not investor.firm]

    assert len(persons) >= 5
    assert all(not investor.domains and len(investor.addresses) == 1 for investor in persons)
    assert not any(
        domain.startswith(("postbox.", "freepost.")) for one in sample.investors for domain in one.domains
    )
