"""Enrol an account: the watch first, its history id is the first cursor, so nothing can fall between."""

import re
from datetime import UTC, datetime

from shared.config import Settings
from shared.errors import Refused
from shared.gmail.client import GmailFactory
from shared.gmail.resources import Watch
from shared.store import accounts, audit, deltas
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from watcher.schedule import next_renewal

ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,255}")


def enrol(db: Database, gmail: GmailFactory, address: str, *, settings: Settings, actor: str) -> Account:
    """Start capturing a mailbox and return its account; one that is captured already stays as it is.

    An account stopped by trouble that is over is watched and active again; its cursor stays, so that
    nothing in between is lost.  Raises Refused for an address that is malformed or not of our domains
    (Gmail is not asked), and whatever Gmail refuses; nothing is stored then.
    """
    wanted = checked(address, settings.workspace_domain)
    with db.transaction() as conn:
        known = accounts.by_address(conn, wanted)
    if known and known.status == "active":
        return known
    watch = gmail.account(wanted, live=True).watch(settings.pubsub_topic)
    with db.transaction() as conn:
        known = accounts.by_address(conn, wanted)  # again: somebody may have been faster
        if known is None:
            _add(conn, wanted, watch, actor)
        elif known.status != "active":
            _revive(conn, known, watch, actor)
        return _there(accounts.by_address(conn, wanted))


def checked(address: str, domains: tuple[str, ...]) -> str:
    """Return the address in lower case; Refused when it is none, or not exactly in one of *domains*."""
    wanted = address.strip()
    # Before lower(): the Kelvin sign would become a k.
    if not wanted.isascii() or not ADDRESS.fullmatch(wanted := wanted.lower()):
        raise Refused("this is not an e-mail address: give one like ada@yourfund.example")
    domain = wanted.rpartition("@")[2]
    if domain not in domains:
        raise Refused(
            f"{domain} is not a domain of this installation ({', '.join(domains) or 'none is set'}): "
            "only its accounts can be enrolled; CRM_GMAIL_WORKSPACE_DOMAIN names the domains"
        )
    return wanted


def _add(conn: Connection, address: str, watch: Watch, actor: str) -> None:
    added = accounts.enrol(
        conn,
        address,
        cursor=watch.history_id,
        watch_expires_at=watch.expiration,
        watch_due_at=next_renewal(datetime.now(UTC), watch.expiration),
    )
    if added is not None:  # None: another process enrolled it in this very moment, and noted it
        audit.note(conn, actor=actor, action="account.enrol", subject=address)


def _revive(conn: Connection, known: Account, watch: Watch, actor: str) -> None:
    due_at = next_renewal(datetime.now(UTC), watch.expiration)
    accounts.watch_renewed(conn, known.id, expires_at=watch.expiration, due_at=due_at)
    accounts.set_status(conn, known.id, "active", "")
    deltas.wake(conn, [known.id])
    audit.note(conn, actor=actor, action="account.revive", subject=known.address, was=known.status)


def _there(account: Account | None) -> Account:
    if account is None:
        raise LookupError("an account vanished while it was enrolled")
    return account
