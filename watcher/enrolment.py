"""Enrol an account: first its row and its cursor, then the watch, so nothing can fall between."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

from shared.config import Settings
from shared.errors import Refused
from shared.gmail.client import GmailFactory
from shared.gmail.resources import Profile, Watch
from shared.store import accounts, audit, deltas
from shared.store.accounts import Account
from shared.store.database import Connection, Database
from watcher.schedule import next_renewal

# Seen only when the process that enrolled was ended in the middle of it.
ENROLLING = "enrolling has not come to its end: enrol it once more"

ADDRESS = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[a-z0-9.-]{1,255}")


Keep = Callable[[Connection, int], None]


def nothing(conn: Connection, account_id: int) -> None:
    """Delegation needs nothing kept for an account."""
    del conn, account_id


def enrol(  # noqa: PLR0913 - the grant of one account is one thing more
    db: Database,
    gmail: GmailFactory,
    address: str,
    *,
    settings: Settings,
    actor: str,
    keep: Keep = nothing,
) -> Account:
    """Start capturing a mailbox and return its account; one that is captured already stays as it is.

    An account stopped by trouble that is over is watched and active again; its cursor stays, so that
    nothing in between is lost.  Raises Refused for an address that is malformed or not of our domains
    (Gmail is not asked), or only a second name of a mailbox; and whatever Gmail refuses.  Then nothing
    is stored, and an account that was there stays as it was.  *keep* stores the account's own grant, in
    the transaction that lets it be captured.
    """
    wanted = checked(address, settings.workspace_domain)
    with db.transaction() as conn:
        known = accounts.by_address(conn, wanted)
    if known and known.status == "active":
        with db.transaction() as conn:
            keep(conn, known.id)
        return known
    mailbox = gmail.account(wanted, live=True)
    profile = mailbox.profile()
    _primary(wanted, profile)
    known = known or _begin(db, wanted, profile)
    try:
        watch = mailbox.watch(settings.pubsub_topic)
    except Exception:
        with db.transaction() as conn:
            accounts.withdraw(conn, known.id, reason=ENROLLING)
        raise
    return _activate(db, known, watch, actor, keep)


def _primary(wanted: str, profile: Profile) -> None:
    """Notifications name the primary address and nothing else: under another one none would be ours."""
    primary = profile.email_address.lower()
    if primary != wanted:
        raise Refused(
            f"{wanted} is an alias or a former name: the mailbox's own address is {primary}; enrol that one"
        )


def _begin(db: Database, address: str, profile: Profile) -> Account:
    """Make the account, for now without capture: Gmail's test notification must find it there.

    The cursor is from before the watch and before any listing, so nothing can fall between.
    """
    with db.transaction() as conn:
        accounts.enrol(
            conn,
            address,
            cursor=profile.history_id,
            watch_expires_at=None,
            watch_due_at=datetime.now(UTC),
            status="paused",
            status_reason=ENROLLING,
        )
        return _there(accounts.by_address(conn, address))


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


def _activate(db: Database, known: Account, watch: Watch, actor: str, keep: Keep) -> Account:
    """Capture from now on; who is slower than somebody else who enrols the same finds it done."""
    with db.transaction() as conn:
        due_at = next_renewal(datetime.now(UTC), watch.expiration)
        accounts.watch_renewed(conn, known.id, expires_at=watch.expiration, due_at=due_at)
        keep(conn, known.id)
        if accounts.activate(conn, known.id):
            deltas.wake(conn, [known.id])
            what = "enrol" if known.status_reason == ENROLLING else "revive"
            audit.note(conn, actor=actor, action=f"account.{what}", subject=known.address, was=known.status)
        return _there(accounts.by_address(conn, known.address))


def _there(account: Account | None) -> Account:
    if account is None:
        # Somebody else enrolled it in this moment too, and Gmail refused them.
        raise Refused("the account was taken out again while it was enrolled: enrol it once more")
    return account
