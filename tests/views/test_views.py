import psycopg
import pytest

from shared.store import serve
from tests.views.conftest import ADA, BEN


def activity(fund, name="ivy"):
    cursor = fund.conn.cursor(row_factory=psycopg.rows.dict_row)
    return cursor.execute("SELECT * FROM crm.investor_activity WHERE investor = %s", [name]).fetchone()


def verdicts(fund):
    """Who is verified and what is marked: of each message, then of the conversation's last."""
    return fund.run(
        "(SELECT email_id, verified, marks FROM crm.investor_emails ORDER BY sent_at) UNION ALL"
        " SELECT (SELECT id FROM crm.emails ORDER BY sent_at DESC LIMIT 1), last_verified, last_marks FROM crm.threads"
    ).fetchall()


def secrets_of(fund):
    return fund.run(
        "SELECT snippet, body_text, body_html, new_text FROM crm.emails UNION ALL"
        " SELECT last_snippet, NULL, NULL, NULL FROM crm.threads UNION ALL"
        " SELECT filename, NULL, NULL, NULL FROM crm.attachments"
    ).fetchall()


def subjects_of(fund):
    return fund.column(
        "SELECT subject FROM crm.emails UNION ALL SELECT subject FROM crm.threads"
        " UNION ALL SELECT subject FROM crm.investor_emails UNION ALL SELECT last_subject FROM crm.investor_activity"
        " WHERE messages > 0 UNION ALL SELECT subject FROM crm.search('round')"
    )


def test_who_wrote_last_who_owes_a_reply_and_since_when(fund):
    fund.mail(ours=True, days_ago=100)
    fund.mail(days_ago=20, subject="first unanswered")
    last = fund.mail(days_ago=3, subject="a reminder")
    fund.mail(days_ago=1, kind="auto_reply")
    fund.mail(ours=True, days_ago=0.5, kind="calendar")

    told = activity(fund)

    assert (told["awaiting_reply_from"], told["last_email_id"], told["last_subject"]) == (
        "us",
        last,
        "a reminder",
    )
    assert told["last_author_address"] == "ivy@lp.example"
    since = fund.value("SELECT sent_at FROM crm.emails WHERE subject = 'first unanswered'")
    assert told["awaiting_since"] == since
    assert [told[f"messages{over}"] for over in ("_7d", "_30d", "_90d", "")] == [1, 2, 2, 3]


def test_a_forgery_is_verified_in_no_view_and_what_the_investor_sent_is(fund):
    thread = fund.value("INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id")
    true = fund.mail(days_ago=2, thread=thread)
    fund.run("UPDATE mailroom.emails SET verified = true, dmarc = 'pass' WHERE id = %s", true)
    assert verdicts(fund) == [(true, True, [])] * 2
    assert activity(fund)["last_in_verified"] is True

    forged = fund.mail(days_ago=1, thread=thread)
    fund.run("UPDATE mailroom.emails SET marks = '{address-in-name,bidi-in-name}' WHERE id = %s", forged)

    marks = ["address-in-name", "bidi-in-name"]
    assert verdicts(fund) == [(true, True, []), (forged, False, marks), (forged, False, marks)]
    assert activity(fund)["last_in_verified"] is False


def test_of_a_hidden_forgery_no_verdict_is_told_and_ours_does_not_vouch_for_theirs(fund):
    thread = fund.value("INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id")
    true = fund.mail(days_ago=3, thread=thread)
    forged = fund.mail(days_ago=2, thread=thread)
    ours = fund.mail(days_ago=1, thread=thread, ours=True)
    fund.run("UPDATE mailroom.emails SET verified = true, dmarc = 'pass' WHERE id <> %s", forged)
    assert activity(fund)["last_in_verified"] is False

    fund.run("UPDATE mailroom.emails SET hidden = true, marks = '{bidi-in-name}' WHERE id = %s", forged)
    fund.tell(forged, "gone")

    assert verdicts(fund) == [(true, True, []), (ours, True, []), (ours, True, [])]
    assert activity(fund)["last_in_verified"] is True


def test_an_investor_who_never_wrote_has_a_row_without_figures(fund):
    told = activity(fund, "oak")

    assert (told["messages"], told["team"], told["awaiting_reply_from"]) == (0, [], None)
    assert told["last_in_verified"] is None


def test_the_teammate_who_knows_them_best_exchanged_most_lately(fund):
    for _ in range(4):
        fund.mail(held_by=(BEN,), ours=True, days_ago=400)
    fund.mail(held_by=(BEN,), days_ago=10)
    for _ in range(2):
        fund.mail(held_by=(ADA, BEN), ours=True, days_ago=30)

    told = activity(fund)

    assert (told["best_teammate"], told["team"]) == (ADA, [ADA, BEN])


