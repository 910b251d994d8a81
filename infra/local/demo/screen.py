"""What the person at the terminal sees."""

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from infra.local.demo.play import Play, Verdict, percentile
from shared.store.serve import Arrival

ARROWS = {"inbound": "[green]←[/]", "outbound": "[blue]→[/]", "both": "[cyan]↔[/]"}
GMAIL_PACE = 6_000  # units a minute and mailbox, for a project made since May 2026


class Screen:
    """Lines, a progress bar and tables on one console."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)

    def say(self, sentence: str) -> None:
        """Say one thing that happened."""
        self.console.print(f"[dim]·[/] {escape(sentence)}", soft_wrap=True)  # an address stays one word

    @contextmanager
    def backfill(self, total: int) -> Generator["Bar"]:
        """Show a bar over *total* messages while the first backfill runs."""
        columns = (
            TextColumn("  first backfill"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("messages, about"),
            TimeRemainingColumn(compact=True),
            TextColumn("left"),
        )
        with Progress(*columns, console=self.console, transient=False) as progress:
            yield Bar(progress, progress.add_task("", total=total))

    def arrival(self, arrival: Arrival, seconds: float | None) -> None:
        """One line per captured live message: when, which way, who, what, and how fast."""
        if arrival.kind != "stored" or arrival.historic:
            return
        who = escape((arrival.investors or [arrival.author])[0][:26])
        fast = f"{seconds * 1000:.0f} ms" if seconds is not None else "polled"
        subject = escape((arrival.subject or "")[:52])
        mailbox = escape(arrival.accounts[-1].partition("@")[0])
        self.console.print(
            f"  [dim]{datetime.now().astimezone():%H:%M:%S}[/] [bold]{fast:>7}[/] "
            f"{ARROWS[arrival.direction]} "
            f"[dim]{mailbox:<7}[/] {who:<26} {subject}",
            no_wrap=True,
            overflow="ellipsis",
        )

    def summary(self, play: Play, verdict: Verdict) -> None:
        """The table at the end, and the sentence that counts."""
        self.console.print(_table(play, verdict))
        for copies, what in (
            (verdict.lost, "should have been captured and is not there"),
            (verdict.foreign, "was captured and is nobody's business"),
            (verdict.pried, "had its body read although it is no investor's"),
        ):
            for account, gmail_id in sorted(copies)[:10]:
                self.console.print(f"[red]{account} {gmail_id}: {what}[/]")
        if verdict.unaccounted:
            self.console.print(
                f"[red]{verdict.unaccounted} delivered messages are not settled in the ledger[/]"
            )
        right = len(verdict.captured & verdict.expected)
        colour = "green" if verdict.good else "red"
        self.console.print(f"[bold {colour}]captured {right} of {len(verdict.expected)}[/]")


class Bar:
    """The progress of the first backfill."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress, self._task = progress, task

    def reach(self, settled: int) -> None:
        """Move to *settled* messages."""
        self._progress.update(self._task, completed=settled)


def _table(play: Play, verdict: Verdict) -> Table:
    table = Table("", "", show_header=False, box=None, padding=(0, 2))
    captured, unmatched = len(verdict.captured), verdict.totals.get("unmatched", 0)
    units = f"{verdict.units:,}" + (
        f"  ({verdict.units / captured:.1f} per captured copy)" if captured else ""
    )
    minutes = verdict.units / GMAIL_PACE / max(len(play.script.accounts), 1)
    rows = [
        ("delivered", f"{verdict.delivered:,} copies in {len(play.script.accounts)} mailbox(es)"),
        ("captured", f"{captured:,} copies"),
        ("not ours", f"{unmatched:,} (bodies read to be sure: {verdict.read_not_kept})"),
        ("ruled out by label", f"{verdict.totals.get('excluded', 0):,} (drafts, spam, bin)"),
        ("with defects", f"{verdict.defects.get('', 0):,}"),
        ("Gmail units spent", units),
        ("at Gmail's own pace", f"{minutes:.1f} min (this local Google does not meter)"),
        ("push → view", _times(play.push_to_view)),
        ("Gmail → view", _times(play.gmail_to_view)),
    ]  # fmt: skip
    for name, value in rows:
        table.add_row(f"[dim]{name}[/]", value)
    return table


def _times(seconds: list[float]) -> str:
    median, high = percentile(seconds, 0.5), percentile(seconds, 0.95)
    if median is None or high is None:
        return "no live message yet"
    return f"p50 {median * 1000:.0f} ms · p95 {high * 1000:.0f} ms · {len(seconds)} live copies"
