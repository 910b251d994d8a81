"""Enrol an account: the watch first, its history id is the first cursor, so nothing can fall between."""

import re
from datetime import UTC, datetime

from shared.config import Settings
from shared.errors import Refused
from shared.gmail.client import GmailFactory
from shared.store import accounts, audit
from shared.store.accounts import Account
from shared.store.database import Database
from watcher.schedule import next_renewal

ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,255}")


def enrol(db: Database, gmail: GmailFactory, settings: Settings, address: str, *, actor: str) -> Account:
    """Start capturing a mailbox; return its account, an existing one unchanged.

    Raises Refused for an address that is malformed or not of our domains (nothing is stored, Gmail
    is not asked), and whatever Gmail refuses (nothing is stored either).
    """
    wanted = checked(address, settings.workspace_domain)
    with db.transaction() as conn:
        known = accounts.by_address(conn, wanted)
    if known and known.status == "active":
        return known
    watch = gmail.account(wanted, live=True).watch(settings.pubsub_topic)
    now = datetime.now(UTC)
    with db.transaction() as conn:
        if known:  # stopped for some trouble that is over now: the cursor stays, nothing in between is lost
            accounts.set_status(conn, known.id, "active", "")
        accounts.enrol(
            conn,
            wanted,
            cursor=watch.history_id,
            watch_expires_at=watch.expiration,
            watch_due_at=next_renewal(now, watch.expiration),
        )
        audit.note(conn, actor=actor, action="account.enrol", subject=wanted)
        account = accounts.by_address(conn, wanted)
    if account is None:
        raise LookupError("an account vanished while it was enrolled")
    return account


def checked(address: str, domains: tuple[str, ...]) -> str:
    """Return the address in lower case; Refused when it is none, or not exactly in one of *domains*."""
    wanted = address.strip().lower()
    if not ADDRESS.fullmatch(wanted):
        raise Refused("this is not an e-mail address: give one like ada@yourfund.example")
    domain = wanted.rpartition("@")[2]
    if domain not in domains:
        raise Refused(
            f"{domain} is not a domain of this installation ({', '.join(domains) or 'none is set'}): "
            "only its accounts can be enrolled; CRM_GMAIL_WORKSPACE_DOMAIN names the domains"
        )
    return wanted
