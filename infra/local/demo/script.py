"""What the demo plays: whose mailboxes, which investors, which mail, and what should come of it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consumer.freemail import is_free_mail
from consumer.mail.addresses import normal
from consumer.match import canonical, normal_rule
from infra.local import ownmail
from infra.local.fund import contacts_csv, fund, live
from infra.local.ownmail import OwnMail

NOBODY = "me@mailroom.test"  # whose mailbox it is when nothing tells


@dataclass(frozen=True, slots=True)
class Delivery:
    """One copy of a message for one mailbox, and what should become of it."""

    account: str
    raw: bytes
    labels: tuple[str, ...]
    internal_date: datetime | None
    captured: bool
    doubtful: bool = False  # names an investor in a From that cannot be trusted: read to be sure, not kept

    @property
    def listed(self) -> bool:
        """Whether a plain listing of the mailbox names it: Gmail leaves spam and the bin out."""
        return not {"SPAM", "TRASH"} & set(self.labels)


@dataclass(frozen=True, slots=True)
class Script:
    """A play: the past is there before the accounts are enrolled, live mail comes afterwards."""

    title: str
    domain: str
    accounts: tuple[str, ...]
    investors_csv: str
    past: tuple[Delivery, ...]
    live: Callable[[], Iterator[tuple[Delivery, ...]]]
    notes: tuple[str, ...] = ()  # what a person should know beforehand


def sample_fund(seed: int) -> Script:
    """Play the sample fund: a year of mail, then new mail for as long as anybody watches."""
    now = datetime.now(UTC)
    cast = fund(seed, now)
    return Script(
        title=f"{cast.name}: {len(cast.teammates)} teammates, {len(cast.investors)} investors",
        domain=cast.domain,
        accounts=tuple(teammate.address for teammate in cast.teammates),
        investors_csv=contacts_csv(cast),
        past=tuple(
            Delivery(copy.account, copy.raw, copy.labels, copy.internal_date, copy.captured)
            for copy in cast.mail
        ),
        live=lambda: (
            tuple(Delivery(copy.account, copy.raw, copy.labels, None, copy.captured) for copy in copies)
            for copies in live(seed, now, lambda: datetime.now(UTC))
        ),
    )


def own_mail(
    mails: list[OwnMail], source: Path, *, investors: tuple[str, ...], account: str | None
) -> Script:
    """Play a person's own mail: all of it lies in one mailbox, and nothing new comes.

    Raises ValueError when *investors* or *account* cannot be meant, or nothing would be captured.
    """
    address = _mailbox(account) if account else ownmail.guess_account(mails, fallback=NOBODY)
    domain = address.rpartition("@")[2]
    ours = frozenset() if is_free_mail(domain) else frozenset((domain,))
    strangers = (
        one for one in ownmail.correspondents(mails, frozenset((address,))) if not _within(one, ours)
    )
    for name in investors:
        _check_investor(name, address, ours)
    named = investors or tuple(sorted(strangers))
    addresses = {name.lower() for name in named if "@" in name}
    domains = {name.lower() for name in named if "@" not in name}
    past = tuple(
        Delivery(
            address,
            mail.raw,
            mail.labels,
            mail.internal_date,
            ownmail.should_capture(mail, addresses, domains, {address}),
            doubtful=_names_any(mail.raw, addresses),
        )
        for mail in mails
    )
    told = (_whose(address, account), *(_unknown(name, mails, address) for name in investors))
    notes = tuple(filter(None, told))
    if not any(one.captured for one in past):
        raise ValueError(f"nothing would be captured.  {'.  '.join(notes)}")
    return Script(
        title=f"{len(mails)} messages from {source}, {len(named)} investor addresses and domains",
        domain=domain,
        accounts=(address,),
        investors_csv=_csv(addresses, domains),
        past=past,
        live=lambda: iter(()),
        notes=notes,
    )


def _mailbox(account: str) -> str:
    address = normal(account.strip())
    if address is None:
        raise ValueError(f"--account {account!r} is not an e-mail address")
    return address


def _check_investor(name: str, mailbox: str, ours: frozenset[str]) -> None:
    """Raise ValueError when the import of investors would refuse it, or it is whose mail this is."""
    value = normal_rule("address" if "@" in name else "domain", name)
    if value == canonical(mailbox) or _within(f"@{value.rpartition('@')[2]}", ours):
        raise ValueError(
            f"--investor {name} is of the mailbox's own domain: colleagues are not investors.  "
            f"The mailbox is {mailbox}; --account names another"
        )


def _whose(address: str, account: str | None) -> str:
    if account:
        return f"Mailbox: {address}"
    if address == NOBODY:
        return f"Mailbox: {address}, for no message says whom it was delivered to; --account names it"
    return f"Mailbox: {address} (guessed; --account changes it)"


def _unknown(name: str, mails: list[OwnMail], mailbox: str) -> str:
    """Say that no message has an investor, and who is there instead; empty when one has."""
    rule = {name.lower()}
    addresses, domains = (rule, set[str]()) if "@" in name else (set[str](), rule)
    if any(ownmail.should_capture(mail, addresses, domains, {mailbox}) for mail in mails):
        return ""
    others = [one for one, _ in ownmail.senders(mails).most_common() if one != mailbox][:5]
    return f"No message has {name}; the most frequent senders are {', '.join(others) or 'nobody'}"


def _within(address: str, domains: frozenset[str]) -> bool:
    """Whether an address is a colleague's: mail among colleagues is not captured."""
    return any(address.endswith((f"@{name}", f".{name}")) for name in domains)


def _names_any(raw: bytes, addresses: set[str]) -> bool:
    """Whether a sender's address that counts stands anywhere in the message's From lines."""
    unfolded = re.sub(rb"\r?\n[ \t]", b" ", raw[:65_536].lower())
    senders = [line for line in unfolded.split(b"\n") if line.lstrip().startswith(b"from")]
    return any(name.encode() in line for line in senders for name in addresses)


def _csv(addresses: set[str], domains: set[str]) -> str:
    rows = [f'"{name}",,"{name}",' for name in sorted(addresses)] + [
        f'"{name}",,,"{name}"' for name in sorted(domains)
    ]
    return "\n".join(("investor,firm,address,domain", *rows, ""))
