"""History, watches, notifications, batches, tokens, refusals."""

import json

import pytest
import urllib3
from google.auth.exceptions import RefreshError
from googleapiclient.errors import HttpError
from googleapiclient.http import BatchHttpRequest

TOPIC = "projects/p/topics/t"


def reason(refused):
    return json.loads(refused.value.content)["error"]["errors"][0]["reason"]


def test_history_is_strictly_after_its_start_ascending_and_ends_at_the_present(box):
    before = box.now()
    ids = [box.deliver()["id"] for _ in range(3)]

    answer = box.history(before)

    numbers = [int(one["id"]) for one in answer["history"]]
    assert numbers == sorted(numbers)
    assert min(numbers) > before
    assert [one["messagesAdded"][0]["message"]["id"] for one in answer["history"]] == ids
    assert int(answer["historyId"]) == numbers[-1]


def test_without_changes_there_is_no_history_key(box):
    assert set(box.history(box.now())) == {"historyId"}
    assert set(box.history(box.now() + 10_000)) == {"historyId"}


def test_filters_labels_stand_in_the_arrival_and_no_label_record_follows(box):
    before = box.now()
    box.deliver("Subject: x\r\n\r\nx", "Label_1", "INBOX")

    [record] = box.history(before)["history"]

    assert record["messagesAdded"][0]["message"]["labelIds"] == ["INBOX", "Label_1"]
    assert "labelsAdded" not in record


def test_the_bin_is_labels_and_deletion_is_deletion(box):
    message_id = box.deliver()["id"]
    before = box.now()
    box.control(f"mailboxes/{box.email}/messages/{message_id}/trash")
    box.control(f"mailboxes/{box.email}/messages/{message_id}", method="DELETE")

    # What came and what went is one record or two.
    kinds = [kind for one in box.history(before)["history"] for kind in one if kind not in {"id", "messages"}]
    assert kinds == ["labelsAdded", "labelsRemoved", "messagesDeleted"]


def test_saving_a_draft_again_replaces_its_message_and_sending_gives_a_new_one(box):
    before = box.now()
    first = box.control(f"mailboxes/{box.email}/drafts", {"rawUtf8": "Subject: d\n\nx"})
    second = box.control(f"mailboxes/{box.email}/drafts/{first['id']}", {"rawUtf8": "Subject: d\n\ny"}, "PUT")
    sent = box.control(f"mailboxes/{box.email}/drafts/{second['id']}/send")

    kinds = [
        (key, one[key][0]["message"]["id"])
        for one in box.history(before)["history"]
        for key in one
        if key.startswith("messages") and key != "messages"
    ]

    assert kinds == [
        ("messagesAdded", first["id"]), ("messagesDeleted", first["id"]), ("messagesAdded", second["id"]),
        ("messagesDeleted", second["id"]), ("messagesAdded", sent["id"]),
    ]  # fmt: skip
    assert sent["labelIds"] == ["SENT"]


def test_forgotten_history_is_404_also_for_a_quiet_mailbox_and_zero(box):
    start = int(box.deliver()["historyId"])
    box.control(f"mailboxes/{box.email}/history-floor", {"to": start + 1})

    for since in (start, 0, 1):
        with pytest.raises(HttpError) as refused:
            box.history(since)
        assert (refused.value.resp.status, reason(refused)) == (404, "notFound")


def test_an_empty_page_may_carry_a_token(box):
    before = box.now()
    box.deliver()
    box.control("settings", {"history_empty_pages": True})
    history = box.gmail.history()

    first = history.list(userId="me", startHistoryId=str(before)).execute()
    second = history.list(userId="me", startHistoryId=str(before), pageToken=first["nextPageToken"]).execute()

    assert "history" not in first
    assert len(second["history"]) == 1


def test_index_lag_hides_a_message_until_its_time(box):
    before = box.now()
    box.control("settings", {"history_lag_sec": 100, "message_lag_sec": 100})
    message_id = box.deliver()["id"]

    assert "history" not in box.history(before)
    with pytest.raises(HttpError):
        box.gmail.messages().get(userId="me", id=message_id).execute()
    box.control("clock", {"advanceSeconds": 101})
    assert len(box.history(before)["history"]) == 1


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("maxResults=5/abc", "max_results"),
        ("colour=red", "colour"),
        ("includeSpamTrash=perhaps", "include_spam_trash"),
    ],
)
def test_a_bad_parameter_is_refused_in_googles_words(box, query, words):
    headers = {"Authorization": f"Bearer {token(box)}"}
    answer = urllib3.request("GET", f"{box.url}/gmail/v1/users/me/messages?{query}", headers=headers)

    assert answer.status == 400
    assert words in answer.json()["error"]["message"]


def token(box):
    from google.auth.transport.urllib3 import Request

    credentials = box.credentials()
    credentials.refresh(Request(urllib3.PoolManager()))
    return credentials.token


