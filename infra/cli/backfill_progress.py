"""How far backfills have come, shown until they are done."""

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from consumer import progress as judged
from consumer.progress import Facts, Left, Stage
from shared.config import Settings
from shared.store import progress
from shared.store.database import Database

EVERY_SEC = 1.0
SAYS_AGAIN_SEC = 30.0  # where no bar can move
LATELY = timedelta(minutes=1)  # of which the speed is observed: as long as Gmail's own quota counts
SOON = timedelta(minutes=3)
ENDED: frozenset[Stage] = frozenset({"done", "cancelled", "stopped"})
INTERRUPTED = 130


class Following:
    """Reads the numbers of some accounts again and again, and shows what they mean."""

    def __init__(
        self, db: Database, settings: Settings, account_ids: Sequence[int], *, as_json: bool
    ) -> None:
        self._db, self._settings, self._ids, self._as_json = db, settings, list(account_ids), as_json
        self._first: dict[str, Facts] = {}
        self._lately: dict[str, deque[Facts]] = {}
        self._sharing = 1

    def once(self) -> int:
        """Show each account once; return the exit code."""
        for facts in self._read():
            click.echo(self._json(facts) if self._as_json else self._line(facts))
        return 0

    def until_done(self) -> int:
        """Show every change until nothing is left to do or Ctrl-C; return the exit code."""
        console = Console()
        try:
            if self._as_json:
                last = self._follow_json()
            elif console.is_terminal:
                last = self._follow_bars(console)
            else:
                last = self._follow_lines()
        except KeyboardInterrupt:
            whose = next(iter(self._first)) if len(self._first) == 1 else "ADDRESS"
            click.echo(
                "\nNo longer following; running consumers go on."
                f"  See `mailroom backfill --status`; `mailroom backfill {whose} --cancel` ends it.",
                err=True,
            )
            return INTERRUPTED
        if not self._as_json:
            for facts in last:
                click.echo(self._line(facts))
        return int(any(facts.dead or judged.stage(facts) == "stopped" for facts in last))

    def _rounds(self) -> Iterator[list[Facts]]:
        """Yield every account's numbers until all have ended."""
        while True:
            found = self._read()
            yield found
            if all(judged.stage(facts) in ENDED for facts in found):
                return
            time.sleep(EVERY_SEC)

    def _read(self) -> list[Facts]:
        with self._db.transaction() as conn:
            found = progress.facts(conn, self._ids, make=Facts)
        for facts in found:
            self._first.setdefault(facts.account, facts)
            lately = self._lately.setdefault(facts.account, deque())
            lately.append(facts)
            while facts.now - lately[0].now > LATELY:
                lately.popleft()
        self._sharing = sum(judged.stage(facts) not in ENDED for facts in found)
        return found

    def _follow_json(self) -> list[Facts]:
        said, found = dict[str, object](), list[Facts]()
        for found in self._rounds():
            for facts in found:
                told = (judged.stage(facts), self._left(facts), facts.stored, facts.dead, facts.held)
                if said.get(facts.account) != told:
                    said[facts.account] = told
                    click.echo(self._json(facts))
        return found

    def _follow_lines(self) -> list[Facts]:
        said, found = dict[str, tuple[Stage, float]](), list[Facts]()
        for found in self._rounds():
            for facts in found:
                now, (stage, at) = time.monotonic(), said.get(facts.account, ("done", 0.0))
                doing = judged.stage(facts)
                if doing not in ENDED and (doing != stage or now - at > SAYS_AGAIN_SEC):
                    said[facts.account] = (doing, now)
                    click.echo(self._line(facts))
        return found

    def _follow_bars(self, console: Console) -> list[Facts]:
        columns = (
            TextColumn("{task.description}"),
            BarColumn(bar_width=16),
            TextColumn("{task.fields[says]}"),
        )
        bars, found = dict[str, TaskID](), list[Facts]()
        with Progress(*columns, console=console, transient=True) as shown:
            for found in self._rounds():
                for facts in found:
                    bar = bars.get(facts.account)
                    if bar is None:
                        bar = bars[facts.account] = shown.add_task(facts.account, total=None, says="")
                    left = self._left(facts)
                    done = facts.spent - self._first[facts.account].spent
                    total = None if facts.plans else max(done + left.units, 1)
                    shown.update(bar, completed=done, total=total, says=self._says(facts))
        return found

    def _left(self, facts: Facts) -> Left:
        return judged.left(facts, page=self._settings.page_size, prices=self._settings.prices)

    def _ends(self, facts: Facts, units: int) -> datetime | None:
        settings = self._settings
        sharing = self._sharing if settings.rate_scope == "credential" else 1
        speed = judged.speed(
            self._lately[facts.account][0], facts, rate=settings.rate_units_sec, sharing=sharing
        )
        return judged.ends_at(facts, units, speed)

    def _line(self, facts: Facts) -> str:
        return f"{facts.account}: {self._says(facts)}"

    def _says(self, facts: Facts) -> str:
        """Return one line about an account: what is done, what is left, and until when."""
        stage, left = judged.stage(facts), self._left(facts)
        if stage in ENDED:
            return _ended(facts, stage)
        about = "" if left.exact else "about "
        says = [DOING[stage].format(facts=facts)]
        if not facts.plans:
            says.append(f"{about}{left.units:,} units left")
        if judged.is_alone(facts):
            return " · ".join([*says, "nobody works on it: is `mailroom consume` running?"])
        until = judged.waits_until(facts)
        if until is not None:
            says.append(f"waits for units or a retry until {_clock(until)}")
        return " · ".join([*says, *self._times(facts, left)])

    def _times(self, facts: Facts, left: Left) -> list[str]:
        if facts.plans:
            return []
        stored = self._ends(facts, left.finding + left.fetching) if left.finding + left.fetching else None
        end = self._ends(facts, left.units)
        if end is None:
            return ["no end time yet"]
        if stored is None or not left.proving:
            return [f"ends {_clock(end)}"]
        return [f"stored {_clock(stored)}, proved {_clock(end)}"]

    def _json(self, facts: Facts) -> str:
        left, until = self._left(facts), judged.waits_until(facts)
        end = None if facts.plans else self._ends(facts, left.units)
        return json.dumps(
            {
                "at": facts.now.isoformat(),
                "account": facts.account,
                "stage": judged.stage(facts),
                "kinds": facts.kinds,
                "stored": facts.stored,
                "waiting": facts.waiting,
                "unproved": facts.unproved,
                "held": facts.held,
                "dead": facts.dead,
                "listed": facts.listed,
                "expected": facts.expected,
                "units_left": {"finding": left.finding, "fetching": left.fetching, "proving": left.proving},
                "exact": left.exact,
                "waits_until": until.isoformat() if until else None,
                "nobody_works": judged.stage(facts) not in ENDED and judged.is_alone(facts),
                "ends_at": end.isoformat() if end and judged.stage(facts) not in ENDED else None,
            }
        )


