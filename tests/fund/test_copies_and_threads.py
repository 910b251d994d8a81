"""One message in several mailboxes, and messages that answer each other."""

import email
import email.policy
from collections import Counter, defaultdict
from email.utils import parsedate_to_datetime


def core(raw):
    """What the author sent: without the headers that servers put on top."""
    return raw[raw.index(b"MIME-Version:") :]


def by_key(sample):
    found = defaultdict(list)
    for copy in sample.mail:
        found[copy.message_key].append(copy)
    return found


def test_copies_of_a_message_differ_in_delivery_headers_alone(sample):
    shared = [copies for copies in by_key(sample).values() if len(copies) > 1]

    assert len(shared) > 150
    for copies in shared:
        assert len({core(copy.raw) for copy in copies}) == 1
        assert len({copy.raw for copy in copies}) == len({copy.account for copy in copies}) == len(copies)


def test_a_sent_copy_has_no_delivery_headers_and_a_received_one_has_gmails(sample):
    for copy in sample.mail:
        message = email.message_from_bytes(copy.raw)
        if "SENT" in copy.labels or "DRAFT" in copy.labels:
            assert message["Delivered-To"] is None
        else:
            assert message["Delivered-To"] == copy.account
            assert message["Authentication-Results"].startswith("mx.google.com;")
            assert len(message.get_all("Received")) == 2


def test_only_the_senders_copy_names_the_blind_copies(sample):
    blind = [copy for copy in sample.mail if email.message_from_bytes(copy.raw)["Bcc"]]

    assert blind
    assert all(copy.labels == ("SENT",) and copy.captured for copy in blind)


def test_every_raw_parses_without_defects(sample):
    for copy in sample.mail:
        message = email.message_from_bytes(copy.raw, policy=email.policy.default)
        parts = list(message.walk())
        assert [defect for part in parts for defect in part.defects] == []
        assert [
            value.defects for value in map(message.get, ("From", "To", "Subject", "Date")) if value.defects
        ] == []
        assert message["Message-ID"] == f"<{copy.message_key}>"


def test_bodies_decode_in_the_charset_they_name(sample, modern):
    for copy in sample.mail:
        for part in modern(copy.raw).walk():
            if part.get_content_maintype() == "text":
                assert "\ufffd" not in part.get_content()


def test_an_answer_points_at_earlier_messages_only(sample):
    seen = {}
    for copy in sample.mail:
        message = email.message_from_bytes(copy.raw)
        references = (message["References"] or "").split()
        assert all(seen[one.strip("<>")] < parsedate_to_datetime(message["Date"]) for one in references)
        assert (message["In-Reply-To"] or "") == (references[-1] if references else "")
        seen.setdefault(copy.message_key, parsedate_to_datetime(message["Date"]))


def test_threads_are_of_one_to_twelve_messages(parsed):
    roots = Counter(
        (message["References"] or message["Message-ID"]).split()[0] for message in parsed.values()
    )
    lengths = Counter(roots.values())

    assert set(lengths) >= {1, 2, 3, 4}
    assert max(lengths) == 12


def test_answers_quote_what_they_answer(sample, modern):
    answers = [modern(copy.raw) for copy in sample.mail if b"\r\nIn-Reply-To:" in copy.raw]
    quoting = [
        message for message in answers
        if "\n> " in (text := message.get_body(("plain",)).get_content()) or "_" * 32 in text
    ]  # fmt: skip

    assert len(quoting) > len(answers) / 2


def test_dates_are_written_in_many_zones(parsed):
    zones = {parsedate_to_datetime(message["Date"]).utcoffset() for message in parsed.values()}

    assert len(zones) >= 10


def test_people_type_addresses_in_mixed_case_and_with_plus_tags(parsed):
    headers = " ".join(f"{message['From']} {message['To']}" for message in parsed.values())

    assert "+lp@alderfund.example" in headers
    assert "@Alderfund.Example" in headers
    assert "+alder@" in headers
