"""What must hold whatever happened: after every step, and once all is quiet."""

from collections import defaultdict

from consumer.rethread import rethread
from tests.simulation.book import OWN, SKIP, Book
from tests.simulation.sea import ACCOUNTS, Sea


def accounted_for(book: Book, sea: Sea) -> None:
    """The cursor is never beyond a message that is neither in the ledger nor still to be listed."""
    cursors = dict(sea.rows(b"SELECT address, cursor FROM mailroom.email_accounts"))
    known = set(sea.rows(
        b"SELECT a.address, m.gmail_id FROM mailroom.account_messages m"
        b" JOIN mailroom.email_accounts a ON a.id = m.account_id"
    ))  # fmt: skip
    listing = {address for (address,) in sea.rows(
        b"SELECT DISTINCT a.address FROM mailroom.email_searches s JOIN mailroom.email_accounts a ON a.id = s.account_id"
        b" WHERE s.kind IN ('backfill', 'recovery') AND s.purpose <> 'proof'"
        b" AND (s.finished_at IS NULL OR s.kind = 'backfill' AND s.state = 'cancelled')"
    )}  # fmt: skip
    for account in ACCOUNTS:
        present = sea.google.messages(account)
        for copy in book.of(account):
            told = present.get(copy.gmail_id)
            if told is None or SKIP & set(told.get("labelIds", ())) or copy.history > cursors[account]:
                continue
            assert (account, copy.gmail_id) in known or account in listing, f"{copy} is not accounted for"


def reckon(book: Book, sea: Sea) -> None:
    """Once all is quiet: everything that matches is stored, once, as itself; nothing else is."""
    waits = sea.rows(
        b"SELECT gmail_id, state, error FROM mailroom.account_messages WHERE state IN ('waiting', 'dead')"
    )
    assert not waits, f"still waiting or dead: {waits}"
    unfinished = sea.rows(
        b"SELECT account_id, kind, purpose, state FROM mailroom.email_searches WHERE finished_at IS NULL"
    )
    assert not unfinished, f"never finished: {unfinished}"
    gone = set(sea.rows(
        b"SELECT a.address, m.gmail_id FROM mailroom.account_messages m"
        b" JOIN mailroom.email_accounts a ON a.id = m.account_id WHERE m.state = 'gone'"
    ))  # fmt: skip
    shown = [row[0] for row in sea.rows(b"SELECT message_id FROM crm.emails ORDER BY 1")]
    assert len(shown) == len(set(shown)), "a message is stored twice"
    held = {
        (address, gmail_id): message_id
        for address, gmail_id, message_id in sea.rows(
            b"SELECT a.address, m.gmail_id, e.message_id FROM mailroom.account_messages m"
            b" JOIN mailroom.email_accounts a ON a.id = m.account_id"
            b" JOIN mailroom.emails e ON e.id = m.email_id WHERE m.state = 'stored'"
        )
    }
    linked = defaultdict(set)
    for message_id, investor in sea.rows(
        b"SELECT e.message_id, i.investor FROM crm.investor_emails i JOIN crm.emails e ON e.id = i.email_id"
    ):
        linked[message_id].add(investor)
    for message_id in shown:
        assert _logical(message_id) in book.visible, f"{message_id} was never more than a draft or spam"
        whose = book.whose(_logical(message_id), book.rules, book.left_out)
        assert whose, f"{message_id} is nobody's"
        assert linked[message_id] == whose, (
            f"{message_id} is {whose}'s, and said to be {linked[message_id]}'s"
        )
    for account in ACCOUNTS:
        present = sea.google.messages(account)
        assert not gone & {(account, gmail_id) for gmail_id in present}, "called gone, and is there"
        for copy in book.of(account):
            told = present.get(copy.gmail_id)
            if told is None or SKIP & set(told.get("labelIds", ())):
                continue
            if book.belongs(copy.logical, book.rules, book.left_out):
                assert held.get((account, copy.gmail_id)) == f"{copy.logical}@sim", (
                    f"{copy} is not stored as itself"
                )
                assert f"{copy.logical}@sim" in shown
        nothing_private_was_read(book, sea, account)
    shown_is_what_the_rule_says(sea)
    apart = rethread(sea.db, OWN.domains, dry_run=True, seen=lambda _: None)
    assert not apart, f"{apart} messages are in another conversation than the rule says"


def shown_is_what_the_rule_says(sea: Sea) -> None:
    """What the views answer from was kept up with everything that happened."""
    kept = set(sea.rows(b"SELECT email_id, investor_id, sent_at, direction, strictness FROM mailroom.shown"))
    rule = set(
        sea.rows(b"SELECT email_id, investor_id, sent_at, direction, strictness FROM mailroom.shown_by_rule")
    )
    assert kept == rule, f"shown and should not be: {kept - rule}; should be and is not: {rule - kept}"
    stale = sea.rows(
        b"SELECT t.id, t.last_at FROM mailroom.email_threads t WHERE t.last_at IS DISTINCT FROM"
        b" (SELECT max(e.sent_at) FROM mailroom.emails e JOIN mailroom.shown s ON s.email_id = e.id WHERE e.thread_id = t.id)"
    )
    assert not stale, f"conversations with a wrong time: {stale}"


def nothing_private_was_read(book: Book, sea: Sea, account: str) -> None:
    """No body of a message was fetched in whose thread no investor ever was."""
    ours = {copy.thread for copy in book.of(account) if book.belongs(copy.logical, book.ever)}
    read = sea.google.bodies(account, "raw") | sea.google.bodies(account, "full")
    for copy in book.of(account):
        if copy.gmail_id in read:
            assert copy.thread in ours, f"the body of {copy} was read"


# How it is done.


def _logical(message_id: str) -> int:
    return int(message_id.removesuffix("@sim"))
