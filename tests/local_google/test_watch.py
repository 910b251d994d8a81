"""users.watch and stop, and the notifications that follow."""

import time

import pytest
from googleapiclient.errors import HttpError

ADA = "ada@fund.example"
BOX = f"mailboxes/{ADA}"
TOPIC = "projects/crm-test/topics/gmail"


@pytest.fixture
def watch(users):
    def watch(topic=TOPIC, **body):
        return users.watch(userId="me", body={"topicName": topic} | body).execute()

    return watch


def refusal(call):
    with pytest.raises(HttpError) as refused:
        call()
    return refused.value.status_code, refused.value.reason


def test_a_watch_lasts_seven_days_and_starts_at_the_current_history(users, topic, watch):
    before = time.time()
    answer = watch()

    assert {type(value) for value in answer.values()} == {str}
    assert 7 * 86_400_000 <= int(answer["expiration"]) - before * 1000 < 7 * 86_400_000 + 30_000
    assert answer["historyId"] == users.getProfile(userId="me").execute()["historyId"]


def test_a_watch_sends_a_test_message_at_once(topic, watch):
    answer = watch()

    assert topic.paths == [f"/v1/{TOPIC}:publish"]
    assert topic.contents() == [{"emailAddress": ADA, "historyId": int(answer["historyId"])}]


def test_a_notification_is_compact_json_with_a_number_and_nothing_else(google, topic, watched):
    topic.published.clear()
    google.control("mailboxes/ADA@fund.example/messages", {"rawUtf8": "x"})

    [content] = topic.wait(1)

    assert set(topic.published[0]) == {"data"}
    assert content["historyId"] == int(google.see(BOX)["historyId"])
    import base64

    assert b" " not in base64.b64decode(topic.published[0]["data"])


def test_a_notification_may_carry_its_id_as_a_string(google, topic, watched):
    google.control("settings", {"notify_string_id": True})
    google.deliver()

    assert isinstance(topic.wait(2)[1]["historyId"], str)


def test_every_kind_of_change_notifies(google, topic, watched):
    id_ = google.deliver()
    google.control(f"{BOX}/messages/{id_}/labels", {"remove": ["UNREAD"]})
    google.control(f"{BOX}/messages/{id_}/trash")
    google.control(f"{BOX}/messages/{id_}", verb="DELETE")
    draft = google.control(f"{BOX}/drafts", {"rawUtf8": "To: a@b.example\n\nx"})["draftId"]
    google.control(f"{BOX}/drafts/{draft}", {"rawUtf8": "To: a@b.example\n\ny"}, verb="PUT")
    google.control(f"{BOX}/drafts/{draft}/send")

    ids = [one["historyId"] for one in topic.wait(8)]

    assert ids == sorted(set(ids))


def test_many_messages_at_once_are_one_notification_and_quiet_ones_none(google, topic, watched):
    google.control(f"{BOX}/messages", {"messages": [{"rawUtf8": "x"}] * 20})
    google.deliver(notify=False)
    google.deliver()

    topic.wait(3)
    time.sleep(0.05)
    assert len(topic.published) == 3


def test_more_than_one_a_second_is_dropped(google, topic, watched):
    google.control("settings", {"notify_interval_sec": 1.0})
    google.control("clock", {"advanceSeconds": 10})
    google.deliver()
    google.deliver()
    google.control("clock", {"advanceSeconds": 2})
    google.deliver()

    topic.wait(3)
    time.sleep(0.05)
    assert len(topic.published) == 3
    assert google.see("notifications")["dropped"] == 1


def test_notifications_can_be_lost_and_doubled(google, topic, watched):
    google.control("settings", {"notify_drop": 1.0})
    google.deliver()
    google.control("settings", {"notify_drop": 0.0, "notify_duplicate": 1.0})
    google.deliver()

    contents = topic.wait(3)

    assert contents[1] == contents[2]


def test_notifications_can_be_late_and_out_of_order(google, topic, watched):
    google.control("settings", {"notify_reorder": 1.0, "notify_reorder_sec": 0.2})
    google.deliver()
    google.control("settings", {"notify_reorder": 0.0, "notify_delay_sec": 0.01})
    google.deliver()

    first, second = topic.wait(3)[1:]

    assert first["historyId"] > second["historyId"]


def test_a_change_does_not_wait_for_a_slow_topic(google, topic, watched):
    google.control("settings", {"notify_delay_sec": 0.5})
    began = time.monotonic()
    google.deliver()

    assert time.monotonic() - began < 0.4
    assert len(topic.published) == 1


@pytest.mark.parametrize("field", ["labelFilterBehavior", "labelFilterAction"])
@pytest.mark.parametrize("behaviour", ["include", "INCLUDE", "exclude", "EXCLUDE"])
def test_a_label_filter_includes_or_excludes(google, topic, watch, field, behaviour):
    watch(labelIds=["INBOX"], **{field: behaviour})
    for label in ("INBOX", "SENT"):
        google.deliver(labels=[label])
        time.sleep(0.01)

    contents = topic.wait(2)
    time.sleep(0.05)

    newest = int(google.see(BOX)["historyId"])
    assert len(topic.published) == 2
    assert (contents[1]["historyId"] == newest) == (behaviour.lower() == "exclude")


