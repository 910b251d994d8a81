"""The deep half of `mailroom verify`: read the headers of what was judged unmatched, and judge it again."""

import time
from collections.abc import Callable, Collection, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from consumer import rematch
from consumer.matching import Matching
from consumer.plan import fetch_units
from consumer.proof import headers, judge, reading
from shared.config import Settings
from shared.errors import MailroomError, TryLater
from shared.gmail.client import GmailFactory
from shared.gmail.many import Answers
from shared.gmail.meter import BULK_PACE
from shared.gmail.resources import Message
from shared.store import proofs
from shared.store.accounts import Account
from shared.store.database import Database
from shared.store.ledger import Seen

CHECKED_TOGETHER = 500
# Refusals and used-up units are waited out for this long at most, unless something was read between.
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Work:
    """One account's messages to be read, newest first, and what that costs."""

    account: Account
    wanted: list[Seen]
    units: int


@dataclass(frozen=True, slots=True)
class Deep:
    """What reading said of one account.  Ids are Gmail's."""

    read: int = 0  # messages whose headers were read, those of their threads included
    wrongly_unmatched: tuple[str, ...] = ()  # an investor's by today's rules
    misfiled: tuple[str, ...] = ()  # stored, but linked or shown otherwise than today's rules say
    unread: int = 0  # Gmail gave no answer about them
    units: int = 0
    error: str = ""

    @property
    def clean(self) -> bool:
        """Nothing differs and everything was read."""
        return not (self.wrongly_unmatched or self.misfiled or self.unread or self.error)


@dataclass(frozen=True, slots=True)
class Means:
    """What deep reading needs."""

    db: Database
    gmail: GmailFactory
    settings: Settings
    rules: Matching
    repair: bool
    sleep: Callable[[float], None] = time.sleep


@dataclass(slots=True)
class _Seen:
    """What was learned of an account so far."""

    ids: set[str] = field(default_factory=set)
    read: int = 0
    wrong: list[str] = field(default_factory=list)
    unread: int = 0
    units: int = 0


def plan(means: Means, accounts: Sequence[Account], *, everything: bool) -> list[Work]:
    """Return what there is to read, mailboxes that are left out without anything."""
    works = []
    for one in accounts:
        with means.db.transaction() as conn:
            means.rules.refresh(conn)
            wanted = proofs.unmatched(conn, one.id, everything=everything)
        if one.address in means.rules.excluded.accounts:
            wanted = []
        units = fetch_units(reading(wanted, prices=means.settings.prices), prices=means.settings.prices)
        works.append(Work(one, wanted, units))
    return works


def preview(works: Sequence[Work], *, rate: float) -> str:
    """Say what reading will cost; *rate* in units a second, 0 for no limit."""
    messages, units = sum(len(one.wanted) for one in works), sum(one.units for one in works)
    minutes = units / (rate * BULK_PACE) / 60 if rate else 0
    about = f"about {minutes:,.0f} minutes" if minutes >= 1 else "less than a minute"
    lasts = f", {about} at {rate:g} units a second" if rate else ""
    return f"To be read: the headers of {messages:,} messages; {units:,} units{lasts}."


def ends(left: int, *, spent: int, elapsed: float, rate: float) -> timedelta | None:
    """Return how long *left* units take: at the pace so far, and never faster than the budget flows.

    *elapsed* in seconds; *rate* in units a second, 0 for no limit.  None: nothing to go by.
    """
    paces = [spent / elapsed] if spent and elapsed else []
    paces += [rate * BULK_PACE] if rate else []
    return timedelta(seconds=left / min(paces)) if paces else None


def read(means: Means, works: Sequence[Work], console: Console) -> list[Deep]:
    """Read what was planned, account by account; a bar on *console* says how far it is, in a terminal."""
    with _bar(works, console, rate=means.settings.rate_units_sec) as advance:
        return [_account(means, work, advance) for work in works]


