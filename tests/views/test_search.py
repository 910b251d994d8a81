import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.views.conftest import ADA, BEN


def found(fund, query, *more):
    marks = ", ".join(["%s"] * (1 + len(more)))
    return fund.column(f"SELECT email_id FROM crm.search({marks})", query, *more)


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("TERM", True),
        ("term sheet", True),
        ('"sheet term"', False),
        ("term -attached", False),
        ("absent or attached", True),
        ("absent or -missing", True),
        ("-attached", False),
        ("-missing", True),
        ('-"attached sheet"', True),
        ("-missing -absent", True),
        ("it's", False),
        ("ivy@lp.example", True),
        ("", False),
        ("'; DROP TABLE emails --", False),
        ("\\ ( & !", False),
    ],
)
def test_words_are_searched_as_on_the_web(fund, query, hit):
    email = fund.mail()
    fund.index()

    assert found(fund, query) == ([email] if hit else [])


def test_the_newest_come_first_and_a_page_goes_on_where_the_last_ended(fund):
    mails = [fund.mail(days_ago=days) for days in (1, 2, 3)]
    fund.index()

    assert found(fund, "term", 2) == mails[:2]
    last = fund.value("SELECT sent_at FROM crm.emails WHERE id = %s", mails[1])
    assert found(fund, "term", 2, last) == mails[2:]
    assert found(fund, "term", -5) == []


def test_what_may_not_be_read_is_not_found_by_its_words(fund):
    email = fund.mail(subject="Closing dinner")
    fund.index()

    fund.run("UPDATE mailroom.email_accounts SET visibility = 'subject' WHERE address = %s", ADA)
    assert (found(fund, "dinner"), found(fund, "sheet"), found(fund, "dinner sheet")) == ([email], [], [])
    fund.run("UPDATE mailroom.email_accounts SET visibility = 'metadata' WHERE address = %s", ADA)
    assert found(fund, "dinner") == []


@pytest.mark.parametrize(
    ("query", "hit"),
    [
        ("dinner -4711", True),
        ("dinner -4712", True),
        ('dinner -"price is 4711"', True),
        ("dinner or 4711", True),
        ("4711 or 4712", False),
        ("-4711", True),
        ("-4712", True),
        ("-dinner", False),
        ('"dinner with"', True),
        ("-ivy@lp.example", False),
    ],
)
def test_where_only_subjects_show_no_question_is_answered_by_the_text(fund, login, query, hit):
    """4711 is in the text and 4712 is not: as the CRM asks, both must be answered alike."""
    email = fund.mail(subject="Closing dinner with us", body_text="the price is 4711 million")
    fund.index()
    fund.run("UPDATE mailroom.email_accounts SET visibility = 'subject' WHERE address = %s", ADA)

    with psycopg.connect(login("crm_reader")) as conn:
        rows = conn.execute("SELECT email_id FROM crm.search(%s)", [query]).fetchall()

    assert rows == ([(email,)] if hit else [])


WORDS = st.sampled_from(
    ["dinner", "price", "4711", "4712", "ivy", '"closing dinner"', '"is 4711"', "dinner's"]
)
QUERIES = st.lists(st.tuples(st.sampled_from(["", "-", "or ", "or -"]), WORDS), max_size=5).map(
    lambda words: " ".join(sign + word for sign, word in words)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(queries=st.lists(QUERIES, min_size=5, max_size=5))
def test_a_search_finds_what_its_words_say_in_what_may_be_read(fund, queries):
    """The index is asked for a superset; what it has too much must be left out by the question itself."""
    if not fund.column("SELECT id FROM mailroom.emails"):
        fund.mail(subject="Closing dinner", body_text="the price is 4711")
        fund.mail(subject="dinner 4712", body_text="nothing")
        fund.mail(subject="4711", body_text="closing dinner price", held_by=(BEN,))
        fund.mail(subject="price 4712", body_text="closing dinner is 4711", held_by=(BEN,))
        fund.index()
        fund.run("UPDATE mailroom.email_accounts SET visibility = 'subject' WHERE address = %s", BEN)

    for query in queries:
        assert found(fund, query) == fund.column(
            "SELECT e.id FROM mailroom.emails e JOIN mailroom.shown s ON s.email_id = e.id"
            " JOIN mailroom.email_words w ON w.email_id = e.id"
            " WHERE CASE s.strictness WHEN 0 THEN w.words ELSE ts_filter(w.words, '{a,b}') END"
            "       @@ websearch_to_tsquery('simple', %s)"
            " ORDER BY e.sent_at DESC, e.id DESC",
            query,
        )


def test_a_message_of_any_length_is_indexed(fund):
    email = fund.mail(body_text=" ".join(f"{n:07}{n:060}" for n in range(90_000)), subject="é" * 5000)
    small = fund.mail()

    fund.index()

    assert found(fund, f"{7:07}{7:060}") == [email]
    assert found(fund, "sheet") == [small]


def test_two_indexers_share_the_work_without_waiting_for_each_other(fund, database_url):
    from shared.store import words

    fund.mail()
    with psycopg.connect(database_url) as other, psycopg.connect(database_url) as third:
        assert words.index_next(other, limit=10) == 1
        assert words.index_next(third, limit=10) == 0
    assert len(found(fund, "term")) == 1
