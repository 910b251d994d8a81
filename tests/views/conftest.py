"""A small fund whose mail is written straight into the tables, as the consumer would leave it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count

import psycopg
import pytest

from shared.store import words

ADA, BEN = "ada@fund.test", "ben@fund.test"
NOW = datetime.now(UTC).replace(microsecond=0)


@dataclass
class Fund:
    """Two mailboxes, two investors, and mail between them."""

    conn: psycopg.Connection
    accounts: dict[str, int]
    investors: dict[str, int]
    numbers: Iterator[int]

    def mail(self, investor="ivy", *, held_by=(ADA,), ours=False, days_ago=1.0, thread=None, **extra):
        """Store one message between *investor* and the first of *held_by*; return its id."""
        number = next(self.numbers)
        values = {"subject": f"Round {number}", "body_text": "term sheet attached", "kind": "person"} | extra
        one, other = (held_by[0], f"{investor}@lp.example")[:: 1 if ours else -1]
        thread = thread or self.value("INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id")
        email = self.value(
            "INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction,"
            " author_address, snippet, body_text, body_html, new_text, raw_size, historic, kind)"
            " VALUES (%s, %s, repeat('0', 64), %s, %s, 'header', %s, %s, 'secret snippet', %s, 'secret html',"
            " 'secret new', 1, false, %s) RETURNING id",
            thread, f"{number}@x", values["subject"], NOW - timedelta(days=days_ago),
            "outbound" if ours else "inbound", one, values["body_text"], values["kind"],
        )  # fmt: skip
        for position, (role, address) in enumerate([("from", one), ("to", other)]):
            self.run(
                "INSERT INTO mailroom.email_participants (email_id, position, role, address) VALUES (%s, %s, %s, %s)",
                email, position, role, address,
            )  # fmt: skip
        self.run(
            "INSERT INTO mailroom.email_matches VALUES (%s, %s, %s, %s, 'address', false)",
            email, self.investors[investor], "to" if ours else "from", f"{investor}@lp.example",
        )  # fmt: skip
        self.run(
            "INSERT INTO mailroom.email_attachments (email_id, part_id, filename, media_type, inline, size, skipped)"
            " VALUES (%s, '1', 'secret.pdf', 'application/pdf', false, 1, 'too_large')",
            email,
        )
        for address in held_by:
            self.run(
                "INSERT INTO mailroom.account_messages (account_id, gmail_id, state, live, email_id, settled_at)"
                " VALUES (%s, %s, 'stored', true, %s, now())",
                self.accounts[address], str(number), email,
            )  # fmt: skip
        self.tell(email, "stored")
        return email

    def tell(self, email, kind):
        """One row of the feed."""
        self.run(
            "INSERT INTO mailroom.email_changes (email_id, kind, historic) VALUES (%s, %s, false)",
            email,
            kind,
        )

    def index(self):
        """What the consumer does behind the feed."""
        while words.index_next(self.conn, limit=3):
            pass

    def run(self, statement, *values):
        """Run one statement."""
        return self.conn.execute(statement, values)

    def value(self, statement, *values):
        """Return the first column of the first row."""
        row = self.run(statement, *values).fetchone()
        return row and row[0]

    def column(self, statement, *values):
        """Return the first column of all rows."""
        return [one for (one, *_) in self.run(statement, *values)]


@pytest.fixture
def fund(database_url):
    with psycopg.connect(database_url, autocommit=True) as conn:
        made = Fund(conn, {}, {}, count(1))
        for address in (ADA, BEN):
            made.accounts[address] = made.value(
                "INSERT INTO mailroom.email_accounts (address, cursor) VALUES (%s, 1) RETURNING id", address
            )
        for name in ("ivy", "oak"):
            made.investors[name] = made.value(
                "INSERT INTO mailroom.investors (name) VALUES (%s) RETURNING id", name
            )
        yield made
