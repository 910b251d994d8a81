"""Who stores, who re-matches and who tells the feed wait for each other, and for nobody else."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import psycopg
import pytest

from shared.store import emails, investors, matching
from shared.store.investors import InvestorRow

NOW = "SET lock_timeout = '300ms'"


@pytest.fixture
def several(database_url):
    with ExitStack() as opened:
        yield [opened.enter_context(psycopg.connect(database_url)) for _ in range(3)]


def test_many_store_at_once_and_whoever_re_matches_waits_for_them_without_being_overtaken(several):
    first, rematcher, late = several
    matching.share(first)
    matching.share(late)
    late.rollback()

    with ThreadPoolExecutor() as thread:
        waiting = thread.submit(matching.exclude, rematcher)
        while not waits(late, rematcher):
            pass
        late.execute(NOW)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            matching.share(late)
        first.rollback()
        waiting.result(timeout=10)


def waits(conn, other):
    found = conn.execute(
        "SELECT wait_event_type FROM pg_stat_activity WHERE pid = %s", [other.info.backend_pid]
    )
    conn.commit()
    return found.fetchone() == ("Lock",)


def test_one_re_matches_and_another_goes_on_at_once(several):
    one, other, admin = several
    assert matching.claim(one) is None  # nothing is to be done
    investors.upsert(admin, [InvestorRow("Ivy", "", "address", "ivy@lp.example")])
    admin.commit()

    assert matching.claim(one) is not None
    assert matching.claim(other) is None
    one.rollback()
    assert matching.claim(other) is not None


def test_the_feed_is_told_by_one_after_the_other(several):
    one, other, _ = several
    emails.announce(one, [])
    other.execute(NOW)

    with pytest.raises(psycopg.errors.LockNotAvailable):
        emails.announce(other, [])


def test_a_turn_that_is_not_there_is_an_error_and_not_nothing(several):
    conn = several[0]
    conn.execute("DELETE FROM mailroom.turns")

    with pytest.raises(psycopg.errors.RaiseException, match="put it back"):
        emails.announce(conn, [])
