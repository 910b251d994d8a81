"""What our client promises of a Gmail API server, one function each; all of them only read.

Each takes a Server whose mailbox holds a few messages, sent ones among them, and fails when the promise
is broken.  Mail may arrive while they run: nothing here needs a quiet mailbox.
"""

import email
import email.header
import hashlib

import pytest

from shared.errors import CallerBug, HistoryGone, MessageGone, Reconnect
from shared.gmail.calls import WEIGHED_HEADERS
from shared.gmail.resources import Message

SOME = 6  # messages looked at closely: 20 units for each look
MOST_PAGES = 20  # of 500; a larger mailbox is not listed to its end
BAD_TOKEN = "ya29.nobody-ever-issued-this"


def a_profile_names_the_account_and_a_point_in_history(server):
    profile = server.gmail.profile()

    assert profile.email_address.lower() == server.address.lower()
    assert profile.history_id > 0


def a_listing_ends_and_names_each_message_once(server):
    seen, token = [], None
    for _ in range(MOST_PAGES):
        page = server.gmail.list_ids(page_token=token)
        seen += [ref.id for ref in page.messages]
        token = page.next_page_token
        if not token:
            break

    assert len(seen) == len(set(seen)) > 0


def small_pages_make_up_a_large_one(server):
    large = [ref.id for ref in server.gmail.list_ids(max_results=SOME).messages]
    small, token = [], None
    while len(small) < len(large):
        page = server.gmail.list_ids(page_token=token, max_results=2)
        small += [ref.id for ref in page.messages]
        token = page.next_page_token
        if not token:
            break

    assert small[: len(large)] == large


def ids_stay_the_same(server):
    first, second = newest(server), newest(server)

    assert first[-1] in second  # what arrived meanwhile may have pushed the others down


def the_newest_message_comes_first(server):
    dates = [one.internal_date for one in read(server, "metadata").values()]

    assert dates == sorted(dates, reverse=True)


def each_format_is_the_same_message(server):
    for id_, raw in read(server, "raw").items():
        for format_ in ("minimal", "metadata", "full"):
            other = server.gmail.message(id_, format_)

            assert (other.id, other.thread_id) == (id_, raw.thread_id)
            assert other.internal_date == raw.internal_date
            assert set(other.label_ids) == set(raw.label_ids)


def metadata_has_the_headers_that_decide_and_no_others(server):
    heads = read(server, "metadata")
    for id_, raw in read(server, "raw").items():
        weighed = {name.lower() for name in WEIGHED_HEADERS}
        written = {name.lower() for name in mail_of(raw).keys()} & weighed  # noqa: SIM118 - not a dict

        assert {name.lower() for name, _ in heads[id_].headers} == written
        assert "from" in written


def raw_is_a_whole_mail(server):
    for raw in read(server, "raw").values():
        head, _, _ = raw.raw_bytes().partition(b"\r\n\r\n")

        assert mail_of(raw)["Message-ID"] or mail_of(raw)["From"]
        assert b"\n" not in head.replace(b"\r\n", b"")


def full_and_raw_have_the_same_subject(server):
    for id_, raw in read(server, "raw").items():
        shown = dict(server.gmail.message(id_).headers)
        subject = {name.lower(): value for name, value in shown.items()}.get("subject", "")

        assert words(subject) == words(mail_of(raw)["Subject"] or "")


def a_batch_says_what_single_calls_say_in_one_request(server):
    ids = newest(server)
    singles = {id_: server.gmail.message(id_, "raw") for id_ in ids}
    before = server.transport.sent
    together = server.gmail.raw(ids)

    assert server.transport.sent == before + 1
    for id_ in ids:
        assert isinstance(together[id_], Message)
        assert together[id_].raw_bytes() == singles[id_].raw_bytes()


def an_unknown_message_is_gone_and_takes_nothing_with_it(server):
    ids = newest(server)
    unknown = next(f"{int(ids[-1], 16) - n:016x}" for n in range(1, 99))

    with pytest.raises(MessageGone):
        server.gmail.message(unknown)
    found = server.gmail.metadata([ids[0], unknown])
    assert [type(one) for one in found.values()] == [Message, MessageGone]


def what_is_no_id_is_our_fault_and_not_a_missing_message(server):
    with pytest.raises(CallerBug):
        server.gmail.message("no-id-at-all")
    with pytest.raises(CallerBug):
        server.gmail.list_ids(page_token="nobody-gave-this-token")


def history_from_now_holds_nothing_older(server):
    cursor = server.gmail.profile().history_id
    pages = list(server.gmail.history(cursor))

    assert pages[-1].history_id >= cursor
    assert all(record.id > cursor for page in pages for record in page.records)
    if pages[-1].history_id == cursor:
        assert not any(page.records for page in pages)


