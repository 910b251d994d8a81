"""Store made-up messages straight through the consumer's storing step, from any process."""

import hashlib
import sys
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from consumer.mail.message import Participant
from consumer.match import Own
from consumer.matching import Matching
from consumer.storing import store
from shared.errors import TryLater
from shared.store import blobs, deltas, investors
from shared.store.database import Database
from shared.store.emails import NewEmail, NewMatch, NewParticipant, NewReading
from shared.store.investors import InvestorRow

NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
OWN = Own(frozenset(), frozenset({"fund.test"}))
IVY, IVY_TOO, OAK = "ivy@lp.example", "ivy@home.example", "oak@lp.example"
KNOWN = [
    InvestorRow("Ivy", "", "address", IVY),
    InvestorRow("Ivy", "", "address", IVY_TOO),
    InvestorRow("Oak", "", "address", OAK),
]
READING = NewReading("", "person", None, None, "", "", "", "", False, ())


class Letter(msgspec.Struct, frozen=True):
    """One message: everybody who takes part, the author first."""

    number: int
    people: tuple[str, ...]
    cites: tuple[int, ...] = ()
    gmail_thread: str = ""


def people(letter):
    """Tell who takes part, as a parsed message does."""
    return [Participant("to" if n else "from", one, "") for n, one in enumerate(letter.people)]


def email(letter, account, claim, matches):
    """Make one mailbox's copy of it."""
    return NewEmail(
        gmail_id=f"m{letter.number}-{account}", gmail_thread_id=letter.gmail_thread or f"t{letter.number}", labels=(),
        historic=True, message_id=f"{letter.number}@x", digest=hashlib.sha256(str(letter.number).encode()).hexdigest(),
        subject=f"s{letter.number}", sent_at=NOW, date_source="header", direction="inbound",
        author_address=letter.people[0], author_name="", references=tuple(f"{n}@x" for n in letter.cites),
        snippet="", text="", html="", reading=READING, defects=(), raw_sha256="0" * 64, raw_size=1,
        participants=tuple(NewParticipant(one.role, one.address, "") for one in people(letter)),
        outside=OWN.outsiders(letter.people),
        matches=tuple(NewMatch(m.investor_id, m.role, m.address, m.strategy, m.ambiguous) for m in matches),
        attachments=(), claims={"0" * 64: claim},
    )  # fmt: skip


def prepare(db, accounts=1, known=KNOWN):
    """Enrol accounts 1, 2, ... and make investors known, numbered as they come."""
    with db.transaction() as conn:
        conn.execute(
            b"TRUNCATE mailroom.emails, mailroom.email_threads, mailroom.account_messages, mailroom.email_accounts,"
            b" mailroom.investors, mailroom.email_changes RESTART IDENTITY CASCADE"
        )
        investors.upsert(conn, known)
        for number in range(1, accounts + 1):
            conn.execute(
                b"INSERT INTO mailroom.email_accounts (address, cursor) VALUES (%s, 1)",
                [f"a{number}@fund.test"],
            )
            conn.execute(b"INSERT INTO mailroom.email_deltas (account_id) VALUES (%s)", [number])


def leases(db, accounts=1):
    """Lease every account."""
    with db.transaction() as conn:
        found = [deltas.lease(conn, owner="test", lasts=deltas.LEASE) for _ in range(accounts)]
    return {lease.account_id: lease for lease in found if lease}


def keep(db, lease, letters):
    """Store these letters in one transaction, again when the database says so; return how often it did."""
    again = 0
    with db.transaction() as conn:
        claim = blobs.claim(conn, [("0" * 64, 1)])["0" * 64]
        for letter in letters:
            conn.execute(
                b"INSERT INTO mailroom.account_messages (account_id, gmail_id, gmail_thread_id, live) VALUES (%s, %s, %s, false)"
                b" ON CONFLICT DO NOTHING",
                [lease.account_id, f"m{letter.number}-{lease.account_id}", letter.gmail_thread or f"t{letter.number}"],
            )  # fmt: skip
    matched = Matching(db, OWN.domains).match_all({str(one.number): people(one) for one in letters})
    mails = [email(one, lease.account_id, claim, matched.found[str(one.number)]) for one in letters]
    while True:
        try:
            store(db, lease, mails, own=OWN, generation=matched.generation)
        except TryLater:
            again += 1
        else:
            return again


def partition(db):
    """Return the conversations: sets of letters' numbers."""
    with db.transaction() as conn:
        rows = conn.execute(b"SELECT array_agg(subject) FROM mailroom.emails GROUP BY thread_id").fetchall()
    return {frozenset(int(one[1:]) for one in group) for (group,) in rows}


def main(url, file, account):
    """One process, one mailbox: store its letters in the given order, a few together."""
    letters = msgspec.json.decode(Path(file).read_bytes(), type=list[Letter])
    with Database(url, most=2) as db:
        with db.transaction() as conn:
            row = conn.execute(
                b"SELECT fence FROM mailroom.email_deltas WHERE account_id = %s", [account]
            ).fetchone()
        lease = deltas.Lease(account_id=int(account), fence=row[0])
        sys.stdin.readline()  # all begin at the same moment
        again = sum(keep(db, lease, letters[start : start + 3]) for start in range(0, len(letters), 3))
    sys.stdout.write(f"{again}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
