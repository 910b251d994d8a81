"""Keyless delegation: a machine's identity, signJwt, and the assertion it makes; Google's library is the judge."""

import json
import time

import pytest
from google.auth import compute_engine, iam, impersonated_credentials
from google.auth.compute_engine import _metadata
from google.auth.exceptions import GoogleAuthError

from tests.local_google.app import ADA, READONLY
from tests.local_google.conftest import ROBOT

RUNTIME = "runtime@local-project.iam.gserviceaccount.com"
SERVICE = "iamcredentials.googleapis.com"
FLAVOR = {"Metadata-Flavor": "Google"}
ACCOUNTS = "/computeMetadata/v1/instance/service-accounts"


@pytest.fixture
def token(google):
    """The runtime identity's own token."""
    return google.send("GET", f"{ACCOUNTS}/default/token", headers=FLAVOR).json()["access_token"]


@pytest.fixture
def granted(google):
    google.control("token-creators", {"serviceAccount": ROBOT})


@pytest.fixture
def sign(google, token):
    """Ask for a signature; return status and JSON."""

    def sign(payload=None, account=ROBOT, bearer=token, **body):
        told = {"delegates": None, "payload": json.dumps(_claims()) if payload is None else payload} | body
        headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
        path = f"/v1/projects/-/serviceAccounts/{account}:signJwt"
        answer = google.send("POST", path, json=told, headers=headers)
        return answer.status, answer.json()

    return sign


def _claims(**more):
    now = int(time.time())
    return {
        "iss": ROBOT, "sub": ADA, "scope": READONLY, "iat": now, "exp": now + 3600,
        "aud": "https://oauth2.googleapis.com/token",
    } | more  # fmt: skip


def _exchange(google, assertion):
    grant = "urn:ietf:params:oauth:grant-type:jwt-bearer"
    told = {"grant_type": grant, "assertion": assertion}
    return google.send("POST", "/token", fields=told, encode_multipart=False).json()


def test_a_signed_jwt_is_exchanged_for_a_users_token(google, granted, sign):
    status, answer = sign()

    assert (status, set(answer)) == (200, {"keyId", "signedJwt"})
    access = _exchange(google, answer["signedJwt"])["access_token"]
    assert google.get("me/profile", access)[1]["emailAddress"] == ADA


def test_a_key_that_google_keeps_outlives_the_accounts_own_keys(google, granted, sign):
    google.control(f"service-accounts/{ROBOT}/delete-key")
    first, second = sign()[1], sign()[1]

    assert first["keyId"] == second["keyId"] != google.key["private_key_id"]
    assert "access_token" in _exchange(google, first["signedJwt"])


