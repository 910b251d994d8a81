"""Only Pub/Sub's own tokens pass, whatever is thrown at the verifier."""

import base64
import hashlib
import hmac
import json
import logging
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import ConfigError, KeysUnavailable, NotAuthentic
from watcher import push_token
from watcher.push_keys import Answer, cached_for, http_fetch, parse_keys
from watcher.push_token import PushTokens

NOW = datetime(2026, 11, 22, 14, 0, tzinfo=UTC)
T = int(NOW.timestamp())
AUDIENCE = "https://crm.example.com/push/gmail"
ACCOUNT = "push@project.iam.gserviceaccount.com"
KEY, NEXT_KEY, STRANGER = (rsa.generate_private_key(65537, 2048) for _ in range(3))
WEAK = rsa.generate_private_key(65537, 1024)  # noqa: S505


def b64(raw):
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def claims(**changes):
    whole = {
        "iss": "https://accounts.google.com",
        "aud": AUDIENCE,
        "azp": "117",
        "sub": "117",
        "email": ACCOUNT,
        "email_verified": True,
        "iat": T,
        "exp": T + 3600,
    } | changes
    return {name: value for name, value in whole.items() if value is not ...}


def header(**changes):
    return {
        name: value
        for name, value in ({"alg": "RS256", "kid": "one", "typ": "JWT"} | changes).items()
        if value is not ...
    }


