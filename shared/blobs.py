"""Blobs: bytes kept once under their SHA-256.  Durable before anything refers to them.

The path is made from the digest alone; nothing a mail says ever becomes part of a path.
"""

import hashlib
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

RAW = "raw"  # whole messages, compressed
FILES = "files"  # attachments, as sent


class BlobStore:
    """A folder of blobs on a file system.  Safe to share between threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def put_raw(self, raw: bytes) -> str:
        """Keep a raw message; return its SHA-256 (of the bytes as they came, not of the compressed form)."""
        digest = hashlib.sha256(raw).hexdigest()
        self._write(RAW, digest, lambda: zlib.compress(raw, 1))
        return digest

    def put_file(self, digest: str, content: bytes) -> None:
        """Keep an attachment under its SHA-256."""
        self._write(FILES, digest, lambda: content)

    def raw(self, digest: str) -> bytes:
        """Read a raw message back; FileNotFoundError when it is not held (its retention may have ended)."""
        return zlib.decompress(self.path(RAW, digest).read_bytes())

    def file(self, digest: str) -> bytes:
        """Read an attachment back."""
        return self.path(FILES, digest).read_bytes()

    def drop_raw(self, digest: str) -> None:
        """Forget a raw message that turned out not to be ours to keep."""
        self.path(RAW, digest).unlink(missing_ok=True)

    def path(self, kind: str, digest: str) -> Path:
        """Return where a blob lies; ValueError unless *digest* is 64 lower-case hex digits."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256 in hex
            raise ValueError("a blob is named by 64 lower-case hex digits")
        return self.root / kind / digest[:2] / digest

    def _write(self, kind: str, digest: str, content: Callable[[], bytes]) -> None:
        """Temp file, fsync, rename, fsync folder: after a power cut the blob is whole or absent."""
        path = self.path(kind, digest)
        if path.exists():
            return
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as temp:
            temp.write(content())
            temp.flush()
            os.fsync(temp.fileno())
        Path(temp.name).replace(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
