"""How requests and answers travel: proto3 JSON, errors, gzip, partial responses, unknown paths."""

import gzip
import json

import pytest

from infra.local.google import fields
from infra.local.google.errors import GoogleError

PROFILE = "/gmail/v1/users/me/profile"


@pytest.fixture
def plain(google):
    """A GET without any decoding by the client."""
    headers = {"authorization": f"Bearer {google.token()}"}

    def plain(path, **more):
        return google.send("GET", path, headers=headers | more, decode_content=False)

    return plain


def test_json_says_its_charset_and_is_pretty_unless_told_otherwise(plain):
    pretty, dense = plain(PROFILE), plain(f"{PROFILE}?prettyPrint=false")

    assert pretty.headers["content-type"] == "application/json; charset=UTF-8"
    assert pretty.data.startswith(b'{\n  "emailAddress"')
    assert dense.data.count(b"\n") == 1
    assert pretty.json() == dense.json()


def test_answers_are_gzipped_for_those_who_ask(plain):
    answer = plain(PROFILE, **{"accept-encoding": "gzip, deflate"})

    assert answer.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.data))["emailAddress"] == "ada@fund.example"
    assert "content-encoding" not in plain(PROFILE).headers


def test_64_bit_numbers_are_strings_and_32_bit_ones_are_numbers(google, users):
    id_ = google.deliver()
    message = users.messages().get(userId="me", id=id_).execute()
    profile = users.getProfile(userId="me").execute()

    assert {type(message[name]) for name in ("historyId", "internalDate")} == {str}
    assert {type(message["sizeEstimate"]), type(message["payload"]["body"]["size"])} == {int}
    assert (type(profile["historyId"]), type(profile["messagesTotal"])) == (str, int)


@pytest.mark.parametrize(
    "path", ["profile", "messages", "threads", "labels", "history?startHistoryId=1", "settings/sendAs"]
)
def test_an_unknown_parameter_is_refused_by_name(google, path):
    status, error = google.get(f"me/{path}{'&' if '?' in path else '?'}maxResult=5")

    assert status == 400
    assert error["error"]["message"].startswith(
        'Invalid JSON payload received. Unknown name "maxResult": Cannot bind query parameter.'
    )
    assert error["error"]["status"] == "INVALID_ARGUMENT"


@pytest.mark.parametrize("value", ["abc", "5/abc", "-1", "", "1e3", "4294967296", "٣"])
def test_a_bad_number_is_refused_with_the_fields_name_in_snake_case(google, value):
    from urllib.parse import quote

    status, error = google.get(f"me/messages?maxResults={quote(value)}")

    assert status == 400
    assert error["error"]["message"] == f"Invalid value at 'max_results' (TYPE_UINT32), \"{value}\""
    assert error["error"]["details"][0]["fieldViolations"][0]["field"] == "max_results"


def test_a_bad_boolean_is_refused(google):
    status, error = google.get("me/messages?includeSpamTrash=maybe")

    assert (status, error["error"]["message"]) == (
        400,
        "Invalid value at 'include_spam_trash' (TYPE_BOOL), \"maybe\"",
    )


def test_the_parameters_of_every_method_are_known(google):
    query = "alt=json&prettyPrint=true&quotaUser=x&key=k&%24.xgafv=2&fields=historyId"

    assert set(google.get(f"me/profile?{query}")[1]) == {"historyId"}


@pytest.mark.parametrize(
    "path", ["/", "/gmail", "/gmail/v1/users", "/gmail/v1/users/me", "/gmail/v1/users/me/nothing", "/gmail/v2/users/me/profile",
             "/gmail/v1/users/me/messages/1/2", "/token", "/batch", "/favicon.ico", "/gmail/v1/users/me/pro%00file"],
)  # fmt: skip
def test_an_unknown_path_is_an_html_page(plain, path):
    answer = plain(path)

    assert answer.status == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert b"was not found on this server" in answer.data


def test_the_wrong_verb_is_an_unknown_path(google):
    assert google.send("DELETE", PROFILE).status == 404
    assert google.send("POST", "/gmail/v1/users/me/messages").status == 404


def test_what_a_request_says_is_not_html_in_the_answer(plain):
    assert b"<script>" not in plain("/<script>").data


@pytest.mark.parametrize(
    ("mask", "kept"),
    [
        ("a", {"a": 1}),
        ("a,b/c", {"a": 1, "b": {"c": 2}}),
        ("l(x)", {"l": [{"x": 1}, {"x": 2}]}),
        ("l/x,a", {"a": 1, "l": [{"x": 1}, {"x": 2}]}),
        ("b/*", {"b": {"c": 2, "d": 3}}),
        ("*", {"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 1}, {"x": 2}]}),
        ("nothing", {}),
    ],
)
def test_a_mask_keeps_what_it_names(mask, kept):
    value = {"a": 1, "b": {"c": 2, "d": 3}, "l": [{"x": 1, "y": 1}, {"x": 2}]}

    assert fields.keep(value, fields.parse(mask)) == kept


@pytest.mark.parametrize(
    "mask", ["a(", "a)", ",", "a,,b", "a(b", "a//b", "/", "é", "(" * 100, "a/" * 100 + "a"]
)
def test_a_malformed_mask_is_refused(mask):
    with pytest.raises(GoogleError, match="Invalid field selection"):
        fields.parse(mask)


def test_the_client_gets_partial_responses(google, users):
    google.deliver()

    answer = users.messages().list(userId="me", fields="messages/id").execute()

    assert [set(one) for one in answer["messages"]] == [{"id"}]
