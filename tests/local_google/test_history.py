"""users.history.list: what it shows, hides, forgets."""

import pytest
from googleapiclient.errors import HttpError

ADA = "ada@fund.example"
BOX = f"mailboxes/{ADA}"
KINDS = ("messagesAdded", "messagesDeleted", "labelsAdded", "labelsRemoved")


@pytest.fixture
def now(users):
    return users.getProfile(userId="me").execute()["historyId"]


@pytest.fixture
def since(users):
    def since(start, **more):
        return users.history().list(userId="me", startHistoryId=start, **more).execute()

    return since


def records(answer):
    return answer.get("history", [])


def changes(answer, kind):
    return [entry for record in records(answer) for entry in record.get(kind, [])]


def test_nothing_new_is_a_history_id_and_no_history(now, since):
    assert since(now) == {"historyId": now}


def test_a_delivery_is_one_record_with_the_labels_that_filters_gave(google, now, since):
    id_ = google.deliver(labels=["INBOX", "UNREAD", "CATEGORY_PERSONAL"])

    answer = since(now)
    [record] = records(answer)

    assert record == {
        "id": answer["historyId"],
        "messages": [{"id": id_, "threadId": id_}],
        "messagesAdded": [
            {"message": {"id": id_, "threadId": id_, "labelIds": ["CATEGORY_PERSONAL", "INBOX", "UNREAD"]}}
        ],
    }
    assert isinstance(record["id"], str)


def test_a_message_without_labels_has_no_label_ids(google, now, since):
    google.deliver(labels=[])

    [added] = changes(since(now), "messagesAdded")

    assert set(added["message"]) == {"id", "threadId"}


def test_history_is_strictly_after_its_start_and_ascending(google, now, since):
    for _ in range(5):
        google.deliver()
    ids = [int(record["id"]) for record in records(since(now))]

    assert ids == sorted(set(ids))
    assert [int(one["id"]) for one in records(since(ids[1]))] == ids[2:]
    assert "history" not in since(ids[-1])
    assert "history" not in since(ids[-1] + 10_000)


def test_reading_starring_and_binning_are_label_records(google, now, since):
    id_ = google.deliver()
    google.control(f"{BOX}/messages/{id_}/labels", {"add": ["STARRED"], "remove": ["UNREAD"]})
    google.control(f"{BOX}/messages/{id_}/trash")

    answer = since(now, historyTypes=["labelAdded", "labelRemoved"])

    assert [one["labelIds"] for one in changes(answer, "labelsAdded")] == [["STARRED"], ["TRASH"]]
    assert [one["labelIds"] for one in changes(answer, "labelsRemoved")] == [["UNREAD"], ["INBOX"]]
    assert not changes(answer, "messagesDeleted")


def test_changes_of_both_kinds_share_a_record_sometimes_and_sometimes_not(google, now, since):
    id_ = google.deliver()
    for _ in range(12):
        google.control(f"{BOX}/messages/{id_}/trash")
        google.control(f"{BOX}/messages/{id_}/untrash")
    kinds = [set(KINDS) & set(record) for record in records(since(now, maxResults=500))]

    assert {"labelsAdded", "labelsRemoved"} in kinds
    assert {"labelsAdded"} in kinds


def test_a_change_of_many_messages_is_in_one_record(google, now, since):
    ids = [google.deliver() for _ in range(3)]
    google.control(f"{BOX}/labels", {"ids": ids, "remove": ["UNREAD"]})

    [record] = [one for one in records(since(now)) if "labelsRemoved" in one]

    assert [one["message"]["id"] for one in record["labelsRemoved"]] == ids
    assert len(record["messages"]) == 3


def test_deleting_for_good_is_a_deletion(google, users, now, since):
    id_ = google.deliver()
    google.control(f"{BOX}/messages/{id_}", verb="DELETE")

    [gone] = changes(since(now), "messagesDeleted")

    assert gone["message"]["id"] == id_
    with pytest.raises(HttpError) as missing:
        users.messages().get(userId="me", id=id_).execute()
    assert missing.value.status_code == 404


def test_a_draft_leaves_a_trail_of_added_and_deleted_messages(google, now, since):
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": "To: lee@lp.example\n\none"})
    again = google.control(
        f"{BOX}/drafts/{draft['draftId']}", {"rawUtf8": "To: lee@lp.example\n\ntwo"}, verb="PUT"
    )
    sent = google.control(f"{BOX}/drafts/{draft['draftId']}/send")

    answer = since(now)
    added = [(one["message"]["id"], one["message"]["labelIds"]) for one in changes(answer, "messagesAdded")]

    assert added == [(draft["id"], ["DRAFT"]), (again["id"], ["DRAFT"]), (sent["id"], ["SENT"])]
    assert [one["message"]["id"] for one in changes(answer, "messagesDeleted")] == [draft["id"], again["id"]]


def test_a_bare_record_only_names_its_message(google, now, since):
    id_ = google.deliver()
    google.control(f"{BOX}/messages/{id_}/touch")

    [_, bare] = records(since(now))

    assert set(bare) == {"id", "messages"}
    assert bare["messages"][0]["id"] == id_


