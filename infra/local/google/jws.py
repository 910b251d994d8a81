"""Keys, certificates and signed claims (RS256), as Google makes and publishes them."""

import base64
import datetime as dt
import hashlib
import json
from functools import cached_property

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID

from infra.local.google.wire import Json, unbase64url

BITS = 2_048


class Key:
    """An RSA key with a self-signed certificate."""

    def __init__(self) -> None:
        self.private: RSAPrivateKey = generate_private_key(public_exponent=65_537, key_size=BITS)
        public = self.private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.id = hashlib.sha256(public).hexdigest()[:40]

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

    @property
    def jwk(self) -> Json:
        """The public half as a JSON Web Key."""
        numbers = self.private.public_key().public_numbers()
        key = {"kty": "RSA", "alg": "RS256", "use": "sig", "kid": self.id}
        return key | {"n": _number(numbers.n), "e": _number(numbers.e)}

    def sign(self, claims: Json) -> str:
        """Return a JWT over *claims*."""
        header = {"alg": "RS256", "kid": self.id, "typ": "JWT"}
        told = f"{_packed(json.dumps(header).encode())}.{_packed(json.dumps(claims).encode())}"
        return f"{told}.{_packed(self.private.sign(told.encode(), PKCS1v15(), hashes.SHA256()))}"

    def signed(self, token: str) -> bool:
        """Whether this key signed *token*."""
        told, _, signature = token.rpartition(".")
        try:
            self.private.public_key().verify(
                unbase64url(signature), told.encode(), PKCS1v15(), hashes.SHA256()
            )
        except (InvalidSignature, ValueError):
            return False
        return True


def unproved(token: str) -> tuple[Json, Json]:
    """Return a JWT's header and claims without believing them.  ValueError when it is none."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise ValueError("a JWT has three parts")
    header, claims = (json.loads(unbase64url(part)) for part in parts[:2])
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise ValueError("a JWT's parts are objects")  # noqa: TRY004 - malformed, like the rest
    return header, claims


def _packed(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _number(value: int) -> str:
    return _packed(value.to_bytes((value.bit_length() + 7) // 8, "big"))
