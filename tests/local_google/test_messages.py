"""users.messages.get in its four formats, and attachments."""

import base64
import re

import pytest
from googleapiclient.errors import HttpError

LETTER = b"""\
Received: from m.example (m.example. [192.0.2.1])
        by mx.google.com with ESMTPS id x
        for <ada@fund.example>;
        Mon, 16 Nov 2026 08:56:49 -0800 (PST)
Received: by second.example
From: =?utf-8?q?J=C3=B6rg_L=C3=BC?= =?utf-8?b?ZGVy?= <joerg@lp.example>
TO: ada@fund.example
Subject: =?utf-8?q?caf=C3?= =?utf-8?q?=A9?= and =?x-nowhere?q?left?= alone
Message-Id: <1@lp.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="outer"

preamble
--outer
Content-Type: multipart/alternative; boundary=inner

--inner
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

It=92s Tom=
 & J=FCrgen's
--inner
Content-Type: text/html; charset=utf-8

<p>hello</p>
--inner--
--outer
Content-Type: application/pdf; name="=?utf-8?q?=C3=BCbersicht=2Epdf?="
CONTENT-DISPOSITION: ATTACHMENT
Content-ID: <f_1>
Content-Transfer-Encoding: base64

JVBERi0xLjQ=
--outer
Content-Type: message/rfc822

From: old@lp.example
Subject: forwarded

inside
--outer
Content-Type: application/pgp-encrypted

Version: 1
--outer
Content-Type: text/plain; charset=utf-8
Content-Disposition: attachment; filename*=utf-8''n%C3%B6tes.txt

notes
--outer--
epilogue
"""


