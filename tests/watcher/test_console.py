"""The console's pages: who gets in, what a list shows, and that mail stays text."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from consumer.mail.marks import MARKS
from shared.store import emails
from shared.store.investors import InvestorRow, upsert
from tests.watcher.conftest import NOW
from watcher.web.console.paging import Position
from watcher.web.console.words import MARKED, ago, marked

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def reader(world):
    """A signed-in browser."""
    client = world.client()
    client.post("/signin", data={"token": world.token()}, base_url="https://mailroom.test")
    return client


class Mail:
    """Stores conversations as the consumer leaves them."""

    def __init__(self, world):
        self.world, self.number = world, 0
        self.account = world.enrol()
        with world.db.transaction() as conn:
            upsert(conn, [InvestorRow("Ivy Investor", "", "address", "ivy@lp.example")])

    def add(
        self, subject, *, at=NOW, author="Ivy Investor", address="ivy@lp.example", direction="inbound",
        verified=True, marks=(), snippet="", thread=None,
    ):  # fmt: skip
        self.number += 1
        role = "from" if address == "ivy@lp.example" else "cc"
        with self.world.db.transaction() as conn:
            thread = (
                thread
                or conn.execute(b"INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id").fetchone()[
                    0
                ]
            )
            email = conn.execute(
                b"INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction,"
                b" author_name, author_address, verified, dmarc, marks, snippet, raw_size, historic)"
                b" VALUES (%s, %s, repeat('0', 64), %s, %s, 'header', %s, %s, %s, %s, %s, %s, %s, 1, false) RETURNING id",
                [
                    thread, f"<{self.number}@x>", subject, at, direction, author, address, verified,
                    "pass" if verified else "", list(marks), snippet,
                ],
            ).fetchone()[0]  # fmt: skip
            conn.execute(
                b"INSERT INTO mailroom.email_matches SELECT %s, id, %s, 'ivy@lp.example', 'address', false"
                b" FROM mailroom.investors", [email, role],
            )  # fmt: skip
            conn.execute(
                b"INSERT INTO mailroom.account_messages (account_id, gmail_id, state, live, email_id, settled_at)"
                b" VALUES (%s, %s, 'stored', true, %s, now())", [self.account, str(self.number), email],
            )  # fmt: skip
            emails.announce(conn, [(email, "stored", False)])
        return thread


@pytest.fixture
def mail(world):
    return Mail(world)


def page(client, path="/threads"):
    answer = client.get(path, base_url="https://mailroom.test", headers=HTML)
    assert answer.status_code == 200
    return answer.text


def line(html):
    """The only conversation, as a reader sees it: (who, what before the subject)."""
    who = re.search(r'<span class="who">(.*?)</span>', html, re.DOTALL)[1]
    what = re.search(r'<span class="what">(.*?)<bdi class="subject">', html, re.DOTALL)[1]
    return tuple(
        " ".join(re.sub(r'<span class="sr">.*?</span>|<[^>]*>', " ", part).split()) for part in (who, what)
    )


def subjects(html):
    return re.findall(r'<bdi class="subject">(.*?)</bdi>', html)


def test_the_front_page_is_the_list_of_conversations(reader):
    answer = reader.get("/", base_url="https://mailroom.test")

    assert (answer.status_code, answer.location) == (303, "/threads")


@pytest.mark.parametrize("cookie", [None, "", "mr_wrong", "x", "mr_" + "x" * 10_000])
def test_without_a_valid_cookie_every_page_leads_to_signing_in(world, cookie):
    sent = {} if cookie is None else {"Cookie": f"mailroom={cookie}"}

    answer = world.client().get("/threads", headers=HTML | sent)

    assert (answer.status_code, answer.location) == (303, "/signin")


def test_a_token_that_was_taken_back_ends_its_sessions_at_once(world, reader):
    world.rows(b"DELETE FROM mailroom.api_tokens RETURNING 1")

    assert reader.get("/threads", base_url="https://mailroom.test").status_code == 303


def test_signing_out_forgets_the_cookie(reader):
    reader.post("/signout", base_url="https://mailroom.test", headers={"Sec-Fetch-Site": "same-origin"})

    assert reader.get("/threads", base_url="https://mailroom.test").status_code == 303


def test_a_link_cannot_sign_anybody_out(reader):
    assert reader.get("/signout", base_url="https://mailroom.test").status_code == 405


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({}, True),
        ({"Origin": "https://mailroom.test"}, True),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "https://mailroom.test.evil.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Origin": "https://other.mailroom.test", "Sec-Fetch-Site": "same-site"}, False),
        ({"Origin": "https://["}, False),
    ],
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_only_a_form_of_our_own_page_signs_in_or_out_also_behind_a_tls_proxy(world, headers, ours, scheme):
    client, token = world.client(), world.token()
    base = f"{scheme}://mailroom.test"

    signed_in = client.post("/signin", data={"token": token}, headers=headers, base_url=base)
    signed_out = client.post("/signout", headers=headers, base_url=base)

    assert (signed_in.status_code, signed_out.status_code) == ((303, 303) if ours else (400, 400))


def test_the_cookie_is_for_this_site_over_tls_only_and_out_of_reach_of_scripts(world):
    answer = world.client().post("/signin", data={"token": world.token()})

    flags = {part.strip().partition("=")[0] for part in answer.headers["Set-Cookie"].split(";")[1:]}
    assert {"HttpOnly", "Secure", "SameSite", "Max-Age", "Path"} <= flags
    assert "SameSite=Strict" in answer.headers["Set-Cookie"]
    assert "Domain" not in flags


def test_conversations_are_listed_newest_first_with_what_matters(reader, mail):
    first = mail.add("Terms", at=NOW - timedelta(days=2))
    mail.add(
        "Re: Terms",
        at=NOW - timedelta(hours=3),
        author="Ada Fund",
        direction="outbound",
        snippet="As discussed",
        thread=first,
    )
    mail.add("Newest", at=NOW - timedelta(minutes=5))

    html = page(reader)

    assert subjects(html) == ["Newest", "Terms"]
    for shown in (
        "5 min",
        "3 h",
        "Ivy Investor",
        "Ada Fund",
        "As discussed",
        "We wrote last:",
        "2<span",
        "23 November 2026",
    ):
        assert shown in html


def test_an_investor_is_not_named_twice_when_they_wrote_last(reader, mail):
    mail.add("Hello")

    assert page(reader).count("Ivy Investor") == 1


@pytest.mark.parametrize("verified", [False, True])
def test_whoever_calls_himself_an_investor_is_not_shown_as_the_investor(reader, mail, verified):
    mail.add("New wire instructions", address="mal@evil.example", verified=verified)

    html = page(reader)

    assert line(html) == ("Ivy Investor mal@evil.example", "unknown address Ivy Investor")
    assert ("Not verified" in html) is not verified


def test_an_investors_own_address_that_nobody_vouches_for_is_shown_with_the_name(reader, mail):
    mail.add("New wire instructions", verified=False)

    html = page(reader)

    assert line(html) == ("Ivy Investor ivy@lp.example", "Ivy Investor")
    assert "Not verified" in html


def test_an_investor_who_is_verified_is_shown_by_name_alone(reader, mail):
    mail.add("Term sheet", marks=["international-domain"])

    assert line(page(reader)) == ("Ivy Investor", "")


def test_an_earlier_word_of_the_investor_vouches_for_no_later_forger(reader, mail):
    thread = mail.add("Terms", at=NOW - timedelta(days=1))
    mail.add("Re: Terms", address="mal@evil.example", thread=thread)

    assert line(page(reader)) == ("Ivy Investor mal@evil.example", "unknown address Ivy Investor")


def test_a_stranger_under_a_name_of_his_own_is_shown_with_his_address_and_no_alarm(reader, mail):
    mail.add("Introduction", author="Bob Broker", address="bob@broker.example")

    assert line(page(reader)) == ("Bob Broker bob@broker.example", "Ivy Investor")


def test_what_we_wrote_is_shown_by_our_name_alone_though_nothing_vouches_for_a_sent_copy(reader, mail):
    mail.add("Terms", author="Ada Fund", address="ada@fund.test", direction="outbound", verified=False)

    assert line(page(reader)) == ("Ada Fund", "Ivy Investor")


def test_what_deceives_the_eye_is_named_and_explained(reader, mail):
    marks = ["bidi-in-subject", "look-alike-domain", "mixed-scripts-in-name"]
    mail.add("Terms", address="ivy@xn--p-8fb.example", marks=marks, verified=False)

    html = page(reader)

    assert line(html) == (
        "Ivy Investor ivy@xn--p-8fb.example",
        "unknown address turned text look-alike letters Ivy Investor",
    )
    assert html.count("One word of the author&#39;s name mixes alphabets.") == 2  # to see and to hear


def test_every_mark_has_words_for_a_person():
    assert set(MARKED) == set(MARKS)
    assert marked(["new-mark"], sure=True) == {"new-mark": "docs/defects.md says what this mark means."}


def test_mail_stays_text_whatever_it_holds(reader, mail):
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>{{ 7*7 }}\u202eabc"
    mail.add(evil, author=evil, address=f"{evil}@evil.example", snippet=evil)

    html = page(reader)

    assert "<script>alert" not in html
    assert "<img" not in html
    assert "{{ 7*7 }}" in html
    assert html.count("<bdi") == 5  # each text in its own, so that no text turns its neighbours round


def test_what_is_withheld_or_empty_says_so(world, reader, mail):
    mail.add("")
    assert "(no subject)" in page(reader)

    world.rows(b"UPDATE mailroom.email_accounts SET visibility = 'metadata' RETURNING 1")
    assert "(withheld)" in page(reader)


def test_paging_by_older_shows_every_conversation_once_also_many_of_one_second(reader, mail):
    for number in range(120):
        mail.add(f"S{number}", at=NOW)

    seen, path = [], "/threads"
    while path:
        html = page(reader, path)
        seen += subjects(html)
        further = re.search(r'href="(/threads\?after=[0-9-]+)"', html)
        path = further and further[1]

    assert sorted(seen) == sorted(f"S{number}" for number in range(120))


@pytest.mark.parametrize(
    "after", ["", "x", "1", "-1--1", "1-", "99999999999999999-1", "1'--", "\u0661-1", "9" * 400 + "-1"]
)
def test_an_odd_paging_word_is_no_surprise(reader, mail, after):
    mail.add("Hello")

    assert subjects(page(reader, f"/threads?after={after}")) in (["Hello"], [])


def test_past_the_last_page_there_is_a_way_back(reader, mail):
    assert "Back to the newest" in page(reader, "/threads?after=1-1")


def test_an_empty_console_teaches_the_next_steps(reader):
    html = page(reader)

    assert all(
        step in html
        for step in ("contacts import", "accounts/enroll", "mailroom consume", "api/email/status")
    )


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/signout", 405)])
def test_a_person_gets_a_page_where_a_program_gets_a_problem(reader, path, status):
    seen = reader.get(path, base_url="https://mailroom.test", headers=HTML)
    told = reader.get(path, base_url="https://mailroom.test")

    assert (seen.status_code, seen.mimetype) == (status, "text/html")
    assert (told.status_code, told.mimetype) == (status, "application/problem+json")


def test_pages_carry_no_inline_script_or_style_and_load_only_their_own_files(reader, mail):
    mail.add("Hello")

    for html in (page(reader), page(reader, "/signin")):
        assert not re.search(r"<script(?![^>]+src=\"/static/)|<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r"(src|href)=\"(https?:)?//", html)


@pytest.mark.parametrize("path", ["console.css", "console.js", "icon.svg"])
def test_static_files_are_served_to_anybody(world, path):
    with world.client().get(f"/static/{path}") as answer:
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_are_not_kept_by_browsers(reader):
    assert reader.get("/threads", base_url="https://mailroom.test").headers["Cache-Control"] == "no-store"


def test_a_position_reads_back_what_it_writes():
    position = Position(datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC), 7)

    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    ("age", "words"),
    [
        (timedelta(hours=-2), "now"), (timedelta(seconds=59), "now"), (timedelta(minutes=59), "59 min"),
        (timedelta(hours=23), "23 h"), (timedelta(days=6), "6 d"), (timedelta(days=7), "16 Nov"), (timedelta(days=400), "19 Oct 2025"),
    ],
)  # fmt: skip
def test_ages_in_words(age, words):
    assert ago(NOW - age, NOW) == words