def history_from_the_beginning_is_gone(server):
    for long_ago in (0, 1):
        with pytest.raises(HistoryGone):
            list(server.gmail.history(long_ago))


def labels_are_known_by_id(server):
    known = {label.id for label in server.gmail.labels()}

    assert {"INBOX", "SENT", "SPAM", "TRASH", "DRAFT"} <= known
    assert {label for one in read(server, "metadata").values() for label in one.label_ids} <= known


def the_accounts_own_address_is_one_it_sends_as(server):
    own = {one.send_as_email.lower(): one.is_primary for one in server.gmail.send_as()}

    assert own.get(server.address.lower())
    assert sum(own.values()) == 1


def a_token_nobody_issued_ends_in_reconnect(server):
    with pytest.raises(Reconnect):
        server.with_token(BAD_TOKEN).profile()


def a_thread_holds_its_messages(server):
    one = server.gmail.message(newest(server)[0], "minimal")
    thread = server.gmail.thread(one.thread_id)

    assert one.id in [message.id for message in thread.messages]
    assert {message.thread_id for message in thread.messages} == {one.thread_id}
    dates = [message.internal_date for message in thread.messages]
    assert dates == sorted(dates)


def a_thread_brings_the_headers_its_messages_bring_by_themselves(server):
    one = server.gmail.message(newest(server)[0], "minimal")
    [[thread]] = server.gmail.thread_headers([one.thread_id])

    assert one.id in [message.id for message in thread.messages]
    for message in thread.messages[-SOME:]:
        alone = server.gmail.message(message.id, "metadata")
        assert message.headers == alone.headers
        assert set(message.label_ids) == set(alone.label_ids)
        assert message.history_id == alone.history_id > 0


def attachments_by_id_are_those_in_the_raw_mail(server):
    found = [ref.id for ref in server.gmail.list_ids(q="has:attachment", max_results=2).messages]
    if not found:
        pytest.skip("no message of this mailbox has an attachment")
    for id_ in found:
        raw = mail_of(server.gmail.message(id_, "raw"))
        inside = {
            digest(part.get_payload(decode=True) or b"") for part in raw.walk() if not part.is_multipart()
        }
        files = [part for part in server.gmail.message(id_).payload.walk() if is_file(part)]

        for part in files:
            content = server.gmail.attachment(id_, part.body.attachment_id, most=part.body.size)
            assert digest(content) in inside
            assert len(content) == part.body.size


def a_search_by_time_finds_what_came_after_it(server):
    shown = list(read(server, "metadata").values())
    middle = shown[len(shown) // 2]
    page = server.gmail.list_ids(q=f"after:{middle.internal_ms // 1000 - 1}")
    listed = {ref.id for ref in page.messages}

    assert {one.id for one in shown if one.internal_ms >= middle.internal_ms} <= listed
    assert not {one.id for one in shown if one.internal_ms < middle.internal_ms - 2000} & listed


PROMISES = [
    a_profile_names_the_account_and_a_point_in_history,
    a_listing_ends_and_names_each_message_once,
    small_pages_make_up_a_large_one,
    ids_stay_the_same,
    the_newest_message_comes_first,
    each_format_is_the_same_message,
    metadata_has_the_headers_that_decide_and_no_others,
    raw_is_a_whole_mail,
    full_and_raw_have_the_same_subject,
    a_batch_says_what_single_calls_say_in_one_request,
    an_unknown_message_is_gone_and_takes_nothing_with_it,
    what_is_no_id_is_our_fault_and_not_a_missing_message,
    history_from_now_holds_nothing_older,
    history_from_the_beginning_is_gone,
    labels_are_known_by_id,
    the_accounts_own_address_is_one_it_sends_as,
    a_token_nobody_issued_ends_in_reconnect,
    a_thread_holds_its_messages,
    a_thread_brings_the_headers_its_messages_bring_by_themselves,
    attachments_by_id_are_those_in_the_raw_mail,
    a_search_by_time_finds_what_came_after_it,
]


def newest(server):
    """A few ids, newest first."""
    return [ref.id for ref in server.gmail.list_ids(max_results=SOME).messages]


def read(server, format_):
    """A few messages by id, newest first."""
    return {id_: server.gmail.message(id_, format_) for id_ in newest(server)}


def mail_of(message):
    return email.message_from_bytes(message.raw_bytes())


def words(subject):
    """What a person reads: Gmail decodes encoded words and keeps the white space of folded lines."""
    return str(email.header.make_header(email.header.decode_header(subject))).split()


def digest(content):
    return hashlib.sha256(content).hexdigest()


def is_file(part):
    return bool(part.filename and part.body.attachment_id)
