"""Every refusal of Gmail that is documented or was ever seen, one row each, and what the caller does next.

Rows are named after our sheet of facts: A1 watch, A3 history, A5 messages, A6 attachments, A11 any call.
"""

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from shared import errors
from shared.errors import MailroomError, MessageRefused, NotAsked, SlowDown, Unanswered
from shared.gmail import failures
from shared.gmail.failures import failure
from shared.gmail.many import OF_ACCOUNTS
from tests.gmail.scripted import ADA, BAD_TOKEN, a_message, batched, refusal, reply

NOW = datetime(2026, 9, 11, 19, 45, 12, tzinfo=UTC)
PUBSUB = "Error sending test message to Cloud PubSub projects/P/topics/T : "
QUOTA = (
    "Quota exceeded for quota metric '{}' and limit '{}' of service 'gmail.googleapis.com' for consumer 'N'."
)
UNITS = QUOTA.format("Total Query Cost", "Units per minute per user")
OLD_UNITS = QUOTA.format("Queries", "Previous quota: Units per minute per user")
LATER = "User-rate limit exceeded.  Retry after 2026-09-11T20:00:00.000Z"

# row | method | status | reason | message | what it means | words a person is told
TABLE = f"""
A1.1  | watch | 400 | invalidArgument | Invalid topicName does not match projects/p/topics/* | OperatorMustAct | CRM_GMAIL_PUBSUB_TOPIC
A1.2  | watch | 404 | notFound | {PUBSUB}Resource not found (resource=T). | OperatorMustAct | create it
A1.3  | watch | 403 | forbidden | {PUBSUB}User not authorized to perform this action. | OperatorMustAct | gmail-api-push@system.gserviceaccount.com
A1.4  | watch | 400 | invalidArgument | Only one user push notification client allowed per developer (call /stop then try again) | WatchTaken | stopped
A1.5  | watch | 400 | failedPrecondition | Mail service not enabled | NoMailbox | licence
A1.6  | watch | 400 | invalidArgument | Invalid label: X | CallerBug | Invalid label: X
A3.1  | history.list | 404 | notFound | Requested entity was not found. | HistoryGone | cursor
A3.2  | history.list | 400 | invalid | Invalid value at 'start_history_id' (TYPE_UINT64), "abc" | CallerBug | start_history_id
A3.3  | history.list | 400 | invalidArgument | Invalid pageToken | StalePage | begins again
A4.1  | messages.list | 400 | invalidArgument | Invalid pageToken | StalePage | begins again
A5.1  | messages.get | 404 | notFound | Requested entity was not found. | MessageGone | no such message
A5.2  | messages.get | 400 | invalidArgument | Invalid id value | CallerBug | Invalid id value
A6.1  | messages.attachments.get | 404 | notFound | Requested entity was not found. | MessageGone | no such message
A6.2  | messages.attachments.get | 400 | invalidArgument | Invalid attachment token | CallerBug | attachment token
A7.1  | threads.get | 404 | notFound | Requested entity was not found. | MessageGone | no such message
A7.2  | getProfile | 404 | notFound | Requested entity was not found. | NoMailbox | renamed or deleted
A11.1 | * | 400 | badRequest | Bad Request | CallerBug | malformed
A11.2 | * | 400 | invalidArgument | Invalid value | CallerBug | malformed
A11.3 | * | 400 | failedPrecondition | Mail service not enabled | NoMailbox | licence
A11.4 | * | 400 | failedPrecondition | Precondition check failed. | OperatorMustAct | Workspace admin console
A11.5 | * | 401 | authError | Request had invalid authentication credentials. Expected OAuth 2 access token | Reconnect | delegation
A11.6 | * | 401 | required | Request is missing required authentication credential. | CallerBug | without credentials
A11.7 | * | 403 | insufficientPermissions | Request had insufficient authentication scopes. | AccessTooNarrow | auth/gmail.readonly
A11.8 | messages.get | 403 | forbidden | Metadata scope doesn't allow format FULL | AccessTooNarrow | remove gmail.metadata
A11.9 | messages.list | 403 | forbidden | Metadata scope does not support 'q' parameter | AccessTooNarrow | remove gmail.metadata
A11.10 | * | 403 | forbidden | Delegation denied for user@d.com | OperatorMustAct | primary address
A11.11 | * | 403 | rateLimitExceeded | {UNITS} | SlowDown | minute
A11.12 | * | 403 | rateLimitExceeded | {OLD_UNITS} | SlowDown | minute
A11.13 | * | 403 | userRateLimitExceeded | {LATER} | SlowDown | pause
A11.14 | * | 429 | rateLimitExceeded | {LATER} | SlowDown | pause
A11.15 | * | 403 | rateLimitExceeded | Rate Limit Exceeded | SlowDown | too many
A11.16 | * | 403 | userRateLimitExceeded | User Rate Limit Exceeded | SlowDown | too many
A11.17 | * | 403 | dailyLimitExceeded | Daily Limit Exceeded | SlowDown | daily
A11.18 | * | 403 | domainPolicy | The domain administrators have disabled Gmail apps. | OperatorMustAct | administrator
A11.19 | * | 403 | accessNotConfigured | Gmail API has not been used in project N before or it is disabled. | OperatorMustAct | enable it in the Cloud console
A11.20 | messages.list | 404 | notFound | Requested entity was not found. | CallerBug | messages.list
A11.21 | * | 429 | rateLimitExceeded | Too many concurrent requests for user | TooManyAtOnce | at once
A11.22 | * | 429 | rateLimitExceeded | Bandwidth limit exceeded | SlowDown | bandwidth
A11.23 | * | 500 | backendError | Backend Error | Unanswered | 500
A11.24 | * | 503 | backendError | Backend Error | Unanswered | 503
A11.25 | * | 503 | backendError | The service is currently unavailable. | Unanswered | 503
A11.26 | * | 502 | - | <!DOCTYPE html><title>Error 502 (Server Error)</title> | Unanswered | 502
A11.27 | * | 504 | - | <!DOCTYPE html><title>Error 504 (Gateway Timeout)</title> | Unanswered | 504
A11.28 | * | 404 | - | <!DOCTYPE html><title>Error 404 (Not Found)</title> | Unanswered | CRM_GMAIL_API_URL
other.1 | * | 403 | somethingNew | No. | OperatorMustAct | No.
other.2 | * | 418 | teapot | Short and stout | CallerBug | 418
other.3 | * | 302 | - | <a href="https://elsewhere.example/">moved</a> | Unanswered | redirect
"""