def test_googles_library_goes_the_whole_way(google, granted, monkeypatch):
    monkeypatch.setattr(_metadata, "_GCE_METADATA_HOST", google.url.removeprefix("http://"))
    signing = f"{google.url}/v1/projects/-/serviceAccounts/{{}}:signJwt"
    monkeypatch.setattr(iam, "_IAM_SIGNJWT_ENDPOINT", signing)
    monkeypatch.setattr(impersonated_credentials, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", f"{google.url}/token")
    source = compute_engine.Credentials()
    source.refresh(google.request)

    credentials = impersonated_credentials.Credentials(source, ROBOT, [READONLY], subject=ADA)
    credentials.refresh(google.request)

    assert source.service_account_email == RUNTIME
    assert google.get("me/profile", credentials.token)[0] == 200
    google.control("token-creators", {"serviceAccount": ROBOT, "granted": False})
    with pytest.raises(GoogleAuthError, match="PERMISSION_DENIED"):
        credentials.refresh(google.request)


def test_without_the_grant_the_permission_is_denied_in_the_plain_envelope(sign):
    status, answer = sign()

    assert status == 403
    assert answer["error"] == {
        "code": 403, "status": "PERMISSION_DENIED",
        "message": "Permission 'iam.serviceAccounts.signJwt' denied on resource (or it may not exist).",
        "details": [{
            "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "IAM_PERMISSION_DENIED",
            "domain": "iam.googleapis.com", "metadata": {"permission": "iam.serviceAccounts.signJwt"},
        }],
    }  # fmt: skip


def test_a_service_account_needs_the_grant_for_itself_too(google, sign):
    google.control("runtime-identity", {"email": ROBOT, "projectId": "crm-test"})
    own = google.send("GET", f"{ACCOUNTS}/default/token", headers=FLAVOR).json()["access_token"]

    assert sign(bearer=own)[0] == 403
    google.control("token-creators", {"member": ROBOT, "serviceAccount": ROBOT})
    assert sign(bearer=own)[0] == 200


def test_the_account_may_be_named_by_its_number_or_encoded(google, granted, sign):
    assert sign(account=google.key["client_id"])[0] == sign(account=ROBOT.replace("@", "%40"))[0] == 200
    assert sign(account="nobody@p.iam.gserviceaccount.com")[0] == 403


def test_each_delegate_needs_the_grant_on_the_next(google, sign):
    middle = "middle@p.iam.gserviceaccount.com"
    chain = {"delegates": [f"projects/-/serviceAccounts/{middle}"]}
    google.control("token-creators", {"serviceAccount": middle})
    assert sign(**chain)[0] == 403
    google.control("token-creators", {"member": middle, "serviceAccount": ROBOT})

    assert sign(**chain)[0] == 200
    assert sign()[0] == 403


def test_an_api_that_is_switched_off_says_so(google, granted, sign):
    google.control("services", {"service": SERVICE, "enabled": False})

    status, answer = sign()

    assert (status, answer["error"]["status"]) == (403, "PERMISSION_DENIED")
    assert answer["error"]["details"][0]["reason"] == "SERVICE_DISABLED"


def test_a_users_token_has_no_scope_for_it(google, granted, sign):
    status, answer = sign(bearer=google.token())

    assert (status, answer["error"]["details"][0]["reason"]) == (403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT")


@pytest.mark.parametrize("bearer", ["", "ya29.nonsense"])
def test_without_a_good_bearer_it_is_a_401_in_the_plain_envelope(sign, bearer):
    status, answer = sign(bearer=bearer)

    assert (status, answer["error"]["status"]) == (401, "UNAUTHENTICATED")
    assert "errors" not in answer["error"]
    assert "caribou" not in str(answer)


@pytest.mark.parametrize("status", ["disabled", "deleted"])
def test_a_service_account_that_is_off_signs_nothing(google, granted, sign, status):
    google.control(f"service-accounts/{ROBOT}/status", {"status": status})

    assert sign()[1]["error"]["status"] == "NOT_FOUND"


@pytest.mark.parametrize(
    "payload", ["", "x", "[]", "null", {"iss": ROBOT}, json.dumps({"exp": 1e12}), json.dumps({"exp": "soon"})]
)
def test_only_claims_given_as_a_string_are_signed(granted, sign, payload):
    status, answer = sign(payload=payload)

    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")


def test_the_identity_of_the_machine_can_be_set_and_asked(google):
    google.control("runtime-identity", {"email": "run@p.iam.gserviceaccount.com", "projectId": "p"})

    def ask(path):
        answer = google.send("GET", path, headers=FLAVOR)
        assert answer.headers["metadata-flavor"] == "Google"
        return answer.data.decode()

    assert ask(f"{ACCOUNTS}/default/email") == "run@p.iam.gserviceaccount.com"
    assert ask("/computeMetadata/v1/project/project-id") == "p"
    assert json.loads(ask(f"{ACCOUNTS}/default/?recursive=true"))["aliases"] == ["default"]
    assert json.loads(ask(f"{ACCOUNTS}/default/token"))["expires_in"] == 3599
    assert google.see("tokens")["tokens"][0]["email"] == "run@p.iam.gserviceaccount.com"


def test_the_metadata_server_answers_only_who_knows_it(google):
    assert google.send("GET", "/", headers=FLAVOR).headers["metadata-flavor"] == "Google"
    assert google.send("GET", f"{ACCOUNTS}/default/token").status == 403
    assert google.send("GET", f"{ACCOUNTS}/other/token", headers=FLAVOR).status == 404
