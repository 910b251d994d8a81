"""What a call is: Google's own description of it, and nothing per account."""

import socket
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gmail import calls
from tests.gmail.scripted import ADA

BASE = "/gmail/v1/users/ada%40fund.example/"


def taken_apart(call):
    parts = urlsplit(call.path)
    return parts.path.removeprefix(BASE), {
        name: value for name, value in parse_qs(parts.query).items() if name != "alt"
    }


@pytest.mark.parametrize(
    ("call", "method", "path", "query"),
    [
        (calls.get_profile(ADA), "GET", "profile", {}),
        (
            calls.history_list(ADA, 2**64, "0835"),
            "GET",
            "history",
            {
                "startHistoryId": ["18446744073709551616"],
                "pageToken": ["0835"],
                "maxResults": ["500"],
                "historyTypes": ["messageAdded", "messageDeleted", "labelAdded", "labelRemoved"],
            },
        ),
        (
            calls.messages_list(ADA, q="from:lee@lp.example OR to:lp.example", label_ids=("SENT", "INBOX")),
            "GET",
            "messages",
            {
                "q": ["from:lee@lp.example OR to:lp.example"],
                "maxResults": ["500"],
                "includeSpamTrash": ["false"],
                "labelIds": ["SENT", "INBOX"],
            },
        ),
        (
            calls.message_get(ADA, "18f", format_="metadata", headers=("From", "To")),
            "GET",
            "messages/18f",
            {"format": ["metadata"], "metadataHeaders": ["From", "To"]},
        ),
        (calls.message_get(ADA, "18f", format_="raw"), "GET", "messages/18f", {"format": ["raw"]}),
        (calls.threads_get(ADA, "18f", format_="full"), "GET", "threads/18f", {"format": ["full"]}),
        (calls.attachment_get(ADA, "18f", "ANG-j_"), "GET", "messages/18f/attachments/ANG-j_", {}),
        (calls.watch(ADA, "projects/p/topics/t"), "POST", "watch", {}),
        (calls.stop(ADA), "POST", "stop", {}),
        (calls.labels_list(ADA), "GET", "labels", {}),
        (calls.send_as_list(ADA), "GET", "settings/sendAs", {}),
    ],
    ids=lambda value: value.method_id if isinstance(value, calls.Call) else "",
)
def test_each_call_is_what_gmail_describes(call, method, path, query):
    assert call.http_method == method
    assert taken_apart(call) == (path, query)


def test_only_a_watch_carries_a_body_and_it_names_no_labels():
    assert calls.watch(ADA, "projects/p/topics/t").body == b'{"topicName": "projects/p/topics/t"}'
    assert calls.stop(ADA).body is None


def test_an_id_cannot_leave_its_place_in_the_path():
    call = calls.message_get("a/../b@d.com", "x\r\nHost: evil/../../?q=1#f", format_="raw")

    assert call.path.startswith(
        "/gmail/v1/users/a%2F..%2Fb%40d.com/messages/x%0D%0AHost%3A%20evil%2F..%2F..%2F%3Fq%3D1%23f?"
    )


@given(
    st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20), st.sampled_from(["raw", "metadata"])
)
def test_a_message_is_asked_for_as_google_describes_it_whatever_its_id_and_mailbox(user, id_, format_):
    headers = ("From", "To") if format_ == "metadata" else ()
    described = calls._resource("messages").get(
        userId=user, id=id_, format=format_, metadataHeaders=list(headers) or None
    )

    call = calls.message_get(user, id_, format_=format_, headers=headers)

    assert described.uri == "https://gmail.googleapis.com" + call.path
    assert (described.methodId, described.method) == (call.method_id, call.http_method)


def test_raw_messages_and_attachments_travel_unpacked():
    assert not calls.message_get(ADA, "18f", format_="raw").packed
    assert not calls.attachment_get(ADA, "18f", "x").packed
    assert calls.message_get(ADA, "18f", format_="full").packed


def test_building_calls_needs_no_network(monkeypatch):
    def no(*_, **__):
        raise AssertionError("a call was built over the network")

    monkeypatch.setattr(socket, "socket", no)
    calls._resource.cache_clear()

    assert calls.get_profile(ADA).method_id == "gmail.users.getProfile"


def test_all_accounts_share_one_description():
    calls.get_profile("a@d.com")
    before = calls._resource.cache_info().misses

    calls.get_profile("b@d.com")

    assert calls._resource.cache_info().misses == before
