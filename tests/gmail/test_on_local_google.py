"""The same Gmail against the local Google: real HTTP, real batches, real tokens."""

from email.message import EmailMessage

import pytest

from shared.errors import CallerBug, HistoryGone, MessageGone, NoMailbox, OperatorMustAct
from shared.gmail.resources import Message
from tests.gmail.scripted import ADA

HEAD = "From: Lee <lee@lp.example>\r\nTo: {}\r\nSubject: Fund III {}\r\nMessage-ID: <{}@lp.example>\r\n"
LETTER = HEAD + "\r\nHello {}\r\n"


def with_attachment(content):
    """A letter with one file; its text is ASCII as raw mail over JSON must be."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "lee@lp.example", ADA, "Our offer"
    mail.set_content("Attached.")
    mail.add_attachment(content, maintype="application", subtype="pdf", filename="offer.pdf")
    return mail.as_string()


@pytest.fixture
def arrive(google):
    """Let *number* letters arrive; return their ids, oldest first."""

    def arrive(number=1, **more):
        letters = [{"rawUtf8": LETTER.format(ADA, n, n, n)} | more for n in range(number)]
        answer = google.control("POST", f"mailboxes/{ADA}/messages", messages=letters)
        return [one["id"] for one in answer["messages"]]

    return arrive


def arrived(pages):
    return [
        change.message.id for page in pages for record in page.records for change in record.messages_added
    ]


def test_what_arrives_after_the_cursor_is_in_history_and_nothing_else(ada, arrive):
    arrive(3)
    cursor = ada.profile().history_id
    new = arrive(2)

    pages = list(ada.history(cursor))

    assert arrived(pages) == new
    assert pages[-1].history_id == ada.profile().history_id > cursor
    assert next(ada.history(pages[-1].history_id)).records == ()


def test_history_is_whole_over_many_pages_and_empty_ones(ada, arrive, google):
    google.control("POST", "settings", history_empty_pages=True)
    cursor = ada.profile().history_id
    new = arrive(700)

    assert arrived(ada.history(cursor)) == new


def test_forgotten_history_is_gone(ada, arrive, google):
    cursor = ada.profile().history_id
    arrive(2)
    google.control("POST", f"mailboxes/{ADA}/history-floor", to="current")

    with pytest.raises(HistoryGone):
        list(ada.history(cursor))


def test_every_id_is_listed_once_newest_first(ada, arrive):
    ids = arrive(12)
    found, token = [], None
    while True:
        page = ada.list_ids(page_token=token, max_results=5)
        found += [ref.id for ref in page.messages]
        token = page.next_page_token
        if not token:
            break

    assert sorted(found) == sorted(ids)


def test_messages_come_back_in_batches_whatever_the_order(ada, arrive, google):
    google.control("POST", "settings", batch_shuffle=True)
    ids = arrive(40)

    headers, whole = ada.metadata(ids), ada.raw(ids)

    for number, id_ in enumerate(ids):
        assert headers[id_].headers == [("From", "Lee <lee@lp.example>"), ("To", ADA)]
        assert whole[id_].raw_bytes() == LETTER.format(ADA, number, number, number).encode()
        assert whole[id_].label_ids


def test_a_deleted_message_is_gone_and_the_others_are_not(ada, arrive, google):
    ids = arrive(3)
    google.control("DELETE", f"mailboxes/{ADA}/messages/{ids[1]}")

    found = ada.metadata(ids)

    assert [type(found[id_]) for id_ in ids] == [Message, MessageGone, Message]
    assert isinstance(ada.raw([ids[1]])[ids[1]], MessageGone)


@pytest.mark.parametrize("switch", [{"batch_concurrency": 4}, {"batch_inner_status": 503}])
def test_what_gmail_refuses_inside_a_batch_is_read_by_itself(ada, arrive, google, switch):
    google.control("POST", "settings", **switch)
    ids = arrive(10)

    found = ada.metadata(ids)

    assert [found[id_].id for id_ in ids] == ids


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_google_that_answers_no_batch_at_all_is_read_message_by_message(ada, arrive, google, status):
    google.control("POST", "settings", batch_outer_status=status)
    ids = arrive(3)

    assert [one.id for one in ada.raw(ids).values()] == ids


def test_a_token_that_ran_out_is_replaced_without_anybody_noticing(ada, arrive, google):
    ids = arrive(3)
    ada.profile()
    google.control("POST", "clock", advanceSeconds=3600)
    try:
        found = ada.metadata(ids)
    finally:
        google.control("POST", "clock", advanceSeconds=-3600)

    assert all(isinstance(message, Message) for message in found.values())


def test_an_account_without_gmail_is_told(ada, google):
    google.control("POST", f"mailboxes/{ADA}/flags", noMailbox=True)

    with pytest.raises(NoMailbox):
        ada.watch("projects/local-project/topics/gmail")


def test_a_watch_starts_renews_and_stops(ada, google):
    first = ada.watch("projects/local-project/topics/gmail")
    second = ada.watch("projects/local-project/topics/gmail")

    assert second.expiration >= first.expiration
    assert second.history_id == ada.profile().history_id
    ada.stop()
    ada.stop()
    assert not google.control("GET", "watches").get("watches")


def test_a_watch_on_another_topic_takes_over(ada, google):
    ada.watch("projects/local-project/topics/old")

    ada.watch("projects/local-project/topics/new")

    assert [one["topic"] for one in google.control("GET", "watches")["watches"]] == [
        "projects/local-project/topics/new"
    ]


def test_a_topic_of_another_project_is_an_operators_matter(ada):
    with pytest.raises(OperatorMustAct, match="CRM_GMAIL_PUBSUB_TOPIC"):
        ada.watch("projects/elsewhere/topics/gmail")


def test_labels_and_own_addresses_are_read(ada):
    assert "INBOX" in [label.id for label in ada.labels()]
    assert ADA in [one.send_as_email for one in ada.send_as()]


@pytest.mark.parametrize("format_", ["minimal", "metadata", "full"])
def test_a_thread_holds_its_messages_oldest_first(ada, arrive, google, format_):
    first, other = arrive(2)
    answer = google.deliver(ADA, LETTER.format(ADA, 9, 9, 9), threadId=first)

    thread = ada.thread(first, format_)

    assert [message.id for message in thread.messages] == [first, answer]
    assert {message.thread_id for message in thread.messages} == {thread.id} == {first}
    assert other not in [message.id for message in thread.messages]


def test_an_attachment_is_the_bytes_that_were_sent(ada, google):
    content = bytes(range(256)) * 100
    id_ = google.deliver(ADA, with_attachment(content))
    part = next(part for part in ada.message(id_).payload.walk() if part.body.attachment_id)

    assert part.filename == "offer.pdf"
    assert ada.attachment(id_, part.body.attachment_id, most=len(content)) == content
    with pytest.raises(CallerBug, match="attachment token"):
        ada.attachment(id_, "ANGnone", most=9)


def test_both_sides_count_the_same_units(ada, arrive, google, budget):
    ids = arrive(30)
    google.control("POST", "counters/reset")

    list(ada.history(ada.profile().history_id))
    ada.metadata(ids)
    ada.raw(ids[:1])
    ada.list_ids()

    assert google.control("GET", "counters")["units"] == sum(budget.spent().values())