@pytest.mark.parametrize(("visibility", "subjects"), [("subject", True), ("metadata", False)])
def test_the_strictest_mailbox_with_a_copy_decides_from_the_moment_it_is_set(fund, visibility, subjects):
    fund.mail(held_by=(ADA, BEN))
    fund.index()
    before = fund.value("SELECT max(id) FROM crm.email_changes")

    fund.run("UPDATE mailroom.email_accounts SET visibility = %s WHERE address = %s", visibility, BEN)

    assert set(secrets_of(fund)) <= {(None,) * 4}
    assert any(subjects_of(fund)) is subjects
    assert fund.column("SELECT visibility FROM crm.emails") == [visibility]
    assert fund.column("SELECT kind FROM crm.email_changes WHERE id > %s", before) == ["visibility"]


@pytest.mark.parametrize(("kind", "value"), [("account", BEN), ("label", f"{BEN}:Label_7")])
def test_a_strict_mailbox_whose_copy_is_left_out_stays_as_strict(fund, kind, value):
    fund.mail(held_by=(ADA, BEN))
    fund.run(
        "UPDATE mailroom.account_messages SET labels = '{Label_7}' WHERE account_id = %s", fund.accounts[BEN]
    )
    fund.run("UPDATE mailroom.email_accounts SET visibility = 'metadata' WHERE address = %s", BEN)

    fund.run("INSERT INTO mailroom.email_exclusions (kind, value) VALUES (%s, %s)", kind, value)

    assert fund.column("SELECT visibility FROM crm.emails") == ["metadata"]
    assert set(secrets_of(fund)) <= {(None,) * 4}


def test_a_removed_mailbox_takes_with_it_what_only_it_held_and_its_strictness(fund):
    alone, both = fund.mail(held_by=(BEN,)), fund.mail(held_by=(ADA, BEN))
    fund.run("UPDATE mailroom.email_accounts SET visibility = 'metadata' WHERE address = %s", BEN)

    fund.run("DELETE FROM mailroom.email_accounts WHERE address = %s", BEN)

    assert fund.run("SELECT id, visibility FROM crm.emails").fetchall() == [(both, "full")]
    told = fund.run("SELECT email_id, kind FROM crm.email_changes ORDER BY id DESC LIMIT 2").fetchall()
    assert set(told) == {(alone, "gone"), (both, "visibility")}


def test_a_removed_investors_mail_is_out_of_sight_at_once(fund):
    fund.mail()
    oaks = fund.mail("oak")

    fund.run("DELETE FROM mailroom.investors WHERE name = 'ivy'")

    assert fund.column("SELECT id FROM crm.emails") == [oaks]
    assert len(fund.column("SELECT id FROM crm.threads")) == 1


def test_a_hidden_message_leaves_every_view_and_comes_back_whole(fund):
    email = fund.mail()
    fund.index()

    for hidden in (True, False):
        fund.run("UPDATE mailroom.emails SET hidden = %s WHERE id = %s", hidden, email)
        fund.tell(email, "gone" if hidden else "returned")
        for view in ("emails", "threads", "investor_emails", "attachments", "search('term')"):
            assert fund.value(f"SELECT count(*) FROM crm.{view}") == (0 if hidden else 1)
        assert activity(fund)["messages"] == (0 if hidden else 1)


def test_an_erased_message_no_longer_dates_its_conversation(fund):
    thread = fund.value("INSERT INTO mailroom.email_threads DEFAULT VALUES RETURNING id")
    fund.mail(thread=thread, days_ago=9)
    young = fund.mail(thread=thread, days_ago=1)
    fund.run(
        "UPDATE mailroom.account_messages SET email_id = NULL, state = 'gone' WHERE email_id = %s", young
    )

    fund.run("DELETE FROM mailroom.emails WHERE id = %s", young)

    assert fund.value("SELECT last_at = first_at FROM crm.threads")


def test_a_page_of_the_console_reads_the_conversations_it_shows_and_no_others(fund):
    fund.run(
        "WITH one AS (INSERT INTO mailroom.email_threads (last_at)"
        "             SELECT now() - n * interval '1 minute' FROM generate_series(1, 3000) AS n RETURNING id, last_at),"
        " mail AS (INSERT INTO mailroom.emails (thread_id, message_id, digest, subject, sent_at, date_source, direction,"
        "                                       raw_size, historic)"
        "          SELECT id, id || '@x', repeat('0', 64), 'Round', last_at, 'header', 'inbound', 1, true FROM one"
        "          RETURNING id, sent_at)"
        " INSERT INTO mailroom.shown SELECT id, %s, sent_at, 'inbound', true, 0, '{}' FROM mail",
        fund.investors["ivy"],
    )
    fund.run("ANALYZE")

    assert len(serve.newest_threads(fund.conn, limit=10)) == 10
    page = {"last_at": None, "id": None, "limit": 10}
    plan = fund.conn.execute(
        b"EXPLAIN (ANALYZE, FORMAT JSON) " + serve.SQL["newest_threads"], page
    ).fetchone()
    assert 0 < messages_read(plan[0][0]["Plan"]) <= 100


def messages_read(node):
    """How many rows of messages a plan went through."""
    here = node["Actual Rows"] * node["Actual Loops"] if node.get("Relation Name") == "emails" else 0
    return here + sum(messages_read(below) for below in node.get("Plans", ()))
