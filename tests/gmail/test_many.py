"""Many messages at once: who pays when one of them, a batch, or the account cannot be had."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.errors import (
    MessageGone,
    MessageRefused,
    NoMailbox,
    NotAsked,
    OperatorMustAct,
    Reconnect,
    SlowDown,
    Unanswered,
)
from shared.gmail.failures import AccessTooNarrow
from shared.gmail.many import OF_ACCOUNTS
from shared.gmail.resources import Message
from tests.gmail.mailbox import DROPPED, Mailbox
from tests.gmail.scripted import (
    BAD_TOKEN,
    GONE,
    IDS,
    a_message,
    a_profile,
    asked_ids,
    batch_reply,
    batched,
    refusal,
    reply,
    whole,
)

QUOTA = refusal(403, "rateLimitExceeded", "Quota exceeded for quota metric 'Total Query Cost' and limit 'x'")
CONCURRENT = refusal(429, "rateLimitExceeded", "Too many concurrent requests for user")
BACKEND = refusal(503, "backendError", "Backend Error")
NO_MAIL = refusal(400, "failedPrecondition", "Mail service not enabled")
ODD = refusal(403, "somethingNew", "No.")
NARROW = refusal(403, "forbidden", "Metadata scope doesn't allow format RAW")


def kinds(found):
    return " ".join(type(one).__name__ for one in found.values())


# One message in trouble


def test_a_batch_that_is_never_answered_costs_only_the_message_that_holds_it_up(gmail, mailbox):
    mailbox.trouble = {IDS[3]: DROPPED}

    found = gmail.raw(IDS[:10])

    assert (
        kinds(found) == "Message Message Message Unanswered Message Message Message Message Message Message"
    )
    # The batch, whether anything answers, each alone, and whether anything answers after the one that did not.
    assert mailbox.asked == [IDS[:10], ["profile"], *([id_] for id_ in IDS[:4]), ["profile"]] + [
        [id_] for id_ in IDS[4:10]
    ]


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_batch_answered_with_a_server_error_is_asked_for_one_by_one(gmail, mailbox, scripted, status):
    scripted.script.insert(0, reply(status, b"<html>", {"Content-Type": "text/html"}))

    assert kinds(gmail.raw(IDS[:3])) == "Message Message Message"


@pytest.mark.parametrize("body", [b"", b"no parts", b"--batch_x\r\n\r\n\r\n--batch_x--"])
def test_a_batch_answered_with_nothing_to_read_is_asked_for_one_by_one(gmail, mailbox, scripted, body):
    scripted.script.insert(0, reply(200, body, {"Content-Type": "multipart/mixed; boundary=batch_x"}))

    assert kinds(gmail.raw(IDS[:3])) == "Message Message Message"


def test_a_batch_gmail_calls_malformed_is_asked_for_one_by_one(gmail, mailbox, scripted):
    scripted.script.insert(0, reply(400, refusal(400, "badRequest", "Failed to parse batch request")))

    assert kinds(gmail.raw(IDS[:3])) == "Message Message Message"


def test_what_fails_inside_a_batch_is_asked_for_once_more_by_itself_and_nothing_else_is(gmail, mailbox):
    mailbox.of_parts = {
        IDS[1]: (503, BACKEND),
        IDS[2]: (429, CONCURRENT),
        IDS[3]: (200, b'{"id": "18f'),
        IDS[4]: (200, a_message("another")),
        IDS[5]: (404, b"<html>"),
        IDS[6]: (403, ODD),
    }

    assert set(kinds(gmail.metadata(IDS[:8])).split()) == {"Message"}
    assert mailbox.asked == [IDS[:8], *([id_] for id_ in IDS[1:7])]


def test_what_stays_in_trouble_stands_in_its_place_and_the_others_are_read(gmail, mailbox):
    mailbox.trouble = {
        IDS[0]: (503, BACKEND),
        IDS[1]: (404, GONE),
        IDS[2]: (200, b'{"id": "18f'),
        IDS[3]: (200, a_message("another")),
        IDS[4]: (200, {"id": 3}),
        IDS[5]: (403, ODD),
        IDS[6]: (401, BAD_TOKEN),
        IDS[7]: (400, NO_MAIL),
    }

    found = gmail.metadata(IDS[:9])

    assert kinds(found) == (
        "Unanswered MessageGone Unanswered Unanswered CallerBug MessageRefused MessageRefused MessageRefused Message"
    )
    assert "No." in str(found[IDS[5]])


def test_a_part_left_out_repeated_or_unknown_takes_nothing_from_the_others(gmail, mailbox, scripted):
    parts = [(9, 200, whole(IDS[9])), (0, 503, BACKEND), (0, 200, whole(IDS[0])), (0, 503, BACKEND)]
    parts += [(2, 200, whole(IDS[2])), (None, 200, whole(IDS[1]))]
    body = batch_reply(parts)
    scripted.script.insert(0, reply(200, body, {"Content-Type": "multipart/mixed; boundary=batch_x"}))

    assert kinds(gmail.raw(IDS[:3])) == "Message Message Message"
    assert mailbox.asked == [IDS[:3], [IDS[1]]]


def test_answers_whose_ids_were_exchanged_are_not_believed(gmail, mailbox, scripted):
    scripted.script.insert(
        0, batched([(0, 200, whole(IDS[1])), (1, 200, whole(IDS[0])), (2, 200, whole(IDS[2]))])
    )

    found = gmail.raw(IDS[:3])

    assert [found[id_].id for id_ in IDS[:3]] == IDS[:3]


def test_a_message_asked_for_alone_that_is_refused_is_told_from_an_account_in_trouble(gmail, mailbox):
    mailbox.trouble = {IDS[0]: (403, ODD), IDS[1]: DROPPED}

    assert kinds(gmail.raw(IDS[:1])) == "MessageRefused"
    assert kinds(gmail.raw(IDS[1:2])) == "Unanswered"


# The account in trouble


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        (DROPPED, Unanswered),
        (reply(503, BACKEND), Unanswered),
        (reply(401, BAD_TOKEN), Reconnect),
        (reply(400, NO_MAIL), NoMailbox),
        (reply(403, refusal(403, "accessNotConfigured", "off")), OperatorMustAct),
        (reply(403, QUOTA), SlowDown),
    ],
    ids=["dropped", "503", "401", "no mailbox", "switched off", "quota"],
)
@pytest.mark.parametrize("number", [1, 5])
def test_when_the_account_as_a_whole_gets_no_answer_no_message_is_blamed(
    gmail, scripted, number, said, meaning
):
    scripted.script = [said or (lambda _: None)] * 9

    with pytest.raises(meaning):
        gmail.raw(IDS[:number])
    assert len(scripted.requests) <= 4  # nobody is hammered


def test_an_outage_that_begins_midway_leaves_the_rest_for_later_and_blames_nobody(gmail, mailbox):
    mailbox.trouble = dict.fromkeys(IDS[25:], (503, BACKEND))
    mailbox.profile = reply(503, BACKEND)

    found = gmail.metadata(IDS)

    assert kinds(found).split() == ["Message"] * 25 + ["NotAsked"] * 35
    assert mailbox.asked == [IDS[:25], IDS[25:50], ["profile"]]


def test_access_that_is_too_narrow_for_messages_is_the_accounts_although_the_profile_answers(gmail, mailbox):
    mailbox.trouble = dict.fromkeys(IDS, (403, NARROW))

    for number in (1, 5):
        with pytest.raises(AccessTooNarrow, match=r"gmail\.metadata"):
            gmail.raw(IDS[:number])


def test_the_pause_gmail_names_is_handed_on_to_what_was_not_asked_for(gmail, mailbox):
    named = refusal(429, "rateLimitExceeded", "User-rate limit exceeded.  Retry after 2199-01-01T00:00:00Z")
    mailbox.of_parts = {IDS[1]: (429, CONCURRENT), IDS[2]: (429, CONCURRENT)}
    mailbox.trouble = {IDS[1]: (429, named)}

    found = gmail.raw(IDS[:4])

    assert kinds(found) == "Message NotAsked NotAsked Message"
    assert found[IDS[2]].after.total_seconds() == 3600
    assert len(mailbox.asked) == 2


# Tokens


def test_a_token_that_ends_inside_a_batch_costs_only_those_parts_a_repeat(gmail, scripted):
    scripted.script = [
        batched([(0, 200, a_message(IDS[0])), (1, 401, BAD_TOKEN), (2, 401, BAD_TOKEN)]),
        batched([(0, 200, a_message(IDS[1])), (1, 200, a_message(IDS[2]))]),
    ]

    found = gmail.metadata(IDS[:3])

    assert kinds(found) == "Message Message Message"
    assert [asked_ids(request) for request in scripted.requests] == [IDS[:3], IDS[1:3]]
    assert scripted.requests[1].headers["authorization"] == "Bearer t2"


def test_a_repeat_that_fails_takes_no_answer_from_the_other_parts(gmail, scripted):
    scripted.script = [
        batched([(0, 200, a_message(IDS[0])), (1, 401, BAD_TOKEN)]),
        reply(503),
        reply(503),
        a_profile(),
    ]

    assert kinds(gmail.metadata(IDS[:2])) == "Message Unanswered"


# Any mixture


def stands_for(said):
    """What is told of a message that is always answered so."""
    if said is DROPPED:
        return Unanswered
    return {200: Message, 404: MessageGone, 429: NotAsked, 503: Unanswered}.get(said[0], MessageRefused)


TROUBLES = st.sampled_from(
    [DROPPED, (404, GONE), (503, BACKEND), (403, ODD), (401, BAD_TOKEN), (400, NO_MAIL)]
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    trouble=st.dictionaries(st.sampled_from(IDS[:30]), TROUBLES, max_size=6),
    of_parts=st.dictionaries(
        st.sampled_from(IDS[:30]), TROUBLES.filter(lambda said: said != (404, GONE)), max_size=6
    ),
)
def test_each_message_gets_what_it_deserves_whatever_its_neighbours_are(afresh, scripted, trouble, of_parts):
    scripted.requests.clear()
    mailbox = Mailbox(scripted, trouble, {id_: said for id_, said in of_parts.items() if id_ not in trouble})

    found = afresh().metadata(IDS[:30])

    assert {id_: type(one) for id_, one in found.items()} == {
        id_: stands_for(trouble.get(id_, (200,))) for id_ in IDS[:30]
    }
    assert not any(isinstance(one, OF_ACCOUNTS) for one in found.values())
    assert len(mailbox.asked) <= 2 + 30 + 3 * len(trouble) + 2 * len(of_parts) + 4
