"""Keep bytes so that no sweep takes them before the row that refers to them is written."""

import hashlib
from collections.abc import Mapping, Sequence

from shared.blobs import FILES, RAW, BlobStore
from shared.blobs.sweeping import take_doomed
from shared.store import blobs
from shared.store.database import Database


class Keeper:
    """Claims first, keeps then; whoever stores the message proves the claims (`shared.store.blobs.hold`).

    Every method raises TryLater when the database or the store is away or full, and OperatorMustAct.
    """

    def __init__(self, db: Database, store: BlobStore) -> None:
        self._db, self._store = db, store

    def raws(self, sources: Sequence[bytes]) -> list[tuple[str, int]]:
        """Keep raw messages; return (sha256, claim) of each."""
        digests = [hashlib.sha256(source).hexdigest() for source in sources]
        claims = self._keep(RAW, dict(zip(digests, sources, strict=True)))
        return [(digest, claims[digest]) for digest in digests]

    def files(self, contents: Mapping[str, bytes]) -> dict[str, int]:
        """Keep attachments by their sha256; return the claim of each."""
        return self._keep(FILES, contents)

    def let_go(self, claims: blobs.Claims) -> None:
        """Remove what turned out not to be ours to keep, unless something else refers to it.

        Another who has just claimed the same bytes finds out when they store, and prepares them again.
        """
        if claims:
            with self._db.transaction() as conn:
                doomed = blobs.doom_mine(conn, claims)
            take_doomed(self._db, self._store, doomed)

    def _keep(self, kind: str, contents: Mapping[str, bytes]) -> dict[str, int]:
        if not contents:
            return {}
        with self._db.transaction() as conn:
            claims = blobs.claim(conn, [(digest, len(content)) for digest, content in contents.items()])
        for digest, content in contents.items():
            self._store.put(kind, digest, content)
        return claims
