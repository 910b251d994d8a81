"""Real processes: Pub/Sub, the push endpoint, the watcher, the consumer, PostgreSQL; mail in, a page out."""

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from threading import Event

import pytest
import urllib3

from infra.cli.contacts import import_csv
from infra.local.demo.play import Play, wait_until_settled
from infra.local.demo.script import Delivery, Script
from infra.local.demo.stack import Stack
from infra.local.pubsub import NoEmulator
from shared.store.database import Database
from tests.consumer.mails import mail

ADA, BEN = "ada@fund.test", "ben@fund.test"
CSV = "investor,firm,address,domain\nIvy Investor,Ivy,ivy@lp.example,\nNordwind,Nordwind,,nordwind.example\n"
PATIENCE = 60  # seconds without any progress


def delivery(account, raw, *labels, captured):
    return Delivery(account, raw.encode(), labels or ("INBOX", "UNREAD"), None, captured)


def past():
    return (
        delivery(ADA, mail(subject="From last year"), captured=True),
        delivery(ADA, mail(sender="news@letter.example"), captured=False),
        delivery(BEN, mail(sender=ADA, to=BEN, subject="Between us"), captured=False),
        delivery(BEN, mail(sender=BEN, to="ivy@lp.example", subject="Draft"), "DRAFT", captured=False),
        delivery(BEN, mail(subject="Spam"), "SPAM", captured=False),
    )


def live(number):
    """Every third message is nobody's business; every fourth goes to both mailboxes."""
    ours = number % 3 != 0
    sender = "Ivy Investor <ivy@lp.example>" if ours else "shop@store.example"
    both = number % 4 == 0
    letter = mail(sender=sender, to=f"{ADA}, {BEN}" if both else ADA, subject=f"Live {number}")
    return tuple(delivery(account, letter, captured=ours) for account in ((ADA, BEN) if both else (ADA,)))


SCRIPT = Script("a small fund", "fund.test", (ADA, BEN), CSV, past(), lambda: iter(()))


@pytest.fixture(params=["emulator", "deliverer"])
def play(request, tmp_path) -> Iterator[Play]:
    csv = tmp_path / "investors.csv"
    csv.write_text(CSV)
    # Polled every five seconds, so that a dropped notification costs the test little time.
    stack = Stack(
        tmp_path / "stack", domain="fund.test", web_port=None, prefer=request.param, say=print,
        also={"CRM_GMAIL_QUIET_POLL_SEC": "5"},
    )  # fmt: skip
    try:
        stack.__enter__()
    except NoEmulator as reason:
        pytest.skip(f"Google's emulator cannot run here: {reason}")
    try:
        with Database(stack.database_url) as db:
            play = Play(stack, SCRIPT, db)
            play.load_past()
            import_csv(db, csv, own=frozenset(("fund.test",)))
            stack.start_mailroom()
            yield play
    finally:
        stack.__exit__(None, None, None)


def settle(play):
    for _ in wait_until_settled(play, target=play.told, patience=PATIENCE, stop=Event()):
        pass


def test_exactly_the_right_mail_reaches_the_view_and_the_page_whatever_happens_to_notifications(play):
    token = play.enrol()
    settle(play)
    assert play.judge().good

    play.stack.bus.faults(duplicate=0.4, drop=0.3, reorder=0.4, seed=5)
    for number in range(24):
        play.deliver_live(live(number))
    settle(play)

    verdict = play.judge()
    assert (verdict.lost, verdict.foreign, verdict.pried, verdict.unaccounted) == (set(), set(), set(), 0)
    assert len(verdict.captured) == len(verdict.expected) > 15
    with play.db.transaction() as conn:
        twice = conn.execute(
            b"SELECT subject FROM crm.emails WHERE subject LIKE 'Live%' GROUP BY subject HAVING count(*) > 1"
        ).fetchall()
        investors = conn.execute(b"SELECT DISTINCT investor FROM crm.investor_emails").fetchall()
    assert twice == []
    assert investors == [("Ivy Investor",)]
    assert "Live 1" in page(play, token)
    assert verified(play) == {ADA: True, BEN: True}
    assert told_too_much(play, token) == []


def told_too_much(play, token):
    """What the logs of mailroom's processes hold and must not: addresses, subjects, tokens, keys."""
    secrets = [line for line in play.stack.key_path.read_text().split("\\n") if len(line) > 40] + [token]
    private = re.compile(
        r"[\w.+-]+(?:@|%40)[\w-]+\.\w+|Live \d|Term sheet|From last year|eyJ[\w-]{20}|ya29\."
    )
    logs = {
        name: (play.stack.data_dir / "logs" / f"{name}.log").read_text()
        for name in ("consume", "watch", "web")
    }
    assert "run.done" in logs["consume"]
    return [
        (name, line)
        for name, text in logs.items()
        for line in text.splitlines()
        if private.search(line) or any(secret in line for secret in secrets)
    ]


def verified(play):
    """Run `mailroom verify` as an admin would."""
    done = subprocess.run(
        [sys.executable, "-m", "infra.cli", "verify", "--json"],
        env=os.environ | play.stack.env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert (done.returncode == 0) == all(one["complete"] for one in found), done.stderr
    return {one["account"]: one["complete"] for one in found}


def page(play, token):
    """Sign in as a browser does, and read the list."""
    http, url = urllib3.PoolManager(), play.stack.web_url
    answer = http.request(
        "POST", f"{url}/signin", fields={"token": token}, encode_multipart=False, redirect=False
    )
    cookie = answer.headers["Set-Cookie"].partition(";")[0]
    return http.request("GET", f"{url}/threads", headers={"Cookie": cookie}).data.decode()


def test_whoever_sources_the_demos_file_reaches_it_and_nobody_else_can_read_the_file(play):
    play.enrol()
    path = play.stack.env_path
    ask = (
        f". {shlex.quote(str(path))} && {sys.executable} -m infra.cli exclusions list"
        ' && echo "Authorization: Bearer $DEMO_ADMIN_TOKEN" && echo "$DEMO_URL"'
    )

    told = subprocess.run(["sh", "-c", ask], capture_output=True, text=True, check=True, env={})

    said, header, url = told.stdout.splitlines()
    assert "Nothing is excluded" in said
    name, _, value = header.partition(": ")
    answer = urllib3.request("GET", f"{url}/api/email/accounts", headers={name: value})
    assert ADA in answer.data.decode()
    assert path.stat().st_mode & 0o777 == 0o600