def test_the_newer_name_of_the_filter_wins(google, watch):
    watch(labelIds=["INBOX"], labelFilterBehavior="exclude", labelFilterAction="include")

    assert google.see("watches")["watches"][0]["labelFilterBehavior"] == "exclude"


def test_a_topic_of_another_project_is_refused(watch):
    assert refusal(lambda: watch("projects/other/topics/gmail")) == (
        400,
        "Invalid topicName does not match projects/crm-test/topics/*",
    )


def test_the_project_is_that_of_the_service_account(google):
    key = google.control("service-accounts", {"email": "r@p2.iam.gserviceaccount.com", "projectId": "p2"})
    users = google.gmail(key=key).users()

    users.watch(userId="me", body={"topicName": "projects/p2/topics/t"}).execute()

    assert [one["project"] for one in google.see("watches")["watches"]] == ["p2"]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, f"Error sending test message to Cloud PubSub {TOPIC} : Resource not found (resource=gmail)."),
        (403, f"Error sending test message to Cloud PubSub {TOPIC} : User not authorized to perform this action."),
        (500, "Backend Error"),
    ],
)  # fmt: skip
def test_what_pubsub_says_to_the_test_message_decides(google, topic, watch, status, message):
    topic.status = status

    assert refusal(watch) == (status, message)
    assert google.see("watches") == {"watches": []}


def test_a_pubsub_that_cannot_be_reached_is_googles_fault(server, google, watch):
    server.state.pubsub_url = "http://127.0.0.1:1"
    try:
        assert refusal(watch) == (500, "Backend Error")
    finally:
        server.state.pubsub_url = ""


def test_another_topic_needs_a_stop_first_and_the_same_one_renews(google, users, watch):
    other = "projects/crm-test/topics/other"
    first = watch()
    google.control("clock", {"advanceSeconds": 60})
    second = watch()
    message = "Only one user push notification client allowed per developer (call /stop then try again)"

    assert int(second["expiration"]) - int(first["expiration"]) >= 60_000
    assert refusal(lambda: watch(other)) == (400, message)
    users.stop(userId="me").execute()
    watch(other)

    google.control("settings", {"watch_renewal_refused": True})
    assert refusal(lambda: watch(other)) == (400, message)


def test_a_user_without_gmail_cannot_be_watched(google, watch):
    google.control(f"{BOX}/flags", {"noMailbox": True})

    assert refusal(watch) == (400, "Mail service not enabled")


def test_labels_and_behaviours_that_do_not_exist_are_refused(google, watch):
    assert refusal(lambda: watch(labelIds=["INBOX", "NOPE"])) == (400, "Invalid label: NOPE")
    assert refusal(lambda: watch(labelFilterBehavior="some"))[1].startswith(
        "Invalid value at 'label_filter_behavior' ("
    )


def test_an_unknown_field_or_a_body_that_is_no_json_is_refused(google):
    headers = {"authorization": f"Bearer {google.token()}"}
    answers = [
        google.send("POST", "/gmail/v1/users/me/watch", headers=headers, body=body).json()["error"]
        for body in (b'{"topic": 1}', b"{", b"[]")
    ]

    assert answers[0]["message"] == 'Invalid JSON payload received. Unknown name "topic": Cannot find field.'
    assert [one["code"] for one in answers] == [400] * 3


def test_stopping_is_204_without_a_body_and_can_be_repeated(google, watched):
    headers = {"authorization": f"Bearer {google.token()}"}
    for _ in range(2):
        answer = google.send("POST", "/gmail/v1/users/me/stop", headers=headers)
        assert (answer.status, answer.data) == (204, b"")
    google.deliver()

    assert len(google.see("notifications")["notifications"]) == 1


def test_a_watch_ends_on_the_stand_ins_clock_without_a_signal(google, watched):
    google.control("clock", {"advanceSeconds": 7 * 86_400 - 60})
    assert len(google.see("watches")["watches"]) == 1

    google.control("clock", {"advanceSeconds": 61})
    google.deliver()

    assert google.see("watches") == {"watches": []}
    assert len(google.see("notifications")["notifications"]) == 1


def test_without_a_pubsub_notifications_are_kept(google, watched):
    google.control("settings", {"notify_interval_sec": 0})
    google.deliver()
    end = time.monotonic() + 5
    while len(google.see("notifications")["notifications"]) < 2 and time.monotonic() < end:
        time.sleep(0.01)

    newest = google.see("notifications")["notifications"][-1]

    assert newest == {
        "topic": TOPIC, "emailAddress": ADA, "historyId": int(google.see(BOX)["historyId"]), "status": 200,
    }  # fmt: skip
