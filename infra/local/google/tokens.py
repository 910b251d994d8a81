"""Tokens: service-account assertions in, access tokens out; ID tokens and the certificates to prove them."""

import base64
import datetime as dt
import hashlib
import json
import secrets
from functools import cached_property
from typing import Any
from urllib.parse import parse_qs

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from google.auth import crypt, jwt

from infra.local.google.state import Access, State
from infra.local.google.wire import GoogleError, Reply, invalid_credentials, login_required, ok

GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
AUDIENCE = "https://oauth2.googleapis.com/token"
LASTS_SEC = 3_599
BITS = 2_048


class Key:
    """An RSA key with a self-signed certificate, as Google publishes its own."""

    def __init__(self) -> None:
        self.private: RSAPrivateKey = generate_private_key(public_exponent=65_537, key_size=BITS)
        self.id = hashlib.sha256(self.public_pem).hexdigest()[:40]

    @property
    def public_pem(self) -> bytes:
        """The public half."""
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def private_pem(self) -> str:
        """The private half, PKCS#8."""
        return self.private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @cached_property
    def certificate_pem(self) -> str:
        """A certificate for the public half."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "local-google")])
        now = dt.datetime.now(dt.UTC)
        builder = x509.CertificateBuilder(
            issuer_name=name,
            subject_name=name,
            public_key=self.private.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - dt.timedelta(days=1),
            not_valid_after=now + dt.timedelta(days=365),
        )
        return builder.sign(self.private, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JWT over *claims*, RS256 with our key id."""
        token: bytes = jwt.encode(
            crypt.RSASigner.from_string(self.private_pem, self.id), claims, key_id=self.id
        )
        return token.decode()


class Identity:
    """Who may speak for whom.  Needs no lock: keys are only ever added."""

    def __init__(self, state: State) -> None:
        self._state = state
        self.oidc = Key()
        self.service_accounts: dict[str, tuple[Key, str]] = {}  # e-mail: key, project

    def add_service_account(self, email: str, project: str, token_uri: str) -> dict[str, str]:
        """Register a service account and return its key as Google's console gives it."""
        key = Key()
        self.service_accounts[email] = (key, project)
        return {
            "type": "service_account",
            "project_id": project,
            "private_key_id": key.id,
            "private_key": key.private_pem,
            "client_email": email,
            "client_id": str(int(key.id[:16], 16)).zfill(21),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "universe_domain": "googleapis.com",
        }

    def id_token(self, body: dict[str, Any]) -> str:
        """Return an OIDC token as Pub/Sub's pushes carry them; every claim can be overridden."""
        now = int(self._state.now())
        email = str(body["email"])
        claims = {
            "iss": "https://accounts.google.com",
            "aud": body["audience"],
            "sub": str(int(hashlib.sha256(email.encode()).hexdigest()[:15], 16)),
            "email": email,
            "email_verified": True,
            "iat": now,
            "exp": now + int(body.get("expiresIn", 3_600)),
        }
        return self.oidc.sign(claims | body.get("claims", {}))

    def certs(self) -> Reply:
        """The certificates as {key id: PEM}."""
        return _cached(ok({self.oidc.id: self.oidc.certificate_pem}))

    def key_set(self) -> Reply:
        """The same keys as a JSON Web Key set."""
        numbers = self.oidc.private.public_key().public_numbers()

        def number(value: int) -> str:
            data = value.to_bytes((value.bit_length() + 7) // 8, "big")
            return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.oidc.id}
        return _cached(ok({"keys": [key | {"n": number(numbers.n), "e": number(numbers.e)}]}))

    def token(self, body: bytes) -> Reply:
        """POST /token: a service account's assertion for an access token."""
        form = {name: values[-1] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        if form.get("grant_type") != GRANT:
            return _refused(
                400, "unsupported_grant_type", f"Invalid grant_type: {form.get('grant_type', '')}"
            )
        try:
            claims = self._claims(form.get("assertion", ""))
        except ValueError as bad:
            return _refused(400, "invalid_grant", str(bad))
        return self._issue(claims)

    def _claims(self, assertion: str) -> dict[str, Any]:
        unproved = jwt.decode(assertion, verify=False)
        known = self.service_accounts.get(str(unproved.get("iss")))
        if known is None:
            raise ValueError("Invalid grant: account not found")
        try:
            claims: dict[str, Any] = jwt.decode(
                assertion, certs=known[0].public_pem, verify=True, audience=AUDIENCE
            )
        except ValueError as bad:
            short = "Token expired" in str(bad) or "Token used too early" in str(bad)
            raise ValueError(CLOCK if short else "Invalid JWT Signature.") from None
        if claims["exp"] - claims["iat"] > 3_600:  # noqa: PLR2004 - an hour, Google's limit
            raise ValueError(CLOCK)
        return claims

    def _issue(self, claims: dict[str, Any]) -> Reply:
        email = str(claims.get("sub", "")).lower()
        with self._state.lock:
            if email not in self._state.mailboxes:
                return _refused(400, "invalid_grant", "Invalid email or User ID")
            token = "ya29." + secrets.token_urlsafe(40)
            scopes = frozenset(str(claims.get("scope", "")).split())
            project = self.service_accounts[claims["iss"]][1]
            self._state.access[token] = Access(email, scopes, project, self._state.now() + LASTS_SEC)
        return ok({"access_token": token, "expires_in": LASTS_SEC, "token_type": "Bearer"})


CLOCK = (
    "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. "
    "Check your iat and exp values in the JWT claim."
)


def _refused(status: int, error: str, description: str) -> Reply:
    """OAuth's errors are flat."""
    return ok({"error": error, "error_description": description}, status=status)


def _cached(reply: Reply) -> Reply:
    return Reply(reply.status, reply.body, reply.headers | {"Cache-Control": "public, max-age=21600"})


def access(state: State, authorization: str) -> Access:
    """Return what a bearer token may do; Google's 401 when it is missing, unknown or over."""
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise login_required()
    found = state.access.get(token.strip())
    if found is None or found.expires_at <= state.now():
        raise invalid_credentials()
    return found


def mailbox_of(state: State, user: str, granted: Access) -> str:
    """Return the mailbox a userId means: `me` or the token's own address, in any case."""
    email = granted.email if user == "me" else user.lower()
    if email != granted.email:
        raise GoogleError(403, f"Delegation denied for {granted.email}", "forbidden")
    if email not in state.mailboxes:
        raise invalid_credentials()
    return email


def json_body(body: bytes) -> dict[str, Any]:
    """Read a JSON object; {} when there is none."""
    value = json.loads(body or b"{}")
    return value if isinstance(value, dict) else {}