def _account(means: Means, work: Work, advance: Callable[[int], None]) -> Deep:
    seen, error = _Seen(), ""

    def count(units: int) -> None:
        seen.units += units
        advance(units)

    try:
        with means.gmail.counting(count):
            _read(means, work, seen)
        stored = _stored(means, work.account)
    except MailroomError as refused:
        stored, error = [], str(refused)
    return Deep(seen.read, tuple(seen.wrong), tuple(stored), seen.unread, seen.units, error)


def _read(means: Means, work: Work, seen: _Seen) -> None:
    """Read until nothing is left, and wait when told to.  Raises what waiting does not end."""
    address, waited = work.account.address, timedelta(0)
    skip = (*means.settings.skip_labels, *means.rules.excluded.labels_of(address))
    while left := [one for one in work.wanted if one.gmail_id not in seen.ids]:
        before = len(seen.ids)
        try:
            for answers in headers(means.gmail.account(address), left, prices=means.settings.prices):
                _judge(means, work.account, answers, seen, skip=skip)
        except TryLater as later:
            waited = later.after if len(seen.ids) > before else waited + later.after
            if waited > PATIENCE:
                raise
            means.sleep(later.after.total_seconds())


def _judge(means: Means, account: Account, answers: Answers, seen: _Seen, *, skip: Collection[str]) -> None:
    """Take in a batch; nothing of its headers is kept.  With repair it counts as proved."""
    judgement = judge(means.rules, answers, skip=skip)
    with means.db.transaction() as conn:
        seen.wrong += proofs.still_unmatched(conn, account.id, judgement.matching)
        if means.repair:
            proofs.proved(conn, account.id, list(answers), judgement)
    seen.read += sum(isinstance(answer, Message) for answer in answers.values())
    seen.unread += len(judgement.unreadable)
    seen.ids |= answers.keys()


def _stored(means: Means, account: Account) -> list[str]:
    """Return the stored messages that are not where they belong; costs no unit."""
    with means.db.transaction() as conn:
        held = proofs.stored_emails(conn, account.id)
    ids, wrong = sorted(held), list[int]()
    for start in range(0, len(ids), CHECKED_TOGETHER):
        with means.db.transaction() as conn:
            wrong += rematch.misfiled(conn, means.rules, ids[start : start + CHECKED_TOGETHER])
    if means.repair:
        rematch.refile(means.db, means.rules, wrong)
    return [held[email_id] for email_id in wrong]


@contextmanager
def _bar(works: Sequence[Work], console: Console, *, rate: float) -> Generator[Callable[[int], None]]:
    """Yield who takes the units spent; without a terminal nothing is shown."""
    if not console.is_terminal:
        yield _nothing
        return
    total, begun, spent = sum(one.units for one in works), time.monotonic(), 0
    told = "{task.completed:,.0f} of {task.total:,.0f} units{task.fields[until]}"

    def until() -> str:
        elapsed = time.monotonic() - begun
        lasts = ends(max(total - spent, 0), spent=spent, elapsed=elapsed, rate=rate)
        return f", until {datetime.now().astimezone() + lasts:%H:%M}" if lasts else ""

    with Progress(BarColumn(), TextColumn(told), console=console, transient=True) as bar:
        task = bar.add_task("", total=total, until=until())

        def advance(units: int) -> None:
            nonlocal spent
            spent += units
            bar.update(task, completed=spent, total=max(total, spent), until=until())

        yield advance


def agreed(works: Sequence[Work], console: Console, *, rate: float, ask: bool) -> bool:
    """Say what it will cost, and *ask* whether to go on."""
    console.print(preview(works, rate=rate), highlight=False, soft_wrap=True)
    asked = ask and any(one.wanted for one in works)
    return not asked or click.confirm("Read them?", default=True, err=True)


def _nothing(_units: int) -> None:
    """Without a terminal nobody looks."""
