"""The control side, and what keeps the stand-in usable: speed, threads, faults of its callers."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

ADA = "ada@fund.example"
BOX = f"mailboxes/{ADA}"


def test_it_is_alive(google):
    assert google.send("GET", "/healthz").json() == {"ok": True}


def test_mailboxes_are_made_listed_and_removed(google):
    made = google.control(
        "mailboxes", {"email": "Ben+x@Fund.Example", "labels": ["Deals"], "aliases": ["b@fund.example"]}
    )
    listed = google.see("mailboxes")["mailboxes"]
    shown = google.see("mailboxes/ben%2Bx@fund.example")

    assert made["email"] == "ben+x@fund.example"
    assert listed == [ADA, "ben+x@fund.example"]
    assert (shown["labels"], shown["aliases"]) == ({"Label_1": "Deals"}, ["b@fund.example"])
    google.control("mailboxes/ben%2Bx@fund.example", verb="DELETE")
    assert google.see("mailboxes")["mailboxes"] == [ADA]


def test_a_removed_mailbox_takes_its_watches_along(google, watched):
    google.control(BOX, verb="DELETE")

    assert google.see("watches") == {"watches": []}


def test_counters_say_calls_units_and_whose_content_was_handed_out(google, users):
    ids = [google.deliver("Content-Type: application/pdf; name=x.pdf\n\nx") for _ in range(3)]
    google.control("counters/reset")
    users.getProfile(userId="me").execute()
    users.messages().list(userId="me").execute()
    users.messages().get(userId="me", id=ids[0], format="metadata").execute()
    full = users.messages().get(userId="me", id=ids[1]).execute()
    token = full["payload"]["body"]["attachmentId"]
    users.messages().attachments().get(userId="me", messageId=ids[1], id=token).execute()
    users.threads().get(userId="me", id=ids[2], format="minimal").execute()

    counted = google.see("counters")

    assert (counted["calls"], counted["units"]) == (6, 1 + 5 + 20 + 20 + 20 + 40)
    assert counted["total"]["units"]["messages.get"] == 40
    assert counted["mailboxes"][ADA]["calls"] == counted["total"]["calls"]
    assert counted["mailboxes"][ADA]["bodies"] == {
        "metadata": [ids[0]], "full": [ids[1]], "attachment": [ids[1]], "minimal": [ids[2]],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("method", "price"),
    {
        "getProfile": 1, "labels.list": 1, "labels.get": 1, "history.list": 2, "messages.list": 5, "messages.get": 20,
        "attachments.get": 20, "threads.list": 10, "threads.get": 40, "watch": 100, "stop": 50,
    }.items(),
)  # fmt: skip
def test_prices_are_those_of_new_projects(method, price):
    from infra.local.google import prices

    assert prices.units(method) == price


def test_a_refused_call_is_counted_and_one_without_a_token_is_not(google):
    google.control("counters/reset")
    google.get("me/messages/18a")
    google.send("GET", "/gmail/v1/users/me/profile")

    assert google.see("counters")["total"]["calls"] == {"messages.get": 1}


def test_each_part_of_a_batch_counts(google, users):
    google.control("counters/reset")
    google.batch([users.getProfile(userId="me") for _ in range(7)])

    assert google.see("counters")["units"] == 7


def test_switches_are_shown_turned_and_kept_to_their_kind(google):
    before = google.see("settings")
    after = google.control("settings", {"history_lag_sec": 3, "transcode_not": ["GBK"], "padding": "never"})

    assert (after["history_lag_sec"], after["transcode_not"], after["padding"]) == (3.0, ["gbk"], "never")
    assert set(before) == set(after)
    for wrong in ({"nothing": 1}, {"batch_shuffle": 1}, {"padding": "odd"}, {"notify_drop": "x"}):
        answer = google.send("POST", "/control/settings", json=wrong)
        assert answer.status == 400
        assert next(iter(wrong)) in answer.json()["error"]
    assert google.see("settings") == after


def test_the_clock_moves_and_a_reset_puts_it_right(google):
    google.control("clock", {"advanceSeconds": 86_400})
    assert google.see("clock")["now"] - time.time() > 86_000

    google.control("reset")
    assert abs(google.see("clock")["now"] - time.time()) < 60


def test_a_reset_forgets_everything_but_the_keys(google, users):
    google.deliver()
    google.control("settings", {"batch_shuffle": True})
    google.control("reset")

    assert google.see("mailboxes") == {"mailboxes": []}
    assert google.see("counters")["calls"] == 0
    assert google.see("settings")["batch_shuffle"] is False
    google.control("mailboxes", {"email": ADA})
    assert users.getProfile(userId="me").execute()["messagesTotal"] == 0


def test_after_a_reset_the_first_change_notifies_again(google, users):
    for _ in range(2):
        google.control("reset")
        google.control("mailboxes", {"email": ADA})
        users.watch(userId="me", body={"topicName": "projects/crm-test/topics/gmail"}).execute()
        google.deliver()
        end = time.monotonic() + 5
        while len(google.see("notifications")["notifications"]) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        assert len(google.see("notifications")["notifications"]) == 2


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", "nothing", b"{}", 404),
        ("GET", "mailboxes/nobody@x.example", b"", 404),
        ("GET", f"{BOX}/messages/18a", b"", 404),
        ("POST", f"{BOX}/messages/18a/labels", b"{}", 404),
        ("POST", f"{BOX}/messages/18a/labels/more", b"{}", 404),
        ("POST", f"{BOX}/labels", b'{"ids": ["18a"]}', 404),
        ("POST", f"{BOX}/drafts/18a/send", b"{}", 404),
        ("POST", "mailboxes", b"{}", 400),
        ("POST", "mailboxes", b"{", 400),
        ("POST", "mailboxes", b"[]", 400),
        ("POST", "mailboxes", b"\xff", 400),
        ("POST", f"{BOX}/messages", b"{}", 400),
        ("POST", f"{BOX}/messages", b'{"raw": "!"}', 400),
        ("POST", f"{BOX}/messages", b'{"rawUtf8": "x", "internalDateMs": "soon"}', 400),
        ("POST", f"{BOX}/history-floor", b'{"to": "then"}', 400),
        ("POST", "clock", b'{"advanceSeconds": "x"}', 400),
        ("POST", "id-tokens", b"{}", 400),
        ("POST", "settings", b'{"notify_drop": null}', 400),
    ],
)
def test_a_wrong_request_is_answered_with_a_sentence(google, verb, path, body, status):
    answer = google.send(verb, f"/control/{path}", body=body)

    assert answer.status == status
    assert len(answer.json()["error"]) > 5


def test_the_key_is_complete_like_one_from_the_console(google):
    assert set(google.key) >= {
        "type", "project_id", "private_key_id", "private_key", "client_email", "client_id", "auth_uri", "token_uri",
    }  # fmt: skip
    assert google.key["token_uri"] == f"{google.url}/token"
    assert google.key["client_id"].isdigit()


def test_six_hundred_messages_are_loaded_in_a_moment(google, users):
    raw = "From: lee@lp.example\nSubject: hello\n\n" + "text " * 1_000
    began = time.monotonic()
    google.control(f"{BOX}/messages", {"messages": [{"rawUtf8": raw} for _ in range(600)]})

    assert time.monotonic() - began < 2
    assert users.getProfile(userId="me").execute()["messagesTotal"] == 600


def test_many_callers_at_once_see_one_mailbox(google):
    token = google.token()
    start = threading.Barrier(12)

    def both(_):
        start.wait()
        for _ in range(10):
            google.deliver()
            assert google.get("me/messages", token)[0] == 200

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(both, range(12)))

    assert google.get("me/profile", token)[1]["messagesTotal"] == 120
    assert google.see("counters")["total"]["calls"]["messages.list"] == 120
