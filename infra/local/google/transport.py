"""What Gmail's servers do to a message on its way in: line ends, and the headers on top."""

import random
import re
from datetime import UTC, datetime
from email.utils import format_datetime, parseaddr

from infra.local.google.heads import printable
from infra.local.google.search import pacific


def crlf(raw: bytes) -> bytes:
    """Return *raw* with CRLF line ends, as Gmail hands every message out."""
    return re.sub(rb"\r?\n", b"\r\n", raw)


def head(mailbox: str, about: dict[str, str], now: float, dice: random.Random) -> bytes:
    """Return the headers a delivered message carries on top; *about* are its own, *now* seconds since 1970.

    The folds have several blanks behind them, as the genuine ones do.
    """
    # Only characters of addresses: a hostile From must not write headers of its own up here.
    sender = re.sub(r"[^\w@.+-]", "", parseaddr(about.get("from", ""))[1]) or "unknown@unknown.example"
    domain = sender.rpartition("@")[2]
    local = datetime.fromtimestamp(now, UTC).astimezone(pacific())
    when = f"{format_datetime(local)} ({local.tzname()})"
    ip, mark = f"192.0.2.{dice.randrange(1, 255)}", f"{dice.getrandbits(64):016x}"
    verdict = f"google.com: domain of {sender} designates {ip} as permitted sender"
    text = f"""\
Delivered-To: {mailbox}
Received: by 2002:a05:{mark[:4]}:{mark[4:8]}:b0:{mark[8:11]} with SMTP id {mark};
        {when}
X-Google-Smtp-Source: AGHT+{mark}{mark[::-1]}
X-Received: by 2002:a17:{mark[:3]}:{mark[3:6]} with SMTP id {mark[::-1]};
        {when}
ARC-Seal: i=1; a=rsa-sha256; t={int(now)}; cv=none;
        d=google.com; s=arc-20240605;
        b={mark * 4}
ARC-Authentication-Results: i=1; mx.google.com;
       spf=pass ({verdict}) smtp.mailfrom={sender}
Return-Path: <{sender}>
Received: from mail.{domain} (mail.{domain}. [{ip}])
        by mx.google.com with ESMTPS id {mark}
        for <{mailbox}>
        (version=TLS1_3 cipher=TLS_AES_256_GCM_SHA384 bits=256/256);
        {when}
Received-SPF: pass ({verdict}) client-ip={ip};
Authentication-Results: mx.google.com;
       dkim=pass header.i=@{domain} header.s=mail;
       spf=pass ({verdict}) smtp.mailfrom={sender};
       dmarc=pass (p=NONE sp=NONE dis=NONE) header.from={domain}
"""
    return crlf(printable(text).encode())
