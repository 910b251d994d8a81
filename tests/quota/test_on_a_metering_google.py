"""The budget against a server that meters: no refusal inside it, and fewer calls after one."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import urllib3

from infra.local.google import serve
from shared.credentials.delegated import DelegatedTokens
from shared.errors import NoUnits, SlowDown
from shared.gmail.client import GmailFactory
from shared.gmail.quota import Budget
from shared.gmail.transport import Transport
from shared.store.units import Units, since, troubled

ADA = "ada@fund.test"


@pytest.fixture
def google():
    with serve() as server:
        yield server.url


def control(url, method, path, **body):
    answer = urllib3.request(method, f"{url}/control/{path}", json=body or None, retries=False, timeout=10)
    assert answer.status == 200, answer.data
    return answer.json()


@pytest.fixture
def a_process(google, db):
    """Make what one process has: its own connections and budget, on the database all share."""
    control(google, "POST", "mailboxes", email=ADA)
    key = control(google, "POST", "service-accounts", email="m@p.iam.gserviceaccount.com", projectId="p")
    transport = Transport()

    def make(rate):
        tokens = DelegatedTokens(key, f"{google}/token", transport=transport)
        budget = Budget(rate, allowance=Units(db))
        return GmailFactory(google, transport=transport, tokens=tokens, budget=budget), budget

    yield make
    transport.close()


def until_stopped(gmail):
    """List until there are no units left; return why it ended."""
    while True:
        try:
            gmail.list_ids()
        except (NoUnits, SlowDown) as stopped:
            return stopped


def test_two_processes_use_up_the_minute_and_draw_no_refusal(google, a_process):
    control(google, "POST", "settings", units_per_minute=1200)
    gmails = [a_process(20)[0].account(ADA, live=True) for _ in range(2)]

    with ThreadPoolExecutor(4) as pool:
        ends = list(pool.map(until_stopped, gmails * 2))

    counted = control(google, "GET", "counters")
    assert counted["refusals"] == {}
    assert 1200 - 4 * 5 < counted["units"] <= 1200
    assert {type(end) for end in ends} == {NoUnits}


def test_where_google_gives_less_than_we_think_everybody_stops_and_the_rate_is_lowered(google, a_process, db):
    control(google, "POST", "settings", units_per_minute=600, quota_style="retry_after", retry_after_sec=600)
    (factory, budget), (other, _) = a_process(20), a_process(20)

    refused = until_stopped(factory.account(ADA, live=True))
    budget.flush()

    assert type(refused) is SlowDown
    with pytest.raises(SlowDown):
        other.account(ADA, live=True).list_ids()
    with db.transaction() as conn:
        (held,) = troubled(conn)
        (spent,) = since(conn, 2)
    assert (held.key, round(held.share, 2), held.paused_until is not None) == (ADA, 0.8, True)
    assert (spent.spent.account, spent.spent.method, spent.spent.refusals) == (ADA, "messages.list", 1)
    assert control(google, "GET", "counters")["refusals"] == {ADA: {"quota": 1}}


def test_calls_at_once_stay_within_the_cap_so_that_google_never_counts_too_many(google, a_process):
    control(google, "POST", "settings", concurrent_calls=4)
    gmail = a_process(0)[0].account(ADA, live=True)

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda _: gmail.list_ids(), range(120)))

    counted = control(google, "GET", "counters")
    assert (counted["calls"], counted["refusals"]) == (120, {})
