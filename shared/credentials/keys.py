"""The keys that seal refresh tokens: read from the settings, judged before anything starts.

A key is 32 random bytes, given as base64.  No message ever repeats one, not even a wrong one.
"""

import base64
import binascii
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Self

KEY_BYTES = 32  # AES-256
FIRST = "CRM_GMAIL_SECRET_KEY"
OLD = "CRM_GMAIL_SECRET_KEYS_OLD"


@dataclass(frozen=True, slots=True)
class Key:
    """One key; its *id* stands in the clear beside everything it seals."""

    id: str
    secret: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Self:
        """Read base64; ValueError says what is wrong, in words for a person."""
        try:
            secret = base64.b64decode(text.strip(), validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("it is not base64") from None
        if len(secret) != KEY_BYTES:
            raise ValueError(f"it holds {len(secret)} bytes instead of {KEY_BYTES}")
        if len(set(secret)) == 1:
            raise ValueError("it is one byte over and over, which anybody can guess")
        # 64 bits of a hash of 256 random ones: says which key, and nothing about it.
        return cls(hashlib.sha256(b"mailroom key id\0" + secret).hexdigest()[:16], secret)


def new() -> str:
    """Return a fresh key as the settings want it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def problems(first: str, old: Sequence[str]) -> list[str]:
    """Say everything that is wrong with the keys of the settings; empty when they can be used, or none is."""
    named = [(FIRST, first)] if first else []
    named += [(f"{OLD} (number {number})", text) for number, text in enumerate(old, 1)]
    found = [f"{FIRST} is not set although {OLD} is: the first key seals"] if old and not first else []
    seen = dict[str, str]()
    for name, text in named:
        try:
            key = Key.of(text)
        except ValueError as why:
            found.append(f"{name} cannot be used, {why}: make one with mailroom key new")
            continue
        if key.id in seen:
            found.append(f"{name} is the same key as {seen[key.id]}: name each key once")
        seen.setdefault(key.id, name)
    return found
