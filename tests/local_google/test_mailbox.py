"""What Gmail does to mail: ids, threads, labels, drafts."""

from itertools import pairwise

import pytest

ADA = "ada@fund.example"
BOX = f"mailboxes/{ADA}"


def letter(subject="hello", rfc_id="1@lp.example", **headers):
    told = {"From": "lee@lp.example", "To": ADA, "Subject": subject, "Message-ID": f"<{rfc_id}>"} | headers
    return "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in told.items()) + "\ntext\n"


def get(users, id_, shape="minimal"):
    return users.messages().get(userId="me", id=id_, format=shape).execute()


def test_ids_are_sixteen_hex_digits_and_a_thread_is_named_after_its_first_message(google, users):
    id_ = google.deliver()

    assert len(id_) == 16
    assert int(id_, 16)
    assert get(users, id_)["threadId"] == id_


def test_the_same_mail_in_two_mailboxes_has_different_ids(google):
    google.control("mailboxes", {"email": "ben@fund.example"})

    assert google.deliver(letter()) != google.deliver(letter(), "ben@fund.example")


def test_history_ids_rise_with_gaps_and_start_anywhere(google):
    ids = [int(google.control(f"{BOX}/messages", {"rawUtf8": letter()})["historyId"]) for _ in range(20)]
    gaps = {later - earlier for earlier, later in pairwise(ids)}

    assert min(gaps) > 0
    assert len(gaps) > 5


def test_the_same_seed_makes_the_same_ids(google):
    def story():
        google.control("reset")
        made = google.control("mailboxes", {"email": ADA})
        return made, [google.control(f"{BOX}/messages", {"rawUtf8": letter()}) for _ in range(5)]

    assert story() == story()


def test_a_reply_joins_the_thread_of_what_it_answers(google, users):
    first = google.deliver(letter("Fund III"))
    reply = google.deliver(letter("RE: Fund III", "2@fund.example", In_Reply_To="<1@lp.example>"))
    later = google.deliver(
        letter("Aw: Re: fund iii", "3@lp.example", References="<1@lp.example> <2@fund.example>")
    )

    assert [get(users, id_)["threadId"] for id_ in (first, reply, later)] == [first] * 3


def test_a_reply_under_another_subject_begins_a_thread(google, users):
    google.deliver(letter("Fund III"))
    other = google.deliver(letter("Lunch?", "2@lp.example", In_Reply_To="<1@lp.example>"))

    assert get(users, other)["threadId"] == other


def test_a_subject_alone_joins_nothing(google, users):
    google.deliver(letter("Fund III"))
    other = google.deliver(letter("Re: Fund III", "2@lp.example"))

    assert get(users, other)["threadId"] == other


def test_a_reply_that_comes_before_what_it_answers_finds_it_too(google, users):
    reply = google.deliver(letter("Re: Fund III", "2@lp.example", References="<1@lp.example>"))
    first = google.deliver(letter("Fund III"))

    assert get(users, first)["threadId"] == get(users, reply)["threadId"] == reply


def test_a_thread_of_a_hundred_is_full(google, users):
    replies = [letter("Re: Fund", f"{n}@x.example", References="<0@x.example>") for n in range(102)]
    answer = google.control(f"{BOX}/messages", {"messages": [{"rawUtf8": one} for one in replies]})

    assert len({one["threadId"] for one in answer["messages"][:100]}) == 1
    assert answer["messages"][101]["threadId"] != answer["messages"][0]["threadId"]


def test_a_thread_can_be_chosen(google, users):
    first = google.deliver(letter())

    assert get(users, google.deliver(letter("other", "2@x.example"), threadId=first))["threadId"] == first


def test_user_labels_have_numbers_and_names(google, users):
    google.control("mailboxes", {"email": ADA, "labels": ["Deals", "Deals/Won"]})
    id_ = google.deliver(labels=["INBOX", "Deals/Won"])

    labels = {one["id"]: one for one in users.labels().list(userId="me").execute()["labels"]}

    assert labels["Label_2"] | {"name": ""} == {
        "id": "Label_2", "name": "", "type": "user", "messageListVisibility": "show", "labelListVisibility": "labelShow",
    }  # fmt: skip
    assert labels["CATEGORY_FORUMS"] == {"id": "CATEGORY_FORUMS", "name": "CATEGORY_FORUMS", "type": "system"}
    assert get(users, id_)["labelIds"] == ["INBOX", "Label_2"]
    assert users.labels().get(userId="me", id="Label_2").execute()["messagesTotal"] == 1


def test_the_bin_is_a_label(google, users):
    id_ = google.deliver()
    google.control(f"{BOX}/messages/{id_}/trash")

    assert get(users, id_)["labelIds"] == ["TRASH", "UNREAD"]
    google.control(f"{BOX}/messages/{id_}/untrash")
    assert get(users, id_)["labelIds"] == ["INBOX", "UNREAD"]


def test_saving_a_draft_replaces_the_message_behind_it(google, users):
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": letter("one")})
    again = google.control(f"{BOX}/drafts/{draft['draftId']}", {"rawUtf8": letter("two")}, verb="PUT")

    listed = users.messages().list(userId="me").execute()["messages"]

    assert again["id"] != draft["id"]
    assert again["draftId"] == draft["draftId"]
    assert again["labelIds"] == ["DRAFT"]
    assert [one["id"] for one in listed] == [again["id"]]


def test_sending_a_draft_gives_it_a_new_id(google, users):
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": letter(To="lee@lp.example")})
    sent = google.control(f"{BOX}/drafts/{draft['draftId']}/send")

    assert sent["id"] != draft["id"]
    assert sent["labelIds"] == ["SENT"]
    assert get(users, sent["id"])["threadId"] == draft["threadId"]


def test_a_draft_may_be_named_by_its_message_too(google):
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": letter()})

    assert google.control(f"{BOX}/drafts/{draft['id']}/send")["labelIds"]


@pytest.mark.parametrize("to", [ADA, "Ada <ADA@fund.example>", "lee@lp.example, deals@fund.example"])
def test_mail_to_oneself_is_one_message_sent_and_received(google, to):
    google.control("mailboxes", {"email": ADA, "aliases": ["deals@fund.example"]})
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": letter(To=to)})

    sent = google.control(f"{BOX}/drafts/{draft['draftId']}/send")

    assert sent["labelIds"] == ["INBOX", "SENT", "UNREAD"]
    assert google.see(BOX)["messages"] == 1


def test_a_mailbox_says_who_it_is(google, users):
    google.control("mailboxes", {"email": ADA, "aliases": ["deals@fund.example"]})
    google.deliver(letter())
    google.deliver(letter("other", "2@x.example"))

    profile = users.getProfile(userId="me").execute()
    addresses = users.settings().sendAs().list(userId="me").execute()["sendAs"]

    assert profile | {"historyId": ""} == {
        "emailAddress": ADA, "messagesTotal": 2, "threadsTotal": 2, "historyId": "",
    }  # fmt: skip
    assert [(one["sendAsEmail"], one.get("isPrimary", False)) for one in addresses] == [
        (ADA, True),
        ("deals@fund.example", False),
    ]


def test_a_user_without_gmail_is_told_so_by_every_method(google):
    google.control(f"{BOX}/flags", {"noMailbox": True})

    status, error = google.get("me/profile")

    assert (status, error["error"]["status"]) == (400, "FAILED_PRECONDITION")
    assert error["error"]["message"] == "Mail service not enabled"