def unpacked(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def get(users):
    def get(id_, shape="full", **more):
        return users.messages().get(userId="me", id=id_, format=shape, **more).execute()

    return get


def part(payload, part_id):
    found = [payload]
    while found:
        one = found.pop()
        if one["partId"] == part_id:
            return one
        found += one.get("parts", [])
    raise AssertionError(part_id)


def values(payload, name):
    return [one["value"] for one in payload["headers"] if one["name"] == name]


def test_minimal_is_what_every_format_has(google, get):
    id_ = google.deliver(LETTER)
    shown = get(id_, "minimal")

    assert shown | {"historyId": "", "internalDate": ""} == {
        "id": id_, "threadId": id_, "labelIds": ["INBOX", "UNREAD"], "historyId": "", "internalDate": "",
        "snippet": "hello", "sizeEstimate": len(LETTER.replace(b"\n", b"\r\n")),
    }  # fmt: skip
    assert isinstance(shown["historyId"], str)
    assert isinstance(shown["internalDate"], str)


@pytest.mark.parametrize(
    ("text", "snippet"),
    [
        ('Tom & "J"\n\n  <it\'s>', "Tom &amp; &quot;J&quot; &lt;it&#39;s&gt;"),
        ("word " * 50, " ".join(["word"] * 40)),
        ("x" * 300, "x" * 200),
    ],
)
def test_a_snippet_is_escaped_and_ends_with_a_word(google, get, text, snippet):
    assert get(google.deliver(f"Subject: x\n\n{text}"), "minimal")["snippet"] == snippet


def test_empty_fields_are_left_out(google, get):
    shown = get(google.deliver("Subject: x\n\n", labels=[]), "minimal")

    assert not {"labelIds", "snippet"} & set(shown)


def test_raw_gives_back_what_was_delivered_with_crlf(google, get):
    shown = get(google.deliver(LETTER), "raw")

    assert unpacked(shown["raw"]) == LETTER.replace(b"\n", b"\r\n")
    assert "payload" not in shown


@pytest.mark.parametrize(
    "raw", [b"From: a\n\n\xff\x00\r\r\n\n", b"", b"\n", b"no header at all", bytes(range(256))]
)
def test_raw_can_give_back_the_very_bytes(google, get, raw):
    assert unpacked(get(google.deliver(raw, keepBytes=True), "raw").get("raw", "")) == raw


def test_padding_of_base64_comes_and_goes(google, get):
    id_ = google.deliver("From: a\n\n22")
    shown = {get(id_, "raw")["raw"] for _ in range(40)}

    assert {text.endswith("=") for text in shown} == {True, False}
    google.control("settings", {"padding": "never"})
    assert not get(id_, "raw")["raw"].endswith("=")


def test_metadata_has_the_headers_asked_for_and_no_parts(google, get):
    id_ = google.deliver(LETTER)
    some = get(id_, "metadata", metadataHeaders=["to", "Message-ID"])["payload"]

    assert some == {
        "partId": "", "mimeType": "multipart/mixed", "filename": "", "body": {"size": 0},
        "headers": [{"name": "TO", "value": "ada@fund.example"}, {"name": "Message-Id", "value": "<1@lp.example>"}],
    }  # fmt: skip
    assert len(get(id_, "metadata")["payload"]["headers"]) == 8
    google.control("settings", {"metadata_extras": False})
    assert set(get(id_, "metadata")["payload"]) == {"mimeType", "headers"}


def test_headers_keep_order_duplicates_case_and_the_white_space_of_folds(google, get):
    payload = get(google.deliver(LETTER))["payload"]

    assert [one["name"] for one in payload["headers"]] == [
        "Received", "Received", "From", "TO", "Subject", "Message-Id", "MIME-Version", "Content-Type",
    ]  # fmt: skip
    assert values(payload, "Received")[0].startswith(
        "from m.example (m.example. [192.0.2.1])        by mx.google.com with ESMTPS id x        for <ada@"
    )


def test_encoded_words_are_decoded_and_those_that_cannot_be_are_left(google, get):
    payload = get(google.deliver(LETTER))["payload"]

    assert values(payload, "From") == ["Jörg Lüder <joerg@lp.example>"]
    assert values(payload, "Subject") == ["café and =?x-nowhere?q?left?= alone"]


def test_parts_are_numbered_down_the_tree(google, get):
    payload = get(google.deliver(LETTER))["payload"]

    types = {
        id_: part(payload, id_)["mimeType"] for id_ in ("", "0", "0.0", "0.1", "1", "2", "2.0", "3", "4")
    }

    assert types == {
        "": "multipart/mixed", "0": "multipart/alternative", "0.0": "text/plain", "0.1": "text/html",
        "1": "application/pdf", "2": "message/rfc822", "2.0": "text/plain", "3": "application/pgp-encrypted",
        "4": "text/plain",
    }  # fmt: skip
    assert payload["body"] == part(payload, "0")["body"] == {"size": 0}


def test_text_is_utf8_while_its_header_names_the_old_charset(google, get):
    id_ = google.deliver(LETTER)
    text = part(get(id_)["payload"], "0.0")
    data = "It\x92s Tom & Jürgen's".encode()

    assert unpacked(text["body"]["data"]) == data
    assert text["body"]["size"] == len(data)
    assert values(text, "Content-Type") == ["text/plain; charset=iso-8859-1"]

    for switch in ({"transcode": False}, {"transcode": True, "transcode_not": ["ISO-8859-1"]}):
        google.control("settings", switch)
        assert unpacked(part(get(id_)["payload"], "0.0")["body"]["data"]) == b"It\x92s Tom & J\xfcrgen's"


def test_a_message_of_one_part_has_its_data_in_the_root(google, get):
    payload = get(google.deliver("Subject: x\n\nhello"))["payload"]

    assert payload | {"headers": []} == {
        "partId": "", "mimeType": "text/plain", "filename": "", "headers": [],
        "body": {"size": 5, "data": payload["body"]["data"]},
    }  # fmt: skip
    assert unpacked(payload["body"]["data"]) == b"hello"


def test_attachments_have_an_id_and_no_data(google, get, users):
    id_ = google.deliver(LETTER)
    payload = get(id_)["payload"]
    files = [part(payload, one) for one in ("1", "2", "3", "4")]

    assert [one["filename"] for one in files] == ["übersicht.pdf", "", "", "nötes.txt"]
    assert [set(one["body"]) for one in files] == [{"attachmentId", "size"}] * 4
    contents = []
    for one in files:
        request = (
            users.messages().attachments().get(userId="me", messageId=id_, id=one["body"]["attachmentId"])
        )
        answer = request.execute()
        contents.append(unpacked(answer["data"]))
        assert answer["size"] == one["body"]["size"] == len(contents[-1])
    assert contents[0] == b"%PDF-1.4"
    assert contents[1].startswith(b"From: old@lp.example")
    assert contents[3] == b"notes"


def test_attachment_ids_change_and_old_ones_work(google, get, users):
    id_ = google.deliver(LETTER)
    first, second = (part(get(id_)["payload"], "1")["body"]["attachmentId"] for _ in range(2))

    assert first != second
    assert len(first) > 100
    for one in (first, second):
        answer = users.messages().attachments().get(userId="me", messageId=id_, id=one).execute()
        assert unpacked(answer["data"]) == b"%PDF-1.4"


@pytest.mark.parametrize("token", ["x", "ANGjdJ", "ANGjdJ" + "A" * 320, "%C3%A9", "ANGjdJ!!!"])
def test_an_attachment_id_nobody_gave_is_invalid(google, token):
    status, error = google.get(f"me/messages/{google.deliver(LETTER)}/attachments/{token}")

    assert (status, error["error"]["message"]) == (400, "Invalid attachment token")


def test_an_attachment_id_belongs_to_its_message(google, get):
    one, other = google.deliver(LETTER), google.deliver(LETTER)
    token = part(get(one)["payload"], "1")["body"]["attachmentId"]

    assert google.get(f"me/messages/{other}/attachments/{token}")[0] == 400


def test_a_large_text_comes_as_an_attachment_too(google, get, users):
    google.control("settings", {"body_attachment_bytes": 100})
    id_ = google.deliver(b"Content-Type: text/plain; charset=latin1\n\n" + b"\xfc" * 101)
    body = get(id_)["payload"]["body"]

    answer = users.messages().attachments().get(userId="me", messageId=id_, id=body["attachmentId"]).execute()

    assert "data" not in body
    assert unpacked(answer["data"]) == "ü".encode() * 101


@pytest.mark.parametrize(
    ("id_", "status"), [("zz", 400), ("18a%2F1", 400), ("1" * 17, 400), ("18a", 404), ("f" * 16, 404)]
)
@pytest.mark.parametrize("kind", ["messages", "threads"])
def test_malformed_ids_are_invalid_and_unknown_ones_are_not_found(google, kind, id_, status):
    answer, error = google.get(f"me/{kind}/{id_}")

    assert (answer, error["error"]["errors"][0]["reason"]) == (
        status,
        {400: "invalidArgument", 404: "notFound"}[status],
    )


def test_a_thread_has_its_messages_oldest_first_and_never_raw(google, users):
    first = google.deliver("Message-ID: <1@x>\nSubject: a\n\none")
    second = google.deliver("In-Reply-To: <1@x>\nSubject: Re: a\n\ntwo")

    thread = users.threads().get(userId="me", id=first, format="full").execute()

    assert [one["id"] for one in thread["messages"]] == [first, second]
    assert unpacked(thread["messages"][1]["payload"]["body"]["data"]) == b"two"
    assert google.get(f"me/threads/{first}?format=raw")[0] == 400


def test_a_thread_brings_of_each_message_the_headers_asked_for_and_no_body(google, users):
    first = google.deliver("Message-ID: <1@x>\nFrom: a@x.example\nSubject: a\n\none")
    second = google.deliver("In-Reply-To: <1@x>\nFrom: b@x.example\nSubject: Re: a\n\ntwo")

    thread = (
        users.threads()
        .get(userId="me", id=first, format="metadata", metadataHeaders=["From", "To"])
        .execute()
    )

    assert [one["payload"]["headers"] for one in thread["messages"]] == [
        [{"name": "From", "value": "a@x.example"}],
        [{"name": "From", "value": "b@x.example"}],
    ]
    assert not any("parts" in one["payload"] or "raw" in one for one in thread["messages"])
    single = [
        users.messages().get(userId="me", id=id_, format="metadata", metadataHeaders=["From", "To"]).execute()
        for id_ in (first, second)
    ]
    assert thread["messages"] == single


def test_delivery_can_add_the_headers_of_googles_servers(google, get):
    id_ = google.deliver("From: Lee <lee@lp.example>\nSubject: x\n\nhello", transport=True)
    payload = get(id_)["payload"]
    names = [one["name"] for one in payload["headers"]]

    assert names[0] == "Delivered-To"
    assert names.count("Received") == 2
    assert names[-2:] == ["From", "Subject"]
    assert re.search(
        r";\s{7}dmarc=pass .* header\.from=lp\.example", values(payload, "Authentication-Results")[0]
    )


def test_a_hostile_author_writes_no_headers_of_the_servers(google, get):
    id_ = google.deliver("From: <a@b\n X-Evil: 1\r\r\n>\n\nhello", transport=True)

    assert "X-Evil" not in [one["name"] for one in get(id_)["payload"]["headers"]]


def test_an_unknown_format_is_refused_in_googles_words(google):
    status, error = google.get(f"me/messages/{google.deliver()}?format=huge")

    assert (status, error["error"]["message"]) == (
        400,
        "Invalid value at 'format' (type.googleapis.com/caribou.api.proto.MessageFormat), \"huge\"",
    )


def test_a_missing_message_is_an_error_the_client_knows(users):
    with pytest.raises(HttpError, match="Requested entity was not found"):
        users.messages().get(userId="me", id="18a").execute()
