import psycopg
import pytest

from tests.views.conftest import ADA


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
