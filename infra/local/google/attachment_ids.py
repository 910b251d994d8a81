"""Attachment ids: different on each messages.get, and all of them work for as long as the message is there.

Each one carries, masked, the message and the part it stands for, so that nothing has to be remembered.
"""

import base64
import binascii
import hashlib
import random
import zlib
from itertools import cycle

PREFIX = "ANGjdJ"
LENGTH = 240  # bytes under the mask; the genuine ones are as long and as meaningless
NONCE = 12


def make(message_id: str, part_id: str, *, seed: int, dice: random.Random) -> str:
    """Return a new id for a part of a message."""
    nonce = dice.randbytes(NONCE)
    told = f"{message_id}/{part_id}/".encode()
    sealed = zlib.crc32(told).to_bytes(4, "big") + told
    sealed += dice.randbytes(max(LENGTH - len(sealed), 0))
    return PREFIX + base64.urlsafe_b64encode(nonce + _masked(sealed, nonce, seed)).decode().rstrip("=")


def part_of(token: str, message_id: str, *, seed: int) -> str | None:
    """Return the partId an id stands for; None when nobody gave it out for this message."""
    try:
        text = token.removeprefix(PREFIX).encode("ascii")
        data = base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    sealed = _masked(data[NONCE:], data[:NONCE], seed)
    check, told = sealed[:4], sealed[4:].split(b"/", 2)
    if not token.startswith(PREFIX) or len(told) != 3 or told[0] != message_id.encode():  # noqa: PLR2004
        return None
    genuine = zlib.crc32(b"/".join([*told[:2], b""])).to_bytes(4, "big") == check
    return told[1].decode("ascii", "replace") if genuine else None


def _masked(data: bytes, nonce: bytes, seed: int) -> bytes:
    mask = hashlib.sha256(nonce + str(seed).encode()).digest()
    return bytes(one ^ two for one, two in zip(data, cycle(mask), strict=False))
