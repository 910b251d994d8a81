"""Transfer encodings taken off: base64, quoted-printable, uuencode, however damaged."""

import binascii

from consumer.mail.words import ALIEN, base64_bytes

LOOKED_AT = 4_096  # bytes
FEWEST = 16  # bytes from which a share means something
UUENCODED = frozenset({b"x-uuencode", b"uuencode", b"x-uue", b"uue"})


def decoded(data: bytes, declared: bytes, noted: set[str]) -> bytes:
    """Return *data* without the transfer encoding *declared* names; *noted* receives a defect."""
    encoding = declared.partition(b";")[0].strip().lower()
    if encoding == b"quoted-printable":
        return binascii.a2b_qp(data)
    if encoding == b"base64":
        try:
            return binascii.a2b_base64(b"".join(data.split()), strict_mode=True)
        except binascii.Error:
            noted.add("base64-broken")
            # A text that somebody only called base64 stays as it was written.
            return data if _is_prose(data) else base64_bytes(data)
    return _uudecoded(data) if encoding in UUENCODED else data


def _is_prose(data: bytes) -> bool:
    """Whether one in twenty characters, white space apart, cannot be base64; damage is rarer than that."""
    looked_at = b"".join(data[:LOOKED_AT].split())
    return len(looked_at) >= FEWEST and len(ALIEN.findall(looked_at)) * 20 > len(looked_at)


def _uudecoded(data: bytes) -> bytes:
    lines = data.splitlines()
    begin = next((number for number, line in enumerate(lines) if line.startswith(b"begin ")), None)
    if begin is None:
        return data
    out = []
    for line in lines[begin + 1 :]:
        if line.strip() in {b"end", b""}:
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            break
    return b"".join(out)
