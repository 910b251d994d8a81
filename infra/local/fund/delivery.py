"""Who gets a copy of a letter, with which labels, and what servers write on top of it."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from random import Random

from infra.local.fund.letter import Letter
from infra.local.fund.mime import CRLF
from infra.local.fund.model import Copy
from infra.local.fund.people import DOMAIN, team_accounts
from infra.local.fund.source import source

NEVER = frozenset({"SPAM", "TRASH", "DRAFT"})  # labels under which nothing is captured
PACIFIC = timezone(timedelta(hours=-8), "PST")
UNREAD_FOR, INBOX_FOR = timedelta(days=2), timedelta(days=120)
# Shares: of the new mail that is unread, of the old that stays in the inbox, of all that carries a mark.
NOT_YET_READ, LEFT_IN_INBOX, IMPORTANT, STARRED = 0.7, 0.3, 0.6, 0.04


def deliver(letter: Letter, rng: Random, now: datetime, labels: tuple[str, ...] = ()) -> tuple[Copy, ...]:
    """Return every teammate's copy as of *now*; *labels* replace the usual ones of received copies."""
    return tuple(_copies(letter, rng, now, labels))


def _copies(letter: Letter, rng: Random, now: datetime, labels: tuple[str, ...]) -> Iterator[Copy]:
    author = letter.author.address.lower()
    raw = source(letter, with_bcc=False)
    if author.endswith(f"@{DOMAIN}"):
        own = labels if "DRAFT" in labels else ("SENT",)
        full = source(letter, with_bcc=True) if letter.bcc else raw
        yield _copy(letter, author, full, own, letter.sent)
        if "DRAFT" in own:
            return
    for account in _recipients(letter, author):
        arrived = min(letter.sent + timedelta(seconds=rng.randrange(1, 9)), now)
        given = labels or _labels(rng, now - arrived)
        head = _server_headers(letter, account, arrived, forged="SPAM" in given)
        yield _copy(letter, account, head + raw, given, arrived)


def _recipients(letter: Letter, author: str) -> list[str]:
    boxes = (*letter.to, *letter.cc, *letter.bcc)
    accounts = dict.fromkeys(account for box in boxes for account in team_accounts(box.address))
    return [account for account in accounts if account != author]


def _copy(letter: Letter, account: str, raw: bytes, labels: tuple[str, ...], at: datetime) -> Copy:
    barred = NEVER.intersection(labels)
    captured = letter.captured and not barred
    why = f"{letter.why}, but labelled {min(barred)}" if barred and letter.captured else letter.why
    return Copy(account, raw, labels, at.astimezone(UTC), letter.message_id, captured, why)


def _labels(rng: Random, age: timedelta) -> tuple[str, ...]:
    """Return labels like those of a tidy person: old mail is archived, new mail partly unread."""
    labels = ["CATEGORY_PERSONAL"]
    if age < INBOX_FOR or rng.random() < LEFT_IN_INBOX:
        labels.insert(0, "INBOX")
    if age < UNREAD_FOR and rng.random() < NOT_YET_READ:
        labels.insert(0, "UNREAD")
    if rng.random() < IMPORTANT:
        labels.append("IMPORTANT")
    if rng.random() < STARRED:
        labels.append("STARRED")
    return tuple(labels)


def _server_headers(letter: Letter, account: str, arrived: datetime, *, forged: bool) -> bytes:
    mark = hashlib.sha256(f"{letter.message_id} {account}".encode()).hexdigest()
    sender, domain = letter.author.address, letter.author.address.partition("@")[2].lower()
    ip = f"198.51.100.{int(mark[:2], 16) % 250 + 1}" if not forged else "203.0.113.66"
    when = f"{format_datetime(arrived.astimezone(PACIFIC))} (PST)"
    verdict, spf = ("fail", "softfail") if forged else ("pass", "pass")
    says = "does not designate" if forged else "designates"
    ruling = f"{spf} (google.com: domain of {sender} {says} {ip} as permitted sender)"
    lines = [
        f"Delivered-To: {account}",
        f"Received: by 2002:a05:{mark[2:6]}:{mark[6:10]}:b0:{mark[10:13]} with SMTP id {mark[:16]};",
        f"        {when}",
        f"X-Received: by 2002:a17:{mark[17:20]}:{mark[20:24]}:: with SMTP id {mark[24:40]};",
        f"        {when}",
        f"Return-Path: <{sender}>",
        f"Received: from mail.{domain} (mail.{domain}. [{ip}])",
        f"        by mx.google.com with ESMTPS id {mark[40:56]}",
        f"        for <{account}>",
        "        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);",
        f"        {when}",
        f"Received-SPF: {ruling} client-ip={ip};",
        "Authentication-Results: mx.google.com;",
        f"       dkim={verdict} header.i=@{domain} header.s=s1 header.b={mark[56:64]};",
        f"       spf={ruling} smtp.mailfrom={sender};",
        f"       dmarc={verdict} (p=QUARANTINE sp=QUARANTINE dis=NONE) header.from={domain}",
    ]
    return CRLF.join(lines).encode() + b"\r\n"
