"""Domain-wide delegation as an administrator sees it: lists by number, domain and exact scopes."""

import pytest
from google.auth.exceptions import RefreshError

from tests.local_google.app import ADA, METADATA, MODIFY, READONLY
from tests.local_google.conftest import ROBOT

NONE = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested."
ELSEWHERE = "Unauthorized client or scope in request."


@pytest.fixture
def refused(google):
    """Ask by Google's library; return error and description, or None."""

    def refused(user=ADA, scopes=(READONLY,), **key):
        try:
            google.credentials(user, scopes, **key).refresh(google.request)
        except RefreshError as error:
            return tuple(error.args[1].values())
        return None

    return refused


def _list(google, scopes=(READONLY,), domain="fund.example", **who):
    who = who or {"clientId": google.key["client_id"]}
    return google.control("delegations", {"domain": domain, "scopes": list(scopes)} | who)


def test_until_an_administrator_says_anything_everything_is_allowed(refused):
    assert refused(scopes=[MODIFY]) is None


def test_a_listed_number_may_ask_for_listed_scopes_and_fewer(google, refused):
    _list(google, [READONLY, MODIFY])

    assert refused() is refused(scopes=[READONLY, MODIFY]) is None


@pytest.mark.parametrize("scopes", [[MODIFY], [READONLY, MODIFY], ["https://mail.google.com/"]])
def test_one_scope_that_is_not_listed_refuses_all(google, refused, scopes):
    _list(google)

    assert refused(scopes=scopes) == ("unauthorized_client", NONE)


def test_an_email_in_place_of_the_number_authorises_nobody(google, refused):
    _list(google, clientId=ROBOT)

    assert refused() == ("unauthorized_client", NONE)


def test_a_domain_that_does_not_list_it_says_so_in_other_words(google, refused):
    google.control("mailboxes", {"email": "eve@other.example"})
    _list(google)

    assert refused("eve@other.example") == ("unauthorized_client", ELSEWHERE)
    assert refused() is None


def test_a_withdrawn_delegation_ends_tokens_and_refuses_new_ones(google, refused):
    _list(google, serviceAccount=ROBOT)
    token = google.token()
    google.control("delegations/withdraw", {"serviceAccount": ROBOT, "domain": "fund.example"})

    assert refused() == ("unauthorized_client", NONE)
    assert google.get("me/profile", token)[0] == 401
    assert google.see("delegations") == {"delegations": []}


def test_a_withdrawal_in_one_domain_leaves_the_others(google):
    google.control("mailboxes", {"email": "eve@other.example"})
    _list(google)
    _list(google, domain="other.example")
    token = google.token("eve@other.example")
    google.control("delegations/withdraw", {"serviceAccount": ROBOT, "domain": "fund.example"})

    assert google.get("me/profile", token)[0] == 200
    assert google.token("eve@other.example")


def test_a_shorter_list_ends_only_tokens_beyond_it(google, refused):
    _list(google, [READONLY, METADATA])
    token = google.token()
    assert _list(google)["delegations"] == [
        {"clientId": google.key["client_id"], "domain": "fund.example", "scopes": [READONLY]}
    ]

    assert google.get("me/profile", token)[0] == 200
    _list(google, [METADATA])
    assert google.get("me/profile", token)[0] == 401


def test_the_refusal_is_a_401_in_flat_words(google, refused):
    _list(google, [])
    refused()

    assert [(one["status"], one["error"]) for one in google.see("token-requests")["requests"]] == [
        (401, "unauthorized_client")
    ]


def test_a_user_that_is_no_address_is_told_apart_from_one_that_is_unknown(refused):
    assert refused("ada") == ("invalid_grant", "Not a valid email")
    assert refused("bob@fund.example") == ("invalid_grant", "Invalid email or User ID")


def test_a_deleted_key_no_longer_signs_and_its_tokens_end(google, refused):
    second = google.control("service-accounts", {"email": ROBOT, "projectId": "crm-test"})
    token = google.token()
    deleted = google.control(f"service-accounts/{ROBOT}/delete-key", {"keyId": google.key["private_key_id"]})

    assert deleted == {"deleted": [google.key["private_key_id"]], "ended": 1}
    assert refused() == ("invalid_grant", "Invalid JWT Signature.")
    assert google.get("me/profile", token)[0] == 401
    assert refused(private_key=second["private_key"], private_key_id=second["private_key_id"]) is None


def test_a_reset_brings_deleted_keys_back(google, refused):
    google.control(f"service-accounts/{ROBOT}/delete-key")
    assert refused() is not None
    google.control("reset")
    google.control("mailboxes", {"email": ADA})

    assert refused() is None


@pytest.mark.parametrize("status", ["disabled", "deleted"])
def test_a_service_account_is_switched_off_and_on(google, refused, status):
    token = google.token()
    google.control(f"service-accounts/{ROBOT}/status", {"status": status})

    assert refused() == (f"{status}_client", f"The OAuth client was {status}.")
    assert google.get("me/profile", token)[0] == 401
    google.control(f"service-accounts/{ROBOT}/status", {"status": "active"})
    assert refused() is None


def test_an_administrators_policy_counts_for_service_accounts_too(google, refused):
    token = google.token()
    google.control("admin-policy", {"domain": "fund.example", "blockedScopes": [READONLY]})

    assert refused()[0] == "admin_policy_enforced"
    assert google.get("me/profile", token)[0] == 401


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("delegations", {"domain": "fund.example", "clientId": "1"}),
        ("delegations/withdraw", {"clientId": "1"}),
        (f"service-accounts/{ROBOT}/status", {"status": "odd"}),
        ("token-errors", {"error": "x"}),
        ("services", {"service": "odd", "enabled": True}),
        ("oauth-clients", {"audience": "internal"}),
        ("oauth-clients", {"publishing": "soon"}),
        (f"users/{ADA}/suspend", {"showsAt": "odd"}),
    ],
)
def test_a_wrong_order_is_answered_with_a_sentence(google, path, body):
    answer = google.send("POST", f"/control/{path}", json=body)

    assert answer.status == 400
    assert len(answer.json()["error"]) > 5


@pytest.mark.parametrize(
    "path",
    ["service-accounts/x@y.example/status", "service-accounts/x@y.example/delete-key", "oauth-clients/x",
     f"service-accounts/{ROBOT}/delete-key", "users/x@y.example/suspend"],
)  # fmt: skip
def test_an_order_about_nobody_is_a_404(google, path):
    assert google.send("POST", f"/control/{path}", json={"keyId": "k", "status": "active"}).status == 404
