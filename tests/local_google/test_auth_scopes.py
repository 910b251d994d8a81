"""What a token's scopes let it call, and what gmail.metadata forbids; Google's client is the judge."""

from functools import cache

import pytest
from googleapiclient.errors import HttpError

from tests.local_google.app import ADA, BASE, METADATA, MODIFY, READONLY

MAIL = "https://mail.google.com/"
CALENDAR, SEND, LABELS = f"{BASE}calendar.readonly", f"{BASE}gmail.send", f"{BASE}gmail.labels"
READS = ["profile", "messages", "threads", "labels", "labels/INBOX", "history?startHistoryId=1"]


@pytest.fixture
def call(google):
    """Call as Ada with some scopes; return status, reason and message."""

    @cache
    def bearer(*scopes):
        credentials = google.credentials(ADA, scopes)
        credentials.refresh(google.request)
        return credentials.token

    def call(path, *scopes, verb="GET", **more):
        headers = {"authorization": f"Bearer {bearer(*scopes)}"}
        answer = google.send(verb, f"/gmail/v1/users/me/{path}", headers=headers, **more)
        error = answer.json()["error"] if answer.status >= 400 else {"message": ""}
        return answer.status, error.get("errors", [{"reason": ""}])[0]["reason"], error["message"]

    return call


@pytest.fixture
def letter(google):
    return google.deliver("Content-Type: application/pdf; name=x.pdf\n\nx")


@pytest.mark.parametrize("scope", [MAIL, MODIFY, READONLY, METADATA])
@pytest.mark.parametrize("path", READS)
def test_any_reading_scope_reads(call, path, scope):
    assert call(path, scope)[1] != "insufficientPermissions"


@pytest.mark.parametrize("scope", [MAIL, MODIFY, READONLY, METADATA])
def test_any_reading_scope_watches_and_stops(call, scope):
    body = {"topicName": "projects/crm-test/topics/gmail"}

    assert call("watch", scope, verb="POST", json=body)[0] == 200
    assert call("stop", scope, verb="POST")[0] == 204


@pytest.mark.parametrize("scope", [CALENDAR, SEND])
@pytest.mark.parametrize("path", [*READS, "messages/18a", "messages/18a/attachments/x", "settings/sendAs"])
def test_without_a_fitting_scope_a_call_is_refused(call, path, scope):
    told = call(path, scope)

    assert told == (403, "insufficientPermissions", "Request had insufficient authentication scopes.")


@pytest.mark.parametrize("path", ["watch", "stop"])
def test_without_a_fitting_scope_there_is_no_watch(call, path):
    assert call(path, SEND, verb="POST")[1] == "insufficientPermissions"


def test_the_refusal_names_the_method_as_google_does(google):
    service = google.gmail()
    service._http.credentials = google.credentials(ADA, [CALENDAR])
    service._http.credentials.refresh(google.request)

    with pytest.raises(HttpError) as refused:
        service.users().messages().list(userId="me").execute()

    assert refused.value.error_details == [{
        "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
        "domain": "googleapis.com", "metadata": {
            "service": "gmail.googleapis.com", "method": "caribou.api.proto.MailboxService.ListMessages"},
    }]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "scope", "status"),
    [
        ("labels", LABELS, 200),
        ("messages", LABELS, 403),
        ("settings/sendAs", f"{BASE}gmail.settings.basic", 200),
        ("settings/sendAs", METADATA, 403),
        ("profile", f"{BASE}gmail.compose", 200),
        ("profile", LABELS, 403),
    ],
)
def test_some_methods_have_scopes_of_their_own(call, path, scope, status):
    assert call(path, scope)[0] == status


@pytest.mark.parametrize("scope", [MAIL, MODIFY, READONLY])
def test_a_scope_of_content_has_none_of_the_metadata_limits(call, letter, scope):
    paths = [
        "messages?q=from:lee",
        "threads?q=from:lee",
        f"messages/{letter}?format=raw",
        f"threads/{letter}",
    ]

    assert {call(path, scope)[0] for path in paths} == {200}


@pytest.mark.parametrize("scopes", [[METADATA], [METADATA, READONLY], [METADATA, MAIL]])
def test_metadata_limits_win_whatever_else_a_token_carries(call, letter, scopes):
    q = (403, "forbidden", "Metadata scope does not support 'q' parameter")
    full = (403, "forbidden", "Metadata scope doesn't allow format FULL")

    assert call("messages?q=from:lee", *scopes) == call("threads?q=from:lee", *scopes) == q
    for kind in ("messages", "threads"):
        assert call(f"{kind}/{letter}", *scopes) == call(f"{kind}/{letter}?format=FULL", *scopes) == full
        assert call(f"{kind}/{letter}?format=metadata", *scopes)[0] == 200
        assert call(f"{kind}/{letter}?format=minimal", *scopes)[0] == 200
    assert call(f"messages/{letter}?format=raw", *scopes)[2] == "Metadata scope doesn't allow format RAW"
    assert call(f"messages/{letter}/attachments/x", *scopes)[1] == "insufficientPermissions"
    assert call("messages?labelIds=INBOX", *scopes)[0] == 200


def test_a_refusal_for_scopes_costs_nothing(google, call):
    google.control("counters/reset")
    call("messages", CALENDAR)

    assert google.see("counters")["calls"] == 0


def test_each_part_of_a_batch_is_held_to_its_scopes(google, app):
    token = app.connect(scope=METADATA)["access_token"]
    part = "--b\r\nContent-Type: application/http\r\nContent-ID: <{0}>\r\n\r\nGET /gmail/v1/users/me/{0} HTTP/1.1\r\n\r\n\r\n"
    body = "".join(part.format(path) for path in ("profile", "messages?q=x")) + "--b--\r\n"
    headers = {"content-type": "multipart/mixed; boundary=b", "authorization": f"Bearer {token}"}

    answer = google.send("POST", "/batch/gmail/v1", body=body, headers=headers).data.decode()

    assert answer.count("HTTP/1.1 200 OK") == answer.count("HTTP/1.1 403 Forbidden") == 1


def test_a_project_with_gmail_switched_off_is_told_to_enable_it(google, call):
    google.control("services", {"service": "gmail.googleapis.com", "enabled": False})

    status, reason, message = call("profile", READONLY)

    assert (status, reason) == (403, "accessNotConfigured")
    assert "has not been used in project" in message
    google.control("services", {"service": "gmail.googleapis.com", "enabled": True})
    assert call("profile", READONLY)[0] == 200
