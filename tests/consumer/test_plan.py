"""The cheapest way that misses nothing, as properties."""

from hypothesis import given
from hypothesis import strategies as st

from consumer.plan import (
    GET,
    LIST,
    LONGEST_QUERY,
    THREAD,
    Step,
    Wanted,
    chunked,
    fetch_units,
    fetching,
    finding,
    halves,
    naming,
    query,
)
from shared.gmail.quota import PRICES

TERMS = st.lists(st.from_regex(r"[a-z]{1,12}@[a-z]{1,12}\.(example|test)", fullmatch=True), max_size=200)
WANTED = st.lists(
    st.builds(
        Wanted,
        gmail_id=st.integers(0, 10**6).map(lambda n: f"{n:x}"),
        thread_id=st.sampled_from(["", "t1", "t2", "t3"]),
        files=st.booleans(),
    ),
    unique_by=lambda one: one.gmail_id,
    max_size=60,
)


@given(TERMS)
def test_every_term_is_asked_for_once_and_no_query_is_longer_than_allowed(terms):
    chunks = chunked(terms)

    assert [term for chunk in chunks for term in chunk] == list(dict.fromkeys(terms))
    assert all(len(query(chunk, "files")) <= LONGEST_QUERY for chunk in chunks)


def test_a_term_longer_than_a_query_stands_alone():
    long = "a" * LONGEST_QUERY + "@x.example"

    assert chunked(["b@x.example", long, "c@x.example"]) == [("b@x.example",), (long,), ("c@x.example",)]


@given(TERMS, st.integers(0, 100_000), st.integers(0, 100_000))
def test_a_plan_always_lists_everything_and_is_never_dearer_than_reading_all_headers(terms, unjudged, known):
    plan = finding(terms, messages=known + unjudged, unjudged=unjudged, prices=PRICES)
    listing = max(-(-(known + unjudged) // 500), 1) * PRICES[LIST]

    assert sum(step.purpose in {"scan", "rest"} for step in plan.steps) == 1
    assert plan.units <= listing + unjudged * PRICES[GET]


@given(TERMS.filter(bool), st.integers(26, 100_000))
def test_what_only_a_search_judged_is_proved_in_the_end(terms, unjudged):
    plan = finding(terms, messages=unjudged, unjudged=unjudged, prices=PRICES)
    purposes = [step.purpose for step in plan.steps]

    assert purposes in (["scan"], sorted(purposes, key=["name", "files", "rest", "proof"].index))
    assert purposes == ["scan"] or purposes[-1] == "proof"


def test_without_investors_nothing_is_read_at_all():
    assert finding([], messages=9_000, unjudged=9_000, prices=PRICES).steps == (Step("rest"),)


def test_little_mail_and_many_investors_are_scanned():
    terms = [f"someone{number}@fund{number}.example" for number in range(4_000)]

    plan = finding(terms, messages=50, unjudged=50, prices=PRICES)

    assert [step.purpose for step in plan.steps] == ["scan"]


@given(TERMS.filter(bool), st.integers(1, 100_000))
def test_what_carries_files_is_asked_for_by_name_or_all_at_once_whichever_is_cheaper(terms, messages):
    steps = naming(terms, messages=messages)
    files = [step for step in steps if step.purpose == "files"]
    pages = [-(-messages // 500) if not step.terms else 1 for step in files]

    assert [step.terms for step in steps if step.purpose == "name"] == chunked(terms)
    assert sum(pages) <= min(len(chunked(terms)), -(-messages // 500))
    assert [query(step.terms, "files") for step in files if not step.terms] in (
        [],
        ["has:attachment -in:drafts -in:chats"],
    )


@given(WANTED)
def test_every_message_is_fetched_and_never_dearer_than_one_by_one(wanted):
    chosen = fetching(wanted, prices=PRICES)

    assert fetch_units(chosen, prices=PRICES) <= len(wanted) * PRICES[GET]
    for one in wanted:
        whole = (one.thread_id or one.gmail_id) in chosen.threads
        assert (one.gmail_id in chosen.single) != (whole and not one.files)


def test_a_thread_is_read_whole_only_when_that_saves_units():
    three = [Wanted(f"m{number}", "t", files=False) for number in range(3)]

    assert fetching(three, prices=PRICES).threads == ("t",)
    assert fetching(three[:2], prices=PRICES).threads == ()
    assert fetching(three, prices=PRICES | {THREAD: 60}).threads == ()


@given(TERMS)
def test_halves_lose_no_term(terms):
    step = Step("name", tuple(terms))
    smaller = halves(step)

    assert [term for half in smaller for term in half.terms] == (terms if len(terms) > 1 else [])
