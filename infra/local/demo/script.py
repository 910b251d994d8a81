"""What the demo plays: whose mailboxes, which investors, which mail, and what should come of it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from consumer.freemail import is_free_mail
from infra.local import ownmail
from infra.local.fund import contacts_csv, fund, live
from infra.local.ownmail import OwnMail


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
    """Play a person's own mail: all of it lies in one mailbox, and nothing new comes."""
    address = account or ownmail.guess_account(mails, fallback="me@mailroom.test")
    domain = address.rpartition("@")[2]
    ours = frozenset() if is_free_mail(domain) else frozenset((domain,))
    strangers = (
        one for one in ownmail.correspondents(mails, frozenset((address,))) if not _within(one, ours)
    )
    named = investors or tuple(sorted(strangers))
    addresses = {name.lower() for name in named if "@" in name}
    domains = {name.lower() for name in named if "@" not in name}
    return Script(
        title=f"{len(mails)} messages from {source}, {len(named)} investor addresses and domains",
        domain=domain,
        accounts=(address,),
        investors_csv=_csv(addresses, domains),
        past=tuple(
            Delivery(
                address,
                mail.raw,
                mail.labels,
                mail.internal_date,
                ownmail.should_capture(mail, addresses, domains, {address}),
                doubtful=_names_any(mail.raw, addresses),
            )
            for mail in mails
        ),
        live=lambda: iter(()),
    )


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
