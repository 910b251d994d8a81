"""Who may refer to which blob: claims of those who will, and dooms of what nobody refers to.

A blob's bytes live outside the database, so four steps keep the two in agreement, whoever dies between them:

1. claim: note the blob and get its number; only then see whether its bytes are there, else keep them;
2. hold: in the transaction that refers to it, prove that the number still stands;
3. doom: change the number of a blob nothing refers to: from here on the claims made before it fail at 2;
4. take: lock it, look once more that nothing refers to it, delete the row, remove the bytes, commit.

Who claims a doomed blob revives it, and finds its bytes there or not, but never about to go: the removal
of 4 happens under the row's lock, and only while the doom stands.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from shared.errors import TryLater
from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

Claims = Mapping[str, int]  # the number under which each digest is claimed


def claim(conn: Connection, blobs: Collection[tuple[str, int]]) -> dict[str, int]:
    """Claim blobs (sha256, size in bytes) before their bytes are looked for; return {sha256: claim}.

    Call it in a transaction of its own.  That one does not wait for the disk: a claim lost in a crash of
    the server fails at `hold`, and the work is done again.
    """
    sizes = dict(blobs)
    conn.execute(SQL["hasty"])
    found = conn.execute(SQL["claim"], {"digests": list(sizes), "sizes": list(sizes.values())})
    return dict(found.fetchall())


def hold(conn: Connection, claims: Claims) -> None:
    """Keep these blobs until this transaction ends, by when something refers to them.

    Raises TryLater when a sweep has voided one of the claims: the message must be prepared again.
    """
    given = {"digests": list(claims), "claims": list(claims.values())}
    held = {sha256 for (sha256,) in conn.execute(SQL["hold"], given)}
    if held != claims.keys():
        what = "bytes of a message were cleared away while it waited to be stored, and are read again"
        raise TryLater(what, after=timedelta(seconds=1))


def doom_old(conn: Connection, *, older_than: timedelta, limit: int) -> dict[str, int]:
    """Doom blobs that nothing refers to and nobody has claimed lately, and those a dead sweep left doomed."""
    return dict(conn.execute(SQL["doom_old"], {"older_than": older_than, "limit": limit}).fetchall())


def doom_mine(conn: Connection, claims: Claims) -> dict[str, int]:
    """Doom blobs by the claims that were made on them; what is referred to is spared by `take`."""
    given = {"digests": list(claims), "claims": list(claims.values())}
    return dict(conn.execute(SQL["doom_mine"], given).fetchall())


def take(conn: Connection, sha256: str, number: int) -> bool:
    """Delete the row of a doomed blob and say whether its bytes must go, before this transaction commits.

    False when somebody refers to it after all, claimed it meanwhile, or took it.
    """
    one = {"sha256": sha256, "claim": number}
    if conn.execute(SQL["lock_doomed"], one).rowcount == 0 or conn.execute(SQL["pardon"], one).rowcount:
        return False
    conn.execute(SQL["forget"], one)
    return True


def adopt(conn: Connection, digests: Sequence[str]) -> int:
    """Note blobs whose bytes were found; return how many no row knew of; sweeps judge them by age."""
    return conn.execute(SQL["adopt"], {"digests": list(digests)}).rowcount


def expire_raws(conn: Connection, *, older_than: timedelta, limit: int) -> int:
    """Let go of the raw bytes of messages stored before that and read without failure; return how many."""
    return conn.execute(SQL["expire_raws"], {"older_than": older_than, "limit": limit}).rowcount


def keep_unread(conn: Connection, account_id: int, raws: Sequence[tuple[str, str]], claims: Claims) -> None:
    """Keep raw bytes (Gmail id, sha256) of messages that could not be read, while they wait or are dead."""
    hold(conn, {sha256: claims[sha256] for _, sha256 in raws})
    ids, digests = [gmail_id for gmail_id, _ in raws], [sha256 for _, sha256 in raws]
    conn.execute(SQL["keep_unread"], {"account_id": account_id, "ids": ids, "digests": digests})


def settle_unread(conn: Connection) -> int:
    """Let go of raw bytes whose message is no longer waiting or dead; return how many."""
    return conn.execute(SQL["settle_unread"]).rowcount
