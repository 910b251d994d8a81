"""Refresh tokens are kept sealed: AES-256-GCM, bound to their account, their key and their purpose.

A sealed token reads `aesgcm:v1:<key id>:<base64 of nonce, ciphertext and tag>`.  A row moved to another
account, a key id exchanged or a single bit changed cannot be opened.
"""

import base64
import binascii
import os
from collections.abc import Sequence
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from shared.config import Settings
from shared.credentials.keys import FIRST, OLD, Key, problems
from shared.errors import ConfigError, SealDamaged, SealKeyMissing

FORMAT = "aesgcm:v1"
PURPOSE = "oauth refresh token"
NONCE_BYTES = 12  # what GCM is made for; random, so several processes need agree on nothing
TAG_BYTES = 16


class Keyring:
    """Several keys at once: the first seals, all of them open."""

    def __init__(self, keys: Sequence[Key]) -> None:
        self.first = keys[0]
        self._keys = {key.id: key for key in keys}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the keys of the settings; ConfigError says everything that is wrong with them."""
        if not settings.secret_key:
            raise ConfigError([f"{FIRST} is not set: refresh tokens are never kept without it"])
        wrong = problems(settings.secret_key, settings.secret_keys_old)
        if wrong:
            raise ConfigError(wrong)
        return cls([Key.of(text) for text in (settings.secret_key, *settings.secret_keys_old)])

    def key(self, key_id: str) -> Key:
        """Return one key; SealKeyMissing names the setting it belongs into."""
        try:
            return self._keys[key_id]
        except KeyError:
            raise SealKeyMissing(
                f"an account's grant is sealed with the key {key_id}, which is not here: "
                f"add that key to {OLD}, or connect the account again"
            ) from None

    def __repr__(self) -> str:
        return f"Keyring({', '.join(self._keys)})"


class Sealer:
    """Seals and opens the secret of an account."""

    def __init__(self, keys: Keyring) -> None:
        self._keys = keys

    def seal(self, secret: str, *, account_id: int) -> str:
        """Return *secret* sealed with the first key, for this account and no other."""
        key, nonce = self._keys.first, os.urandom(NONCE_BYTES)
        sealed = AESGCM(key.secret).encrypt(nonce, secret.encode(), _bound_to(account_id, key.id))
        return f"{FORMAT}:{key.id}:{base64.b64encode(nonce + sealed).decode()}"

    def unseal(self, sealed: str, *, account_id: int) -> str:
        """Return the secret.  Raises Unsealable, whatever is wrong with it."""
        key_id, nonce, content = _parts(sealed)
        key = self._keys.key(key_id)
        try:
            return AESGCM(key.secret).decrypt(nonce, content, _bound_to(account_id, key.id)).decode()
        except (InvalidTag, UnicodeDecodeError):
            raise SealDamaged(DAMAGED) from None

    def current(self, sealed: str) -> bool:
        """Whether the first key sealed it: whether it can be opened without any old key."""
        return sealed.startswith(f"{FORMAT}:{self._keys.first.id}:")


DAMAGED = "an account's grant cannot be opened (changed, or another account's): connect the account again"


def _bound_to(account_id: int, key_id: str) -> bytes:
    """What must be the same when it is opened; not secret, and not stored with it."""
    return f"{PURPOSE}|{FORMAT}|{key_id}|{account_id}".encode()


def _parts(sealed: str) -> tuple[str, bytes, bytes]:
    """Return key id, nonce, and ciphertext with its tag."""
    try:
        name, version, key_id, text = sealed.split(":")
        content = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        raise SealDamaged(DAMAGED) from None
    # One way of writing each: base64 leaves spare bits that a decoder ignores.
    exact = f"{name}:{version}" == FORMAT and base64.b64encode(content).decode() == text
    if not exact or len(content) < NONCE_BYTES + TAG_BYTES:
        raise SealDamaged(DAMAGED)
    return key_id, content[:NONCE_BYTES], content[NONCE_BYTES:]
