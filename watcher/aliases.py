"""Look up which other addresses a mailbox sends and receives as: none of them is an investor's.

Done with each renewal of the watch, once a day; what was stored before is re-matched then.
"""

import re

from shared.errors import MailroomError
from shared.gmail.client import Gmail
from shared.gmail.resources import SendAs
from shared.log import logger
from shared.store import accounts
from shared.store.accounts import Account
from shared.store.database import Database

log = logger("watcher")

ADDRESS = re.compile(r"[^@\s]{1,64}@[a-z0-9.-]{1,255}")


def look_up(db: Database, mailbox: Gmail, account: Account) -> None:
    """Ask Gmail and note the answer; when it refuses, what was known stays.

    Raises TryLater when the database is away.
    """
    try:
        found = mailbox.send_as()
    except MailroomError as trouble:
        log.warning("aliases.unknown", account=account.id, kind=type(trouble).__name__)
        return
    with db.transaction() as conn:
        accounts.set_aliases(conn, account.id, own(found, account.address))


def own(found: tuple[SendAs, ...], primary: str) -> frozenset[str]:
    """Return the mailbox's other addresses: an address Gmail has not verified is only a wish."""
    names = (one.send_as_email.strip().lower() for one in found if one.verification_status == "accepted")
    return frozenset(name for name in names if ADDRESS.fullmatch(name)) - {primary}
