"""The year of mail: how much there is, how mixed it is, and that it is always the same."""

import csv
import io
import re
import time
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone

import pytest

from infra.local.fund import contacts_csv, fund

RESERVED = re.compile(r"@[\w.-]+\.example\b", re.IGNORECASE)
SCRIPTS = {
    "Greek": "\u0391-\u03c9",
    "Cyrillic": "\u0410-\u044f",
    "Hebrew": "\u05d0-\u05ea",
    "Arabic": "\u0627-\u064a",
    "Devanagari": "\u0905-\u0939",
    "Tamil": "\u0b85-\u0bb9",
    "Kana": "\u3041-\u30f6",
    "Hangul": "\uac00-\ud7a3",
    "Han": "\u4e00-\u9fa5",
    "Latin": "A-Za-z",
}


def test_a_year_of_mail_is_about_six_hundred_messages_of_about_forty_investors(sample):
    messages = {copy.message_key for copy in sample.mail}

    assert 540 <= len(messages) <= 660
    assert 36 <= len(sample.investors) <= 44
    assert len(sample.teammates) == 5
    assert sum(len(copy.raw) for copy in sample.mail) < 5_000_000


def test_the_same_seed_and_moment_give_the_same_bytes(sample, now):
    assert fund(7, now) == sample


def test_another_seed_gives_another_year_of_similar_size(sample, now):
    other = fund(8, now)

    assert {copy.message_key for copy in other.mail}.isdisjoint(copy.message_key for copy in sample.mail)
    assert 540 <= len({copy.message_key for copy in other.mail}) <= 660


@pytest.mark.parametrize("seed", range(12))
def test_every_seed_has_at_least_half_of_its_messages_captured(seed, now):
    other = fund(seed, now)

    captured = {copy.message_key for copy in other.mail if copy.captured}
    assert 0.6 <= len(captured) / len({copy.message_key for copy in other.mail}) <= 0.8


def test_generating_takes_less_than_two_seconds(now):
    started = time.process_time()

    fund(99, now)

    assert time.process_time() - started < 2


def test_the_moment_may_be_given_in_any_zone(sample, now):
    tokyo = now.astimezone(timezone(timedelta(hours=9)))

    assert fund(7, tokyo).mail == sample.mail


def test_a_leap_day_is_a_day_like_any_other():
    assert fund(1, datetime(2028, 2, 29, 23, 59, tzinfo=UTC)).mail


def test_mail_is_sorted_and_lies_in_the_year_before_now(sample, now):
    dates = [copy.internal_date for copy in sample.mail]

    assert dates == sorted(dates)
    assert now - timedelta(days=366) < dates[0]
    assert now - timedelta(days=3) < dates[-1] <= now


def test_every_address_is_on_a_reserved_domain(sample):
    for copy in sample.mail:
        text = copy.raw.partition(b"\r\n\r\n")[0].decode()
        assert len(re.findall(r"@[\w.-]+\.\w+", text)) == len(RESERVED.findall(text))


def test_every_alphabet_of_the_investors_is_there_in_captured_mail(sample, modern):
    bodies = "".join(
        modern(copy.raw).get_body(("plain", "html")).get_content() for copy in sample.mail if copy.captured
    )

    missing = [name for name, letters in SCRIPTS.items() if not re.search(f"[{letters}]{{3}}", bodies)]
    assert missing == ["Tamil"]  # Tamil is family: never an investor's


def test_the_charsets_of_many_decades_are_there(parsed):
    charsets = {part.get_content_charset() for message in parsed.values() for part in message.walk()}

    assert charsets >= {
        "utf-8", "iso-2022-jp", "shift_jis", "windows-1251", "koi8-r", "gb18030", "gb2312", "euc-kr",
        "iso-8859-1", "windows-1252", "windows-1253", "windows-1255", "windows-1256",
    }  # fmt: skip


def test_every_transfer_encoding_is_there(parsed):
    found = {part["Content-Transfer-Encoding"] for message in parsed.values() for part in message.walk()}

    assert found >= {"7bit", "8bit", "base64", "quoted-printable"}


def test_attachments_are_many_and_of_several_kinds(parsed):
    kinds = Counter(
        part.get_content_type()
        for message in parsed.values()
        for part in message.walk()
        if part.get_filename()
    )

    assert kinds["application/pdf"] > 80
    assert set(kinds) >= {"application/pdf", "text/csv", "application/ics", "image/png"}


def test_a_pdf_says_where_its_own_parts_are(parsed):
    contents = [
        part.get_payload(decode=True)
        for message in parsed.values()
        for part in message.walk()
        if part.get_content_type() == "application/pdf"
    ]

    for content in contents:
        table = int(content.rsplit(b"startxref\n", 1)[1].split()[0])
        offsets = [int(line[:10]) for line in content[table:].split(b"\n")[3:8]]
        assert content.startswith(b"%PDF-1.")
        assert [content[at : at + 7] for at in offsets] == [b"%d 0 obj" % n for n in range(1, 6)]


def test_every_inline_picture_is_shown_by_the_html_beside_it(sample, modern):
    pictured = [modern(copy.raw) for copy in sample.mail if b"Content-ID:" in copy.raw]

    assert pictured
    for message in pictured:
        html = message.get_body(("html",)).get_content()
        ids = [part["Content-ID"].strip("<>") for part in message.walk() if part["Content-ID"]]
        assert all(f"cid:{one}" in html for one in ids)


def test_no_placeholder_is_left_and_no_line_is_too_long_for_mail(sample, modern):
    for copy in sample.mail:
        message = modern(copy.raw)
        words = f"{message['Subject']} {message.get_body(('plain', 'html')).get_content()}"
        assert not re.search(r"\{\w+\}|\bNone\b", words)
        assert max(map(len, copy.raw.split(b"\r\n"))) <= 998


def test_the_contact_list_has_one_row_for_every_address_and_domain(sample):
    rows = list(csv.DictReader(io.StringIO(contacts_csv(sample))))

    assert list(rows[0]) == ["investor", "firm", "address", "domain"]
    assert [row["address"] for row in rows if row["address"]] == [
        address for investor in sample.investors for address in investor.addresses
    ]
    assert [row["domain"] for row in rows if row["domain"]] == [
        domain for investor in sample.investors for domain in investor.domains
    ]
    assert all(bool(row["address"]) != bool(row["domain"]) for row in rows)
