"""What becomes of an email when Gmail deletes its last copy: kept, hidden or erased, as the fund decides."""

from collections.abc import Sequence
from typing import Literal

from shared.store import emails, threads
from shared.store.database import Connection
from shared.store.sql import queries

SQL = queries(__file__)

OnDelete = Literal["keep", "hide", "erase"]


def vanished(conn: Connection, email_ids: Sequence[int], *, policy: OnDelete) -> list[int]:
    """Note which of these emails have no copy left in any mailbox, act on the policy, tell the feed.

    Call it after the ledger rows were marked gone.  Returns the ids of the emails that are gone.
    An erased email leaves its ledger rows and its row in the change feed, and no content.
    """
    if not email_ids:
        return []
    ids = sorted(set(email_ids))
    # Locked first: of two mailboxes that lose their copies at the same time, the second one sees it.
    conn.execute(SQL["lock"], {"ids": ids})
    gone = conn.execute(SQL["vanished"], {"ids": ids, "hide": policy == "hide"}).fetchall()
    if policy == "erase":
        erase(conn, [email_id for email_id, _ in gone])
    emails.announce(conn, [(email_id, "gone", historic) for email_id, historic in gone])
    return [email_id for email_id, _ in gone]


def returned(conn: Connection, email_ids: Sequence[int]) -> None:
    """Gmail shows these again: nothing about them is gone or hidden any more; the feed says so."""
    if not email_ids:
        return
    back = conn.execute(SQL["returned"], {"ids": sorted(set(email_ids))}).fetchall()
    emails.announce(conn, [(email_id, "returned", historic) for email_id, historic in back])


def erase(conn: Connection, email_ids: Sequence[int]) -> None:
    """Erase emails with everything that hangs on them; their blobs are swept when nothing names them."""
    if email_ids:
        concerned = threads.of(conn, email_ids)
        conn.execute(SQL["forget_copies"], {"ids": list(email_ids)})
        conn.execute(SQL["erase"], {"ids": list(email_ids)})
        # Mail in an investor's thread of Gmail's is fetched unweighed: this thread may be nobody's now.
        threads.unkey(conn, concerned)