def test_a_history_type_spelt_like_the_answers_field_is_refused(box):
    headers = {"Authorization": f"Bearer {token(box)}"}
    url = f"{box.url}/gmail/v1/users/me/history?startHistoryId=1&historyTypes=labelsAdded"

    assert urllib3.request("GET", url, headers=headers).status == 400


def test_who_asks_without_or_with_a_wrong_token_gets_googles_401(box):
    url = f"{box.url}/gmail/v1/users/me/profile"

    nobody = urllib3.request("GET", url)
    stranger = urllib3.request("GET", url, headers={"Authorization": "Bearer ya29.wrong"})

    assert (nobody.status, nobody.json()["error"]["errors"][0]["reason"]) == (401, "required")
    assert (stranger.status, stranger.json()["error"]["errors"][0]["reason"]) == (401, "authError")


def test_a_token_ends_on_the_standins_clock(box):
    bearer = {"Authorization": f"Bearer {token(box)}"}
    url = f"{box.url}/gmail/v1/users/me/profile"
    assert urllib3.request("GET", url, headers=bearer).status == 200

    box.control("clock", {"advanceSeconds": 3_700})

    assert urllib3.request("GET", url, headers=bearer).status == 401


def test_another_mailbox_is_delegation_denied_and_ones_own_address_is_me(box):
    assert box.gmail.getProfile(userId=box.email.upper()).execute()["emailAddress"] == box.email
    with pytest.raises(HttpError) as refused:
        box.gmail.getProfile(userId="other@fund.test").execute()
    assert (refused.value.resp.status, reason(refused)) == (403, "forbidden")


def test_nobody_gets_a_token_for_a_user_that_does_not_exist(box):
    with pytest.raises(RefreshError, match="Invalid email or User ID"):
        box.client(subject="ghost@fund.test").users().getProfile(userId="me").execute()


def test_a_watch_lasts_seven_days_notifies_at_once_and_ends_without_a_sign(box):
    watch = box.gmail.watch(userId="me", body={"topicName": TOPIC}).execute()

    told = [
        one
        for one in box.control("notifications", method="GET")["notifications"]
        if one["emailAddress"] == box.email
    ]
    assert isinstance(watch["historyId"], str)
    assert isinstance(watch["expiration"], str)
    assert [(one["topic"], one["historyId"]) for one in told] == [(TOPIC, int(watch["historyId"]))]
    box.control("clock", {"advanceSeconds": 8 * 86_400})
    assert box.email not in str(box.control("watches", method="GET"))


@pytest.mark.parametrize(
    ("topic", "flag", "status", "words"),
    [
        ("projects/other/topics/t", {}, 400, "Invalid topicName"),
        ("projects/p/topics/second", {}, 400, "Only one user push notification client"),
        (TOPIC, {"noMailbox": True}, 400, "Mail service not enabled"),
    ],
)
def test_what_a_watch_is_refused_for(box, topic, flag, status, words):
    box.gmail.watch(userId="me", body={"topicName": TOPIC}).execute()
    if flag:
        box.control(f"mailboxes/{box.email}/flags", flag)

    with pytest.raises(HttpError, match=words) as refused:
        box.gmail.watch(userId="me", body={"topicName": topic}).execute()

    assert refused.value.resp.status == status


def test_stopping_is_204_also_without_a_watch(box):
    assert box.gmail.stop(userId="me").execute() in ("", None)


@pytest.mark.parametrize("path", ["/batch", "/batch/gmail/v1"])
def test_googles_batches_work_on_both_paths_with_mixed_answers_in_any_order(box, path):
    box.control("settings", {"batch_shuffle": True})
    ids = [*(box.deliver()["id"] for _ in range(4)), "ffffffffffffffff"]
    answers = {}
    batch = BatchHttpRequest(
        callback=lambda number, answer, error: answers.update({number: (answer, error)}),
        batch_uri=box.url + path,
    )
    for message_id in ids:
        batch.add(
            box.gmail.messages().get(userId="me", id=message_id, format="minimal"), request_id=message_id
        )

    batch.execute()

    assert {number for number, (answer, _) in answers.items() if answer and answer["id"] == number} == set(
        ids[:4]
    )
    assert answers[ids[4]][1].resp.status == 404


def test_counters_tell_calls_units_and_whose_body_was_read(box):
    message_id = box.deliver()["id"]
    box.gmail.messages().get(userId="me", id=message_id, format="metadata").execute()
    box.gmail.messages().get(userId="me", id=message_id, format="raw").execute()

    counted = box.control("counters", method="GET")["mailboxes"][box.email]

    assert (counted["calls"]["messages.get"], counted["units"]["messages.get"]) == (2, 40)
    assert counted["bodies"] == {"metadata": [message_id], "raw": [message_id]}
