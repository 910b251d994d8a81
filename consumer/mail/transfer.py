"""Transfer encodings taken off: base64, quoted-printable, uuencode, however damaged."""

import binascii

from consumer.mail.words import base64_bytes

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
            return base64_bytes(data)
    return _uudecoded(data) if encoding in UUENCODED else data


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