DOING: dict[Stage, str] = {
    "planning": "planning",
    "searching": "{facts.searches:,} searches to go",
    "fetching": "{facts.waiting:,} messages to read, {facts.stored:,} stored",
    "listing": "listing everything, {facts.listed:,} of about {facts.expected:,}",
    "confirming": "asking for what was not listed",
    "proving": "{facts.stored:,} stored, {facts.unproved:,} headers to prove it",
}


def _ended(facts: Facts, stage: Stage) -> str:
    if stage == "stopped":
        why = facts.reason or "`mailroom verify` and the console say more"
        return f"stands still, for the mailbox is {facts.status}: {why}"
    if stage == "cancelled":
        return (
            f"cancelled: {facts.stored:,} stored, {facts.held:,} found and not read,"
            f" {facts.unproved:,} not proved.  `mailroom backfill {facts.account}` goes on"
        )
    given_up = f"; {facts.dead:,} given up, `mailroom replay --list` says why" if facts.dead else ""
    return f"done: {facts.stored:,} stored, everything Gmail lists is accounted for{given_up}"


def _clock(when: datetime) -> str:
    """Return a time as a clock on the wall shows it: with seconds when it is soon, else perhaps its day."""
    local, now = when.astimezone(), datetime.now().astimezone()
    if local.date() != now.date():
        return f"{local:%a %d %b %H:%M}"
    return f"{local:%H:%M:%S}" if local - now < SOON else f"{local:%H:%M}"