def test_an_import_with_an_old_date_is_new_history(google, users, now, since):
    id_ = google.deliver(internalDateMs=1_000_000_000_000)

    assert changes(since(now), "messagesAdded")[0]["message"]["id"] == id_
    assert users.messages().get(userId="me", id=id_).execute()["internalDate"] == "1000000000000"


def test_types_and_a_label_can_be_asked_for(google, now, since):
    inbox = google.deliver(labels=["INBOX"])
    sent = google.deliver(labels=["SENT"])
    google.control(f"{BOX}/messages/{sent}/labels", {"add": ["STARRED"]})

    assert len(records(since(now, historyTypes=["messageAdded"]))) == 2
    assert [one["message"]["id"] for one in changes(since(now, labelId="INBOX"), "messagesAdded")] == [inbox]
    assert not records(since(now, historyTypes=["messageDeleted"]))


def test_a_type_spelt_like_the_records_field_is_refused(google, now):
    status, error = google.get(f"me/history?startHistoryId={now}&historyTypes=labelsAdded")

    assert status == 400
    assert error["error"]["message"].startswith("Invalid value at 'history_types' (")
    assert error["error"]["message"].endswith(', "labelsAdded"')


@pytest.mark.parametrize("start", ["0", "1"])
def test_a_start_below_what_is_kept_is_gone(google, start):
    status, error = google.get(f"me/history?startHistoryId={start}")

    assert (status, error) == (
        404,
        {
            "error": {
                "code": 404,
                "message": "Requested entity was not found.",
                "errors": [
                    {"message": "Requested entity was not found.", "domain": "global", "reason": "notFound"}
                ],
                "status": "NOT_FOUND",
            }
        },
    )


@pytest.mark.parametrize("start", ["abc", "-1", "1.5", "99999999999999999999999"])
def test_a_start_that_is_no_number_is_refused(google, start):
    status, error = google.get(f"me/history?startHistoryId={start}")

    assert status == 400
    assert error["error"]["message"] == f"Invalid value at 'start_history_id' (TYPE_UINT64), \"{start}\""


def test_a_missing_start_is_refused(google):
    assert google.get("me/history")[0] == 400


def test_the_floor_moves_and_a_quiet_mailboxs_newest_message_may_lie_below_it(google, users, now, since):
    id_ = google.deliver()
    google.deliver()
    google.control(f"{BOX}/history-floor", {"to": "current"})
    own = users.messages().get(userId="me", id=id_, format="minimal").execute()["historyId"]

    for start in (now, own):
        with pytest.raises(HttpError) as gone:
            since(start)
        assert gone.value.status_code == 404
    assert "history" not in since(users.getProfile(userId="me").execute()["historyId"])


def test_pages_are_bound_to_their_query_and_say_the_current_id(google, users, now, since):
    ids = [google.deliver() for _ in range(7)]
    current = users.getProfile(userId="me").execute()["historyId"]
    pages, request = [], users.history().list(userId="me", startHistoryId=now, maxResults=3)
    while request:
        pages.append(request.execute())
        request = users.history().list_next(request, pages[-1])

    assert [len(records(page)) for page in pages] == [3, 3, 1]
    assert {page["historyId"] for page in pages} == {current}
    assert [one["message"]["id"] for page in pages for one in changes(page, "messagesAdded")] == ids
    assert len(pages[0]["nextPageToken"]) == 20
    with pytest.raises(HttpError, match="Invalid pageToken"):
        since(current, pageToken=pages[0]["nextPageToken"])


def test_a_page_may_be_empty_and_have_a_next_one(google, users, now):
    google.control("settings", {"history_empty_pages": True})
    ids = [google.deliver() for _ in range(5)]
    pages, request = [], users.history().list(userId="me", startHistoryId=now, maxResults=2)
    while request:
        pages.append(request.execute())
        request = users.history().list_next(request, pages[-1])

    assert ["history" in page for page in pages] == [False, True] * 3
    assert [one["message"]["id"] for page in pages for one in changes(page, "messagesAdded")] == ids


def test_the_index_runs_behind_its_own_notification(google, users, now, since):
    google.control("settings", {"history_lag_sec": 30, "message_lag_sec": 60})
    id_ = google.deliver()

    assert not records(since(now))
    assert google.get(f"me/messages/{id_}")[0] == 404
    assert "messages" not in users.messages().list(userId="me").execute()

    google.control("clock", {"advanceSeconds": 31})
    assert len(records(since(now))) == 1
    assert google.get(f"me/messages/{id_}")[0] == 404

    google.control("clock", {"advanceSeconds": 30})
    assert google.get(f"me/messages/{id_}")[0] == 200


def test_an_index_that_runs_behind_never_skips_what_it_hides(google, now, since):
    google.control("settings", {"history_lag_sec": 30})
    late = google.deliver()
    google.control("settings", {"history_lag_sec": 0})
    soon = google.deliver()

    first = since(now)
    google.control("clock", {"advanceSeconds": 31})

    assert not records(first)
    added = changes(since(first["historyId"]), "messagesAdded")
    assert [one["message"]["id"] for one in added] == [late, soon]