CALLS = {
    "getProfile": lambda gmail: gmail.profile(),
    "history.list": lambda gmail: list(gmail.history(1)),
    "messages.list": lambda gmail: gmail.list_ids(),
    "messages.get": lambda gmail: gmail.message("18f"),
    "messages.attachments.get": lambda gmail: gmail.attachment("18f", "ANG", most=9),
    "threads.get": lambda gmail: gmail.thread("18f"),
    "labels.list": lambda gmail: gmail.labels(),
    "settings.sendAs.list": lambda gmail: gmail.send_as(),
    "watch": lambda gmail: gmail.watch("projects/p/topics/t"),
    "stop": lambda gmail: gmail.stop(),
}


def row_of(line):
    name, method, status, reason, message, meaning, words = (cell.strip() for cell in line.split(" | "))
    kind = getattr(errors, meaning, None) or getattr(failures, meaning)
    body = message if reason == "-" else json.dumps(refusal(int(status), reason, message))
    methods = list(CALLS) if method == "*" else [method]
    return SimpleNamespace(
        name=name, methods=methods, status=int(status), body=body.encode(), kind=kind, words=words
    )


ROWS = [row_of(line) for line in TABLE.strip().splitlines()]
BY_NAME = [pytest.param(row, id=row.name) for row in ROWS]
OF_MESSAGES = [pytest.param(row, id=row.name) for row in ROWS if "messages.get" in row.methods]


@pytest.mark.parametrize("row", BY_NAME)
def test_each_refusal_says_what_to_do_next_and_names_the_switch(row):
    for method in row.methods:
        error = failure(f"gmail.users.{method}", row.status, row.body, {}, now=NOW)

        assert type(error) is row.kind, method
        assert row.words.lower() in str(error).lower()
        assert "@d.com" not in str(error)


@pytest.mark.parametrize("row", BY_NAME)
def test_each_refusal_reaches_the_caller_of_every_method_it_can_meet(row, afresh, scripted):
    for method in row.methods:
        scripted.script = [reply(row.status, row.body)] * 4

        with pytest.raises(MailroomError) as refused:
            CALLS[method](afresh())

        assert type(refused.value) is row.kind, method


@pytest.mark.parametrize("row", OF_MESSAGES)
def test_the_same_refusal_of_one_message_in_a_batch_costs_no_other_its_answer(row, gmail, scripted):
    """Its neighbour came; alone it is refused again; the account itself answers."""
    scripted.script = two_messages(scripted, row)

    found = gmail.metadata(["18f0", "18f1"])

    assert found["18f0"].id == "18f0"
    assert isinstance(found["18f1"], in_its_place(row.kind))
    assert not isinstance(found["18f1"], OF_ACCOUNTS)


@pytest.mark.parametrize("row", OF_MESSAGES)
def test_the_same_refusal_of_everything_is_never_held_against_a_message(row, gmail, scripted):
    """In a batch, of each alone, of the profile: what says something about the account is raised."""
    scripted.script = [batched([(0, row.status, row.body), (1, row.status, row.body)])]
    scripted.script += [reply(row.status, row.body)] * 9

    if issubclass(row.kind, (Unanswered, failures.TooManyAtOnce, *OF_ACCOUNTS)):
        with pytest.raises(row.kind):
            gmail.metadata(["18f0", "18f1"])
    else:
        assert {type(one) for one in gmail.metadata(["18f0", "18f1"]).values()} == {row.kind}


def two_messages(server, row):
    """Answers of a mailbox that hands out one message and refuses the other, however it is asked."""
    parts = batched([(0, 200, a_message("18f0")), (1, row.status, row.body)])

    def answer(connection):
        path = server.requests[-1].path
        if path.startswith("/batch") and b"18f0" in server.requests[-1].body:
            connection.sendall(parts)
        elif path.startswith("/batch"):  # parts refused for their token go again together
            connection.sendall(batched([(0, 401, BAD_TOKEN)]))
        elif "/profile" in path:
            connection.sendall(reply(200, {"emailAddress": ADA, "historyId": "1"}))
        else:
            connection.sendall(reply(row.status, row.body))
        return True

    return [answer] * 9


def in_its_place(kind):
    """What stands for a message that alone draws a refusal of this kind."""
    if issubclass(kind, failures.AccessTooNarrow) or kind is failures.TooManyAtOnce:
        return NotAsked  # raised as soon as nothing else was read
    if issubclass(kind, OF_ACCOUNTS):
        return MessageRefused
    return SlowDown if issubclass(kind, SlowDown) else kind
