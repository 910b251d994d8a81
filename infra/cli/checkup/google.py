"""Google's side as seen from here: the access to one mailbox, the watch, the keys of push tokens."""

from collections.abc import Iterator

from infra.cli.checkup.finding import Finding, note, ok, problem
from shared.config import Settings
from shared.gmail.client import GmailFactory
from shared.gmail.transport import Transport
from watcher.enrolment import checked

OK = 200


def mailbox(gmail: GmailFactory, settings: Settings, address: str) -> Iterator[Finding]:
    """May we read this mailbox?  Token and one call: 1 unit.  A refusal names the missing grant."""
    wanted = checked(address, settings.workspace_domain)
    profile = gmail.account(wanted, live=True).profile()
    primary = profile.email_address.lower()
    if primary == wanted:
        yield ok("gmail", f"{wanted} may be read; it holds {profile.messages_total} messages")
    else:
        yield problem("gmail", f"{wanted} is an alias or a former name: enrol {primary}")


def watch(gmail: GmailFactory, settings: Settings, address: str, *, keep: bool) -> Iterator[Finding]:
    """May Gmail publish to the topic?  Only a watch can tell: 100 units; it is ended again unless *keep*."""
    one = gmail.account(address.strip().lower(), live=True)
    made = one.watch(settings.pubsub_topic)
    if not keep:
        one.stop()
    until = f"the watch lasts until {made.expiration:%-d %B}" if keep else "the watch was ended again"
    yield ok("watch", f"Gmail may publish to {settings.pubsub_topic}; {until}")


def push_keys(transport: Transport, settings: Settings) -> Iterator[Finding]:
    """Can the keys be had that prove who pushes?"""
    if not settings.push_audience:
        yield note("push keys", "CRM_GMAIL_PUSH_AUDIENCE is not set: notifications are not pushed here")
        return
    answer = transport.send("GET", settings.push_certs_url, headers={})
    if answer.status == OK and answer.body.lstrip().startswith(b"{"):
        yield ok("push keys", "the keys of push tokens can be had")
    else:
        yield problem("push keys", f"CRM_GMAIL_PUSH_CERTS_URL answers {answer.status}: correct it")
