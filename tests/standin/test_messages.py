"""Messages, threads, attachments, labels: Google's client library is the judge."""

import base64
from pathlib import Path

import pytest
import urllib3
from googleapiclient.errors import HttpError

from tests.standin.test_changes import token

CORPUS = Path(__file__).parents[3] / "shared" / "corpus"

LETTER = (
    "Received: one\r\nReceived: two\r\n        folded\r\nmessage-id: <1@lp.example>\r\n"
    "From: =?utf-8?q?J=C3=BCrgen?= <j@lp.example>\r\nSubject: Offer\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="x"\r\n\r\n'
    '--x\r\nContent-Type: multipart/alternative; boundary="y"\r\n\r\n'
    "--y\r\nContent-Type: text/plain; charset=windows-1252\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "Gr=FC=DFe & more\r\n--y\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--y--\r\n"
    '--x\r\nContent-Type: application/pdf\r\nContent-Disposition: ATTACHMENT; filename="offer.pdf"\r\n\r\n%PDF\r\n--x--\r\n'
)


def get(box, message_id, **more):
    return box.gmail.messages().get(userId="me", id=message_id, **more).execute()


def decoded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_raw_gives_the_delivered_bytes_back_with_crlf(box):
    message = box.deliver("From: a@b.example\nSubject: x\n\nline\n")

    assert (
        decoded(get(box, message["id"], format="raw")["raw"])
        == b"From: a@b.example\r\nSubject: x\r\n\r\nline\r\n"
    )


def test_full_is_the_tree_with_part_ids_and_text_in_utf_8_whatever_its_header_says(box):
    payload = get(box, box.deliver(LETTER)["id"])["payload"]

    assert [part["partId"] for part in payload["parts"]] == ["0", "1"]
    plain, html = payload["parts"][0]["parts"]
    assert (plain["partId"], html["partId"]) == ("0.0", "0.1")
    assert "Grüße" in decoded(plain["body"]["data"]).decode()
    assert any("windows-1252" in header["value"] for header in plain["headers"])
    assert payload["body"] == {"size": 0}


def test_headers_keep_order_duplicates_case_and_folded_white_space(box):
    headers = get(box, box.deliver(LETTER)["id"])["payload"]["headers"]

    assert [(h["name"], h["value"]) for h in headers[:4]] == [
        ("Received", "one"),
        ("Received", "two        folded"),
        ("message-id", "<1@lp.example>"),
        ("From", "Jürgen <j@lp.example>"),
    ]


def test_metadata_brings_the_headers_asked_for_and_no_body(box):
    message = get(box, box.deliver(LETTER)["id"], format="metadata", metadataHeaders=["subject"])

    assert [h["name"] for h in message["payload"]["headers"]] == ["Subject"]
    assert "parts" not in message["payload"]


def test_numbers_of_64_bits_are_strings_and_small_ones_numbers(box):
    message = get(box, box.deliver()["id"], format="minimal")

    assert isinstance(message["historyId"], str)
    assert isinstance(message["internalDate"], str)
    assert isinstance(message["sizeEstimate"], int)
    assert "payload" not in message


def test_a_snippet_is_escaped_html(box):
    message = box.deliver("Subject: x\r\n\r\nfish & chips\r\n")

    assert get(box, message["id"], format="minimal")["snippet"] == "fish &amp; chips"


def test_attachment_ids_change_with_each_get_and_old_ones_work(box):
    message_id = box.deliver(LETTER)["id"]
    ids = [get(box, message_id)["payload"]["parts"][1]["body"]["attachmentId"] for _ in range(2)]

    files = [
        box.gmail.messages().attachments().get(userId="me", messageId=message_id, id=one).execute()
        for one in ids
    ]

    assert ids[0] != ids[1]
    assert {decoded(file["data"]) for file in files} == {b"%PDF"}


@pytest.mark.parametrize(
    ("message_id", "status"), [("ffffffffffffffff", 404), ("not-an-id", 400)], ids=["unknown", "malformed"]
)
def test_an_unknown_id_is_404_and_a_malformed_one_400(box, message_id, status):
    with pytest.raises(HttpError) as refused:
        get(box, message_id)

    assert refused.value.resp.status == status


