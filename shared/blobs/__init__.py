"""Blobs: bytes kept once under their SHA-256.  Durable before anything refers to them.

The key is made from the digest alone; nothing a mail says ever becomes part of it.
"""

import hashlib
import zlib
from pathlib import Path

from shared.blobs.files import FileObjects
from shared.blobs.objects import Objects
from shared.blobs.place import Place
from shared.errors import OperatorMustAct

__all__ = ["FILES", "KINDS", "RAW", "BlobStore", "open_store"]

RAW = "raw"  # whole messages, compressed
FILES = "files"  # attachments, as sent
KINDS = (RAW, FILES)


class BlobStore:
    """Raw messages and files by digest.  Who keeps them so that no sweep takes them is `keeper`."""

    def __init__(self, where: Path | Objects) -> None:
        self.objects: Objects = FileObjects(where) if isinstance(where, Path) else where

    @property
    def root(self) -> Path:
        """The folder, of a store of files; TypeError for a bucket."""
        if not isinstance(self.objects, FileObjects):
            raise TypeError("these blobs are in a bucket, not in a folder")
        return self.objects.root

    def put(self, kind: str, digest: str, content: bytes) -> None:
        """Keep a blob under its SHA-256 (of the bytes as they came); once, however often it comes."""
        key = self.key(kind, digest)
        if not self.objects.has(key):
            self.objects.put(key, zlib.compress(content, 1) if kind == RAW else content)

    def put_raw(self, raw: bytes) -> str:
        """Keep a raw message; return its SHA-256."""
        digest = hashlib.sha256(raw).hexdigest()
        self.put(RAW, digest, raw)
        return digest

    def put_file(self, digest: str, content: bytes) -> None:
        """Keep an attachment under its SHA-256."""
        self.put(FILES, digest, content)

    def raw(self, digest: str) -> bytes:
        """Read a raw message back; FileNotFoundError when it is not held (its retention may have ended)."""
        try:
            content = zlib.decompress(self.objects.get(self.key(RAW, digest)))
        except zlib.error:
            content = b""
        return _checked(digest, content)

    def file(self, digest: str) -> bytes:
        """Read an attachment back; FileNotFoundError when it is not held."""
        return _checked(digest, self.objects.get(self.key(FILES, digest)))

    def has(self, kind: str, digest: str) -> bool:
        """Say whether a blob is held."""
        return self.objects.has(self.key(kind, digest))

    def drop(self, digest: str) -> None:
        """Forget both kinds of a digest: only `sweep` knows when nothing refers to it."""
        for kind in KINDS:
            self.objects.remove(self.key(kind, digest))

    def path(self, kind: str, digest: str) -> Path:
        """Return where a blob lies in a store of files."""
        return self.root / self.key(kind, digest)

    @staticmethod
    def key(kind: str, digest: str) -> str:
        """Return a blob's key; ValueError unless *digest* is 64 lower-case hex digits."""
        if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):  # noqa: PLR2004 - SHA-256 in hex
            raise ValueError("a blob is named by 64 lower-case hex digits")
        return f"{kind}/{digest[:2]}/{digest}"


def open_store(place: Place) -> BlobStore:
    """Open the blobs of a place: a folder, or a part of a bucket."""
    if place.folder is not None:
        return BlobStore(place.folder)
    from shared.blobs.bucket import BucketObjects

    return BlobStore(BucketObjects.open(place))


def _checked(digest: str, content: bytes) -> bytes:
    """What is damaged is never handed out as if it were the mail."""
    if hashlib.sha256(content).hexdigest() != digest:
        raise OperatorMustAct(f"the blob {digest} is damaged: bring it back from a backup")
    return content
