"""Compressed RTF as Outlook writes it (MS-OXRTFCP), expanded."""

import struct

MOST = 8 * 1024 * 1024  # bytes of a body
COMPRESSED, PLAIN = 0x75465A4C, 0x414C454D
WINDOW = 4096
# What every compressed body may refer back to (MS-OXRTFCP 2.1.2.1).
BEGINNING = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n"
    b"\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)


def expanded(data: bytes) -> bytes:
    """Return the RTF inside *data*; what cannot be expanded is returned as it came."""
    if len(data) < 16:  # noqa: PLR2004 - the head
        return data
    _, size, kind, _ = struct.unpack_from("<IIII", data)
    if kind == PLAIN:
        return data[16 : 16 + size]
    return _expanded(data[16:], min(size, MOST)) if kind == COMPRESSED else data


def _expanded(data: bytes, size: int) -> bytes:
    window = bytearray(BEGINNING.ljust(WINDOW, b" "))
    at, position, out = len(BEGINNING), 0, bytearray()
    while position < len(data) and len(out) < size:
        flags = data[position]
        position += 1
        for bit in range(8):
            if flags >> bit & 1:
                if position + 2 > len(data):
                    return bytes(out[:size])
                reference = data[position] << 8 | data[position + 1]
                position += 2
                start, length = reference >> 4, (reference & 15) + 2
                if start == at % WINDOW:  # the end
                    return bytes(out[:size])
                piece = bytearray()
                for step in range(length):
                    byte = window[(start + step) % WINDOW]
                    window[at % WINDOW] = byte
                    at += 1
                    piece.append(byte)
                out += piece
            elif position < len(data):
                window[at % WINDOW] = data[position]
                out.append(data[position])
                at += 1
                position += 1
    return bytes(out[:size])