def test_the_list_is_newest_first_shows_drafts_and_hides_spam_and_bin(box):
    for number, label in enumerate(("INBOX", "DRAFT", "SPAM", "TRASH")):
        box.deliver(f"Subject: {label}\r\n\r\nx", label, internalDateMs=1_700_000_000_000 + number)
    messages = box.gmail.messages()

    shown = messages.list(userId="me").execute()["messages"]
    everything = messages.list(userId="me", includeSpamTrash=True).execute()["messages"]

    assert [get(box, one["id"])["labelIds"] for one in shown] == [["DRAFT"], ["INBOX"]]
    assert len(everything) == 4


def test_an_empty_list_has_no_messages_key(box):
    assert box.gmail.messages().list(userId="me").execute() == {"resultSizeEstimate": 0}


def test_pages_follow_each_other_to_the_end(box):
    wanted = {box.deliver()["id"] for _ in range(7)}
    messages = box.gmail.messages()
    request, seen = messages.list(userId="me", maxResults=3), []

    while request is not None:
        answer = request.execute()
        seen += [one["id"] for one in answer["messages"]]
        request = messages.list_next(request, answer)

    assert set(seen) == wanted
    assert len(seen) == 7


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:ivy", {"one"}), ("to:bob", {"two"}), ("subject:one", {"one"}), ("from:ivy OR to:bob", {"one", "two"}),
        ("{from:ivy to:bob}", {"one", "two"}), ("-from:ivy", {"two"}), ("in:draft", {"two"}), ("after:1700000005", {"two"}),
        ("before:1700000005", {"one"}), ("rfc822msgid:1@lp.example", {"one"}), ("newer_than:1d", set()),
    ],
)  # fmt: skip
def test_the_search_box_understands(box, query, found):
    box.deliver(
        "From: ivy@lp.example\r\nSubject: one\r\nMessage-ID: <1@lp.example>\r\n\r\nx",
        internalDateMs=1_700_000_000_000,
    )
    box.deliver("To: bob@lp.example\r\nSubject: two\r\n\r\nx", "DRAFT", internalDateMs=1_700_000_010_000)

    hits = box.gmail.messages().list(userId="me", q=query).execute().get("messages", [])

    subjects = {
        h["value"]
        for one in hits
        for h in get(box, one["id"])["payload"]["headers"]
        if h["name"] == "Subject"
    }
    assert subjects == found


def test_a_reply_joins_its_parents_thread_unless_the_subject_changes(box):
    first = box.deliver("Message-ID: <r@x>\r\nSubject: Deal\r\n\r\nx")
    reply = box.deliver("Message-ID: <s@x>\r\nIn-Reply-To: <r@x>\r\nSubject: Re: Deal\r\n\r\nx")
    other = box.deliver("Message-ID: <t@x>\r\nIn-Reply-To: <r@x>\r\nSubject: Else\r\n\r\nx")

    thread = box.gmail.threads().get(userId="me", id=first["threadId"]).execute()

    assert first["threadId"] == first["id"]
    assert [one["id"] for one in thread["messages"]] == [first["id"], reply["id"]]
    assert other["threadId"] == other["id"]


def test_labels_and_aliases_are_told(box):
    labels = {one["name"]: one["type"] for one in box.gmail.labels().list(userId="me").execute()["labels"]}
    aliases = [
        one["sendAsEmail"] for one in box.gmail.settings().sendAs().list(userId="me").execute()["sendAs"]
    ]

    assert (labels["INBOX"], labels["Deals"]) == ("system", "user")
    assert aliases == [box.email, "ada@alias.test"]


def test_all_hostile_mail_is_given_out_in_every_format(box):
    if not CORPUS.is_dir():
        pytest.skip("no corpus beside this checkout")
    for path in sorted(CORPUS.rglob("*.eml")):
        message = box.deliver(path.read_bytes(), notify=False)
        for format_ in ("minimal", "metadata", "full", "raw"):
            assert get(box, message["id"], format=format_)["id"] == message["id"], path.name


@pytest.mark.parametrize(
    "query", ["after:nonsense", "newer_than:", "{", "(", "OR", "-", '"', "from:", "before:9999/99/99"]
)
def test_an_odd_search_is_answered_not_a_server_error(box, query):
    box.deliver()
    headers = {"Authorization": f"Bearer {token(box)}"}

    answer = urllib3.request(
        "GET", f"{box.url}/gmail/v1/users/me/messages", fields={"q": query}, headers=headers
    )

    assert answer.status in {200, 400}
