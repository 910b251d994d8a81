"""Who may speak: service accounts and their keys, and Google's own key behind OIDC tokens."""

import threading
from dataclasses import dataclass, replace

from infra.local.google.grants import numeric_id
from infra.local.google.jws import Key
from infra.local.google.wire import Json, Reply, ok

ISSUER = "https://accounts.google.com"
CACHED_SEC = 21_600


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A service account; an old key keeps working when a new one is made."""

    email: str
    project: str
    keys: tuple[Key, ...]
    managed: Key | None = None  # Google's own, behind signJwt; never handed out

    def every_key(self) -> tuple[Key, ...]:
        """Return all keys whose signature counts."""
        return (*self.keys, self.managed) if self.managed else self.keys


class Identity:
    """Everybody who can sign.  Reading needs no lock: values are only ever replaced whole."""

    def __init__(self, token_url: str = "") -> None:
        """Make Google's own key; *token_url* is where assertions are taken, and may be their audience."""
        self.token_url = token_url
        self.oidc = Key()
        self.service_accounts: dict[str, ServiceAccount] = {}
        self._replacing = threading.Lock()

    def add_service_account(self, email: str, project: str, token_uri: str) -> Json:
        """Make a key for a service account and return it as Google's console gives it."""
        key = Key()
        with self._replacing:
            known = self.service_accounts.get(email) or ServiceAccount(email, project, ())
            self.service_accounts[email] = replace(known, project=project, keys=(*known.keys, key))
        return {
            "type": "service_account",
            "project_id": project,
            "private_key_id": key.id,
            "private_key": key.private_pem,
            "client_email": email,
            "client_id": numeric_id(email),
            "auth_uri": "https://accounts.google.com/o/oauth2/auth",
            "token_uri": token_uri,
            "auth_provider_x509_cert_url": "https://www.googleapis.com/oauth2/v1/certs",
            "client_x509_cert_url": f"https://www.googleapis.com/robot/v1/metadata/x509/{email}",
            "universe_domain": "googleapis.com",
        }

    def managed_key(self, email: str) -> Key:
        """Return the key Google itself keeps for a service account, made at its first use."""
        with self._replacing:
            account = self.service_accounts.get(email) or ServiceAccount(email, "local-project", ())
            managed = account.managed or Key()
            self.service_accounts[email] = replace(account, managed=managed)
            return managed

    def id_token(self, body: Json, now: float) -> str:
        """Return an OIDC token as Pub/Sub's pushes carry them.

        *body*: audience, email; issuer, expiresIn (seconds, may be negative), claims (override any), and
        unknownKey to sign with a key that no certificate is published for.
        """
        email = str(body["email"])
        claims = {
            "iss": str(body.get("issuer", ISSUER)),
            "aud": body["audience"],
            "azp": numeric_id(email),
            "sub": numeric_id(email),
            "email": email,
            "email_verified": True,
            "iat": int(now),
            "exp": int(now) + int(body.get("expiresIn", 3_600)),
        }
        key = Key() if body.get("unknownKey") else self.oidc
        return key.sign(claims | body.get("claims", {}))

    def certificates(self) -> Reply:
        """Answer /oauth2/v1/certs: {key id: certificate in PEM}."""
        return _cached(ok({self.oidc.id: self.oidc.certificate_pem}))

    def key_set(self) -> Reply:
        """Answer /oauth2/v3/certs: the same keys as a JSON Web Key set."""
        return _cached(ok({"keys": [self.oidc.jwk]}))


def _cached(reply: Reply) -> Reply:
    kept = {"Cache-Control": f"public, max-age={CACHED_SEC}, must-revalidate, no-transform"}
    return Reply(reply.status, reply.body, reply.headers | kept)
