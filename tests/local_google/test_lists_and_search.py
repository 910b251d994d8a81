"""users.messages.list and threads.list: order, pages, filters, and the search language."""

import string
from datetime import UTC, datetime

import pytest
from googleapiclient.errors import HttpError
from hypothesis import given
from hypothesis import strategies as st

from infra.local.google import query, search
from infra.local.google.mailbox import Stored
from infra.local.google.query import All, Any, Not, Term

ADA = "ada@fund.example"
BOX = f"mailboxes/{ADA}"
DAY_MS = 86_400_000
NOV_10 = int(datetime(2026, 11, 10, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture
def listed(users):
    def listed(**more):
        answer = users.messages().list(userId="me", **more).execute()
        return [one["id"] for one in answer.get("messages", [])]

    return listed


def letter(sender="lee@lp.example", to=ADA, subject="hello", text="text", **headers):
    told = {"From": sender, "To": to, "Subject": subject} | headers
    return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in told.items()) + f"\n{text}\n"


def test_an_empty_mailbox_lists_an_estimate_and_nothing_else(users):
    assert users.messages().list(userId="me").execute() == {"resultSizeEstimate": 0}
    assert users.threads().list(userId="me").execute() == {"resultSizeEstimate": 0}


def test_the_newest_is_first_whenever_it_arrived(google, listed):
    old, new, middle = (google.deliver(internalDateMs=ms) for ms in (1_000, 3_000, 2_000))

    assert listed() == [new, middle, old]


def test_spam_and_the_bin_are_shown_only_when_asked_for_and_drafts_always(google, listed):
    inbox = google.deliver()
    spam, binned = google.deliver(labels=["SPAM"]), google.deliver(labels=["TRASH"])
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": letter()})["id"]

    assert set(listed()) == {inbox, draft}
    assert set(listed(includeSpamTrash=True)) == set(listed(q="in:anywhere")) == {inbox, draft, spam, binned}
    assert listed(labelIds=["SPAM"]) == listed(q="in:spam") == [spam]
    assert listed(q="-in:drafts") == [inbox]


def test_label_ids_must_all_be_there(google, listed):
    both = google.deliver(labels=["INBOX", "STARRED"])
    google.deliver(labels=["INBOX"])

    assert listed(labelIds=["INBOX", "STARRED"]) == [both]


def test_pages_hold_everything_once_and_their_tokens_belong_to_the_query(google, users):
    ids = [google.deliver() for _ in range(11)]
    pages, request = [], users.messages().list(userId="me", maxResults=4)
    while request:
        pages.append(request.execute())
        request = users.messages().list_next(request, pages[-1])

    assert [one["id"] for page in pages for one in page["messages"]] == ids[::-1]
    assert [page["resultSizeEstimate"] for page in pages] == [201, 201, 3]
    with pytest.raises(HttpError, match="Invalid pageToken"):
        users.messages().list(userId="me", q="in:inbox", pageToken=pages[0]["nextPageToken"]).execute()


def test_a_list_is_no_snapshot(google, users):
    ids = [google.deliver() for _ in range(4)]
    request = users.messages().list(userId="me", maxResults=2)
    first = request.execute()
    google.deliver()
    second = users.messages().list_next(request, first).execute()

    assert second["messages"][0]["id"] == first["messages"][1]["id"] == ids[2]


def test_five_hundred_is_the_longest_page(google, listed):
    google.control(f"{BOX}/messages", {"messages": [{"rawUtf8": letter()}] * 510})

    assert [len(listed(maxResults=size)) for size in (1000, 500)] == [500, 500]
    assert len(listed()) == 100


def test_threads_are_listed_once_with_their_newest_first(google, users):
    first = google.deliver(letter(Message_ID="<1@x.example>"))
    other = google.deliver(letter(subject="other"))
    google.deliver(letter(subject="Re: hello", In_Reply_To="<1@x.example>", text="Tom & I"))

    threads = users.threads().list(userId="me").execute()["threads"]
    thread = users.threads().get(userId="me", id=first, format="minimal").execute()

    assert [one["id"] for one in threads] == [first, other]
    assert threads[0]["snippet"] == "Tom &amp; I"
    assert threads[0]["historyId"] == thread["historyId"] == thread["messages"][1]["historyId"]
    assert thread["messages"][0]["id"] == first


SEARCHES = {
    "from:lee@lp.example": {"from lee", "cc ben", "long ago"},
    "from:lp.example": {"from lee", "cc ben", "long ago"},
    "from:LEE@LP.example": {"from lee", "cc ben", "long ago"},
    "from:p.example": set(),
    'from:"Kim Roe"': {"from kim"},
    "to:ben@lp.example": {"to ben", "cc ben"},
    "cc:ben@lp.example": {"cc ben"},
    "subject:term": {"from kim"},
    'subject:"term sheet"': {"from kim"},
    "subject:(sheet term)": {"from kim"},
    "subject:Büro": {"to ben"},
    "kangaroo": {"to ben"},
    "from:kim@nordwind.example OR from:lee@lp.example to:ben@lp.example": {"cc ben"},
    "{from:kim@nordwind.example to:ben@lp.example}": {"from kim", "to ben", "cc ben"},
    "from:(kim@nordwind.example OR ada@fund.example)": {"from kim", "to ben"},
    "from:{kim@nordwind.example ada@fund.example}": {"from kim", "to ben"},
    "from:nordwind.example": {"from kim"},
    "-from:lee@lp.example": {"from kim", "to ben"},
    "-{from:lee@lp.example from:kim@nordwind.example}": {"to ben"},
    "from:lee@lp.example -cc:ben@lp.example": {"from lee", "long ago"},
    "rfc822msgid:kim1@nordwind.example": {"from kim"},
    "rfc822msgid:<kim1@nordwind.example>": {"from kim"},
    "after:2026/11/10": {"from lee", "from kim"},
    "before:2026/11/10": {"cc ben", "to ben", "long ago"},
    f"after:{NOV_10 // 1000}": {"from lee", "from kim", "to ben"},
    f"before:{NOV_10 // 1000}": {"cc ben", "long ago"},
    "before:2020-01-01": {"long ago"},
    "newer_than:9000d": {"from lee", "from kim", "to ben", "cc ben"},
    "older_than:20y": {"long ago"},
    "in:sent": {"to ben"},
    "in:inbox is:unread": {"from lee", "long ago"},
    "is:read": {"from kim", "to ben", "cc ben"},
    "is:starred": {"from kim"},
    "label:big-deals": {"from kim"},
    "category:promotions": {"cc ben"},
    "larger:1k": {"from lee"},
    "": {"from lee", "from kim", "to ben", "cc ben", "long ago"},
}


def test_a_query_finds_what_gmail_would(google, users):
    google.control("mailboxes", {"email": ADA, "labels": ["Big Deals"]})
    box = {
        "from lee": (letter(text="x" * 2_000), ["INBOX", "UNREAD"], NOV_10 + 3 * DAY_MS),
        "from kim": (
            letter(
                '"Kim Roe" <kim@nordwind.example>',
                subject="The term sheet",
                Message_ID="<kim1@nordwind.example>",
            ),
            ["INBOX", "STARRED", "Big Deals"],
            NOV_10 + 2 * DAY_MS,
        ),
        # Four in the morning of the tenth in London is the ninth in California.
        "to ben": (
            letter(ADA, "ben@lp.example", "=?utf-8?q?B=C3=BCro?=", "a kangaroo"),
            ["SENT"],
            NOV_10 + DAY_MS // 6,
        ),
        "cc ben": (letter(Cc="Ben <ben@lp.example>"), ["INBOX", "CATEGORY_PROMOTIONS"], NOV_10 - DAY_MS),
        "long ago": (letter(), ["INBOX", "UNREAD"], 1_000_000_000_000),
    }
    names = {
        google.deliver(raw, labels=labels, internalDateMs=ms): name for name, (raw, labels, ms) in box.items()
    }

    found = {}
    for q in SEARCHES:
        answer = users.messages().list(userId="me", q=q).execute()
        found[q] = {names[one["id"]] for one in answer.get("messages", [])}

    assert found == SEARCHES


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("", All(())),
        ("a", Term("", "a")),
        ("a b", All((Term("", "a"), Term("", "b")))),
        ("a OR b c", All((Any((Term("", "a"), Term("", "b"))), Term("", "c")))),
        ("{a b}", Any((Term("", "a"), Term("", "b")))),
        ("-from:x", Not(Term("from", "x"))),
        ("-(a b)", Not(All((Term("", "a"), Term("", "b"))))),
        ("from:(a OR b)", Any((Term("from", "a"), Term("from", "b")))),
        ('subject:"a b"', Term("subject", "a b")),
        ("FROM:x", Term("from", "x")),
        ("a -", Term("", "a")),
        ("(a", Term("", "a")),
        (") a }", Term("", "a")),
        ("OR a OR", Term("", "a")),
        ("from: x", Term("from", "x")),
    ],
)
def test_a_query_is_read(text, tree):
    assert query.parse(text) == tree


PIECES = st.sampled_from(
    ["from:", "in:", "after:", "newer_than:", "label:", "larger:", "is:", "OR", "AND", "-", "(", ")", "{", "}", '"', " ", "a",
     "2026/11/31", "9" * 20, "3d", "spam", "anywhere", "|", "é", "\u0661\u0662"]
)  # fmt: skip
MESSAGE = Stored(
    id="1", thread_id="1", labels={"INBOX"}, internal_ms=1, rfc_id="", size=9, packed=b"From: a\n\nb"
)


@given(st.lists(PIECES | st.text(string.printable, max_size=3), max_size=40).map("".join))
def test_any_text_is_a_query_with_an_answer(text):
    tree = query.parse(text)
    test = search.compiled(tree, search.Setting(now=1e9, user_labels={"Label_1": "Deals"}))

    assert test(MESSAGE) in {True, False}
    assert search.asks_for_hidden(tree) in {True, False}


def test_a_thousand_brackets_are_a_query_too(users):
    # A query this long makes Google's client post it and say that it meant to get.
    assert query.parse("(" * 5_000 + "a" + ")" * 5_000) is not None
    assert users.messages().list(userId="me", q="-" * 300 + "{(" * 300).execute() == {"resultSizeEstimate": 0}