def token(payload=None, head=None, key=KEY):
    payload = claims() if payload is None else payload
    parts = [head or header(), payload]
    signed = ".".join(b64(p if isinstance(p, bytes) else json.dumps(p).encode()) for p in parts)
    return f"{signed}.{b64(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(7).not_valid_before(NOW).not_valid_after(NOW + timedelta(days=14))
    return built.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def public_pem(key):
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def jwk(key, kid="one", **changes):
    numbers = key.public_key().public_numbers()
    n, e = (b64(i.to_bytes((i.bit_length() + 7) // 8, "big")) for i in (numbers.n, numbers.e))
    return {"kty": "RSA", "kid": kid, "n": n, "e": e, "use": "sig", "alg": "RS256"} | changes


class Google:
    """The certificate endpoint and the clock."""

    def __init__(self):
        self.keys = {"one": certificate(KEY)}
        self.now, self.fetches, self.down = NOW, 0, False
        self.cache_control = "public, max-age=22000, must-revalidate"

    def fetch(self, _url):
        self.fetches += 1
        if self.down:
            raise OSError("no route to host")
        return Answer(json.dumps(self.keys).encode(), self.cache_control)

    def later(self, **by):
        self.now += timedelta(**by)


@pytest.fixture
def google():
    return Google()


@pytest.fixture
def tokens(google):
    return verifier(google)


def verifier(google, **changes):
    settings = {"audience": AUDIENCE, "service_account": ACCOUNT, "certs_url": "https://certs.example"}
    return PushTokens(**settings | changes, now=lambda: google.now, fetch=google.fetch)


def bearer(text):
    return f"Bearer {text}"


def refusal(tokens, authorization):
    with pytest.raises(NotAuthentic) as refused:
        tokens.verify(authorization)
    return str(refused.value)


def test_a_token_of_google_for_us_from_our_service_account_passes(tokens):
    tokens.verify(bearer(token()))


@pytest.mark.parametrize("issuer", ["https://accounts.google.com", "accounts.google.com"])
def test_both_spellings_of_googles_issuer_pass(tokens, issuer):
    tokens.verify(bearer(token(claims(iss=issuer))))


def test_only_the_issuers_that_were_set_pass(google):
    tokens = verifier(google, issuers=["http://127.0.0.1:9/"])

    tokens.verify(bearer(token(claims(iss="http://127.0.0.1:9/"))))
    assert refusal(tokens, bearer(token())) == "another issuer"


WRONG_CLAIMS = {
    "iss of somebody else": {"iss": "https://accounts.example.com"},
    "iss with a slash": {"iss": "https://accounts.google.com/"},
    "iss with a suffix": {"iss": "https://accounts.google.com.evil.example"},
    "iss as a list": {"iss": ["https://accounts.google.com"]},
    "iss missing": {"iss": ...},
    "iss null": {"iss": None},
    "aud of somebody else": {"aud": "https://crm.example.com/push"},
    "aud with a slash": {"aud": AUDIENCE + "/"},
    "aud in upper case": {"aud": AUDIENCE.upper()},
    "aud as a list": {"aud": [AUDIENCE]},
    "aud as an object": {"aud": {AUDIENCE: AUDIENCE}},
    "aud missing": {"aud": ...},
    "aud empty": {"aud": ""},
    "email of somebody else": {"email": "push@evil.iam.gserviceaccount.com"},
    "email in upper case": {"email": ACCOUNT.upper()},
    "email with a space": {"email": ACCOUNT + " "},
    "email as a list": {"email": [ACCOUNT]},
    "email missing": {"email": ...},
    "email not verified": {"email_verified": False},
    "email verified, as text": {"email_verified": "true"},
    "email verified, as a number": {"email_verified": 1},
    "email verified, as null": {"email_verified": None},
    "email verified, missing": {"email_verified": ...},
    "exp passed": {"exp": T - 61},
    "exp missing": {"exp": ...},
    "exp as text": {"exp": str(T + 3600)},
    "exp as a boolean": {"exp": True},
    "exp null": {"exp": None},
    "exp negative": {"exp": -1},
    "exp in milliseconds, as text": {"exp": f"{T}000"},
    "iat in the future": {"iat": T + 61},
    "iat missing": {"iat": ...},
    "iat as text": {"iat": str(T)},
    "iat as a boolean": {"iat": False},
    "nbf in the future": {"nbf": T + 61},
    "nbf as text": {"nbf": "0"},
}


@pytest.mark.parametrize("changes", WRONG_CLAIMS.values(), ids=WRONG_CLAIMS)
def test_a_wrong_claim_is_refused(tokens, changes):
    refusal(tokens, bearer(token(claims(**changes))))


WRONG_HEADERS = {
    "alg none": {"alg": "none"},
    "alg None": {"alg": None},
    "alg missing": {"alg": ...},
    "alg in lower case": {"alg": "rs256"},
    "alg as a list": {"alg": ["RS256"]},
    "alg HS256": {"alg": "HS256"},
    "alg RS512": {"alg": "RS512"},
    "alg PS256": {"alg": "PS256"},
    "alg ES256": {"alg": "ES256"},
    "kid unknown": {"kid": "two"},
    "kid missing": {"kid": ...},
    "kid empty": {"kid": ""},
    "kid a number": {"kid": 1},
    "kid a path": {"kid": "../../one"},
    "kid a list": {"kid": ["one"]},
    "kid null": {"kid": None},
    "critical extension": {"crit": ["b64"], "b64": False},
    "another type": {"typ": "at+jwt"},
}


@pytest.mark.parametrize("changes", WRONG_HEADERS.values(), ids=WRONG_HEADERS)
def test_a_wrong_header_is_refused_although_the_signature_fits(tokens, changes):
    refusal(tokens, bearer(token(head=header(**changes))))


def hmac_with_the_public_key():
    signed = ".".join(b64(json.dumps(part).encode()) for part in (header(alg="HS256"), claims()))
    return f"{signed}.{b64(hmac.digest(certificate(KEY).encode(), signed.encode(), hashlib.sha256))}"


def with_its_own_key():
    return token(head=header(jwk=jwk(STRANGER), jku="https://evil.example", kid="one"), key=STRANGER)


def parts(text):
    return text.split(".")


GOOD = token()
HEAD, BODY, SIGNATURE = parts(GOOD)
WRONG_TOKENS = {
    "signed by a stranger": token(key=STRANGER),
    "brings its own key": with_its_own_key(),
    "HMAC with the public key": hmac_with_the_public_key(),
    "another body": f"{HEAD}.{b64(json.dumps(claims(email=ACCOUNT, sub='9')).encode())}.{SIGNATURE}",
    "another header": f"{b64(json.dumps(header(x=1)).encode())}.{BODY}.{SIGNATURE}",
    "no signature": f"{HEAD}.{BODY}.",
    "no signature at all": f"{HEAD}.{BODY}",
    "half a signature": f"{HEAD}.{BODY}.{SIGNATURE[: len(SIGNATURE) // 2]}",
    "signature of zeros": f"{HEAD}.{BODY}.{b64(bytes(256))}",
    "a bit flipped": f"{HEAD}.{BODY}.{'B' if SIGNATURE[0] == 'A' else 'A'}{SIGNATURE[1:]}",
    "padded": f"{HEAD}.{BODY}.{SIGNATURE}==",
    "other spelling of the last bits": f"{HEAD}.{BODY}.{SIGNATURE[:-1]}{chr(ord(SIGNATURE[-1]) + 1)}",
    "five parts": f"{GOOD}.{GOOD}",
    "a part too many": f"{HEAD}.{BODY}.{BODY}.{SIGNATURE}",
    "only dots": "..",
    "one dot": ".",
    "empty": "",
    "a space inside": f"{HEAD}. {BODY}.{SIGNATURE}",
    "a line break at the end": f"{GOOD}\n",
    "a NUL at the end": f"{GOOD}\x00",
    "not base64": "!!!.???.***",
    "not ASCII": "é.é.é",
    "fullwidth": "ｅｙ.ｅｙ.ｅｙ",
    "standard alphabet": f"{HEAD}.{BODY}.{SIGNATURE.replace('-', '+').replace('_', '/')}+/",
    "header not JSON": token(head=b"nonsense"),
    "header not an object": token(head=b'["RS256"]'),
    "header null": token(head=b"null"),
    "header not UTF-8": token(head=b'{"alg":"\xff"}'),
    "header nested deep": token(head=b'{"alg":' + b"[" * 5000),
    "header nested deep and closed": f"{b64(b'[' * 2500 + b']' * 2500)}.{BODY}.{SIGNATURE}",
    "body not JSON": token(b"nonsense"),
    "body a list": token(b"[]"),
    "body null": token(b"null"),
    "body nested deep": token(b"[" * 4000),
    "body not UTF-8": token(b'{"iss":"\xff"}'),
    "body with NaN": token(b'{"exp":NaN}'),
    "body with a number too large": token(json.dumps(claims()).replace(str(T + 3600), "1e999").encode()),
    "body with an integer too large": token(json.dumps(claims()).replace(str(T), "9" * 5000).encode()),
    "too long": "a" * 9000,
    "much too long": "a." * 500_000,
}


@pytest.mark.parametrize("text", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_damaged_or_hostile_token_is_refused(tokens, text):
    refusal(tokens, bearer(text))


@pytest.mark.parametrize(
    "form",
    [
        None,
        "",
        " ",
        "Bearer",
        "Bearer ",
        "{}",
        "Basic {}",
        "Token {}",
        "Bearer  {}",
        "Bearer\t{}",
        "Bearer {} x",
    ],
)
def test_anything_but_a_bearer_token_is_refused(tokens, form):
    refusal(tokens, form and form.format(GOOD))


def test_a_header_above_the_limit_is_refused_unread(tokens):
    long = token(claims(filler="a" * 8192))

    assert refusal(tokens, bearer(long)) == "the Authorization header is too long"


def test_the_scheme_may_be_written_in_any_case(tokens):
    tokens.verify(f"bearer {GOOD}")


@given(st.text(max_size=300) | st.tuples(st.binary(max_size=60), st.binary(max_size=60)).map(
    lambda two: ".".join([b64(two[0]), b64(two[1]), SIGNATURE])))  # fmt: skip
def test_any_text_is_refused_and_raises_nothing_else(text):
    refusal(verifier(Google()), bearer(text))


@pytest.mark.parametrize("text", list(WRONG_TOKENS.values())[:12])
def test_a_refusal_never_quotes_the_token(tokens, text, caplog):
    caplog.set_level(logging.DEBUG)

    said = refusal(tokens, bearer(text))

    assert not any(part and part in said + caplog.text for part in parts(text))


@pytest.mark.parametrize(("seconds", "passes"), [(3600, True), (3659, True), (3660, False), (3661, False)])
def test_an_expired_token_passes_for_a_minute_of_clock_error_and_no_longer(google, tokens, seconds, passes):
    google.later(seconds=seconds)

    assert accepts(tokens, GOOD) is passes


@pytest.mark.parametrize(("seconds", "passes"), [(-60, True), (-61, False)])
def test_a_token_from_the_future_passes_for_a_minute_of_clock_error_and_no_longer(
    google, tokens, seconds, passes
):
    google.later(seconds=seconds)

    assert accepts(tokens, GOOD) is passes


def accepts(tokens, text):
    try:
        tokens.verify(bearer(text))
    except NotAuthentic:
        return False
    return True


def test_a_remembered_token_still_expires(google, tokens):
    tokens.verify(bearer(GOOD))
    google.later(seconds=3661)

    assert refusal(tokens, bearer(GOOD)) == "expired"


def test_a_remembered_token_is_not_checked_again_until_then(google, tokens):
    tokens.verify(bearer(GOOD))
    google.down, google.keys = True, {}
    google.later(seconds=3500)

    tokens.verify(bearer(GOOD))

    assert google.fetches == 1


def test_a_token_that_lives_for_ever_is_checked_again_after_an_hour(google, tokens):
    eternal = token(claims(exp=T + 10**9))
    tokens.verify(bearer(eternal))
    google.keys = {"two": certificate(NEXT_KEY)}
    google.later(days=1)

    assert refusal(tokens, bearer(eternal)) == "signed with a key that is not Google's"


def test_refused_tokens_are_not_remembered_and_the_memory_is_bounded(tokens, monkeypatch):
    monkeypatch.setattr(push_token, "REMEMBERED", 2)
    for n in range(4):
        tokens.verify(bearer(token(claims(sub=str(n)))))
        refusal(tokens, bearer(token(claims(sub=str(n), aud="x"))))

    assert len(tokens._verified) == 2


def test_the_keys_are_fetched_once_for_as_long_as_they_say(google, tokens):
    for n in range(5):
        tokens.verify(bearer(token(claims(sub=str(n)))))
    assert google.fetches == 1

    google.later(seconds=22_000)
    tokens.verify(bearer(token(claims(exp=T + 30_000))))
    assert google.fetches == 2


def test_a_new_key_is_found_when_its_id_is_unknown(google, tokens):
    tokens.verify(bearer(GOOD))
    google.keys = {"one": certificate(KEY), "two": certificate(NEXT_KEY)}
    google.later(seconds=60)

    tokens.verify(bearer(token(head=header(kid="two"), key=NEXT_KEY)))

    assert google.fetches == 2


def test_unknown_ids_make_us_ask_at_most_once_a_minute(google, tokens):
    tokens.verify(bearer(GOOD))
    for n in range(120):
        refusal(tokens, bearer(token(head=header(kid=f"x{n}"), key=STRANGER)))
        google.later(seconds=1)

    assert google.fetches <= 3


def test_a_withdrawn_key_ends_with_the_cache(google, tokens):
    tokens.verify(bearer(GOOD))
    google.keys = {"two": certificate(NEXT_KEY)}
    google.later(seconds=22_000)

    assert refusal(tokens, bearer(token(claims(exp=T + 30_000)))) == "signed with a key that is not Google's"


def test_while_google_is_down_the_cached_keys_go_on_working(google, tokens):
    tokens.verify(bearer(GOOD))
    google.down = True
    google.later(seconds=30_000)

    for n in range(10):
        tokens.verify(bearer(token(claims(exp=T + 40_000, sub=str(n)))))
    assert google.fetches == 2  # asked once in vain, then left alone for a while


def test_while_google_is_down_an_unknown_id_cannot_be_judged(google, tokens):
    tokens.verify(bearer(GOOD))
    google.down = True
    google.later(seconds=61)

    with pytest.raises(KeysUnavailable):
        tokens.verify(bearer(token(head=header(kid="two"), key=NEXT_KEY)))


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b"null", b'{"keys":[]}', b'{"one":"nonsense"}']
)
def test_an_answer_without_keys_counts_as_no_answer(google, body):
    tokens = PushTokens(
        audience=AUDIENCE,
        service_account=ACCOUNT,
        certs_url="https://certs.example",
        now=lambda: google.now,
        fetch=lambda _: Answer(body),
    )

    with pytest.raises(KeysUnavailable):
        tokens.verify(bearer(GOOD))


def test_a_first_fetch_that_failed_is_tried_again_within_seconds(google, tokens):
    google.down = True
    for _ in range(3):
        with pytest.raises(KeysUnavailable):
            tokens.verify(bearer(GOOD))
    assert google.fetches == 1

    google.down = False
    google.later(seconds=5)
    tokens.verify(bearer(GOOD))


def test_a_clock_set_back_does_not_keep_new_keys_out(google, tokens):
    tokens.verify(bearer(GOOD))
    google.keys["two"] = certificate(NEXT_KEY)
    google.later(hours=-2)

    early = token(claims(iat=T - 7200, exp=T), header(kid="two"), NEXT_KEY)
    tokens.verify(bearer(early))


def test_many_threads_fetch_once_and_all_pass(google):
    begun, go_on = threading.Event(), threading.Event()

    def slow(url):
        begun.set()
        go_on.wait(10)
        return google.fetch(url)

    tokens = PushTokens(
        audience=AUDIENCE, service_account=ACCOUNT, certs_url="x", now=lambda: google.now, fetch=slow
    )
    failures = []

    def push(n):
        try:
            tokens.verify(bearer(token(claims(sub=str(n)))))
        except Exception as failed:  # noqa: BLE001
            failures.append(failed)

    threads = [threading.Thread(target=push, args=[n]) for n in range(8)]
    for thread in threads:
        thread.start()
    assert begun.wait(10)
    go_on.set()
    for thread in threads:
        thread.join()

    assert (failures, google.fetches) == ([], 1)


@pytest.mark.parametrize(
    "document",
    [
        {"one": certificate(KEY)},
        {"one": public_pem(KEY)},
        {"keys": [jwk(KEY)]},
        {"keys": [jwk(STRANGER, "other"), jwk(KEY, e=jwk(KEY)["e"])]},
        {"bad": "-----BEGIN CERTIFICATE-----\nx", "worse": 7, "one": certificate(KEY)},
        {"keys": [7, {}, {"kid": 1}, {"kid": "x", "kty": "RSA", "n": "!", "e": None}, jwk(KEY)]},
    ],
    ids=["certificates", "bare keys", "JWK set", "several", "bad certificates beside", "bad JWKs beside"],
)
def test_keys_are_read_in_every_form_google_publishes(google, tokens, document):
    google.keys = document

    tokens.verify(bearer(GOOD))


@pytest.mark.parametrize(
    "document",
    [
        {"one": certificate(WEAK)},
        {"one": public_pem(ec.generate_private_key(ec.SECP256R1()))},
        {"keys": [jwk(KEY, use="enc")]},
        {"keys": [jwk(KEY, alg="RS512")]},
        {"keys": [jwk(KEY, kty="oct")]},
        {"keys": [jwk(WEAK)]},
    ],
    ids=["weak certificate", "elliptic curve", "for encryption", "for RS512", "symmetric", "weak JWK"],
)
def test_keys_that_are_no_strong_rsa_signing_keys_are_left_out(document):
    with pytest.raises(ValueError, match="no usable key"):
        parse_keys(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("header_value", "seconds"),
    [
        ("public, max-age=22000, must-revalidate", 22_000),
        ("MAX-AGE=100", 100),
        ("max-age=1", 60),
        ("max-age=999999999", 86_400),
        ("max-age=99999999999999999999", 3600),
        ("max-age=x", 3600),
        ("", 3600),
        ("no-store", 60),
        ("private, no-cache, max-age=500", 60),
    ],
)
def test_keys_are_cached_for_as_long_as_the_answer_says_within_reason(header_value, seconds):
    assert cached_for(header_value) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"audience": ""}, "CRM_GMAIL_PUSH_AUDIENCE"),
        ({"audience": "  "}, "CRM_GMAIL_PUSH_AUDIENCE"),
        ({"service_account": ""}, "CRM_GMAIL_PUSH_SERVICE_ACCOUNT"),
        ({"issuers": []}, "CRM_GMAIL_PUSH_ISSUER"),
        ({"issuers": ["accounts.google.com", ""]}, "CRM_GMAIL_PUSH_ISSUER"),
        ({"certs_url": ""}, "CRM_GMAIL_PUSH_CERTS_URL"),
    ],
)
def test_an_empty_setting_refuses_to_start(google, changes, named):
    with pytest.raises(ConfigError, match=f"{named} is empty"):
        verifier(google, **changes)


def test_every_empty_setting_is_named_at_once(google):
    with pytest.raises(ConfigError) as refused:
        verifier(google, audience="", service_account="", issuers=[], certs_url="")

    assert len(refused.value.problems) == 4


@pytest.fixture
def certificate_server():
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            status, extra = {"/moved": (302, {"Location": "/certs"}), "/broken": (500, {})}.get(
                self.path, (200, {"Cache-Control": "max-age=77"})
            )
            self.send_response(status)
            for name, value in ({"Content-Length": "2"} | extra).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_certificates_come_over_http_with_their_time_to_live(certificate_server):
    assert http_fetch(f"{certificate_server}/certs") == Answer(b"{}", "max-age=77")


@pytest.mark.parametrize("path", ["/moved", "/broken"])
def test_a_redirect_or_an_error_is_no_answer(certificate_server, path):
    with pytest.raises(KeysUnavailable, match="answered"):
        http_fetch(certificate_server + path)
