"""What keeps mail from being lost, each taken out by itself: without any one of them the simulation must fail.

Each names the steps that could show its absence.  Schedules are drawn from these and from the few of
which everything is made: out of all steps together they would be drawn too seldom to be waited for.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from consumer import backfill, capture, delta, reconcile, rematch, run
from consumer.history import Fold, fold
from shared.store import accounts, deltas, ledger, searches
from shared.store.database import Database
from tests.simulation.machine import Schedule

Patch = pytest.MonkeyPatch
ALWAYS = {"open", "arrives", "works", "time_passes"}


@dataclass(frozen=True)
class Defence:
    """How to take it out, what mail is lost by without it, and which steps may show that."""

    take_out: Callable[[Patch], None]
    without: str
    steps: frozenset[str]


DEFENCES: dict[str, Defence] = {}


def shown_by(*steps: str) -> Callable[[Callable[[Patch], None]], Callable[[Patch], None]]:
    """Note a defence, by the name of what takes it out."""

    def note(take_out: Callable[[Patch], None]) -> Callable[[Patch], None]:
        name = take_out.__name__.replace("_", " ")
        DEFENCES[name] = Defence(take_out, take_out.__doc__ or "", frozenset(steps) | ALWAYS)
        return take_out

    return note


def drawn_from(steps: frozenset[str]) -> type[Schedule]:
    """Return the simulation with these steps only, and without the checks that find what was lost."""
    steps_apart = [one.function for one in Schedule.setup_state().rules if one.function.__name__ not in steps]
    others = {step.__name__: step for step in steps_apart}  # still there to be called, and drawn no more
    return type("Drawn", (Schedule,), others | {"may_check": False})


def _sql(patch: Patch, queries: dict[str, bytes], name: str, old: bytes, new: bytes) -> None:
    assert old in queries[name], f"{name} no longer has {old!r}"
    patch.setitem(queries, name, queries[name].replace(old, new))


@shown_by("is_overtaken_at_work")
def the_fence(patch: Patch) -> None:
    """A worker that was overtaken can still write, a cursor that is behind by now included."""
    _sql(patch, deltas.SQL, "hold", b" AND fence = %(fence)s AND lease_owner IS NOT NULL", b"")
    # The table itself refuses an end of a lease that nobody holds.
    until = b"clock_timestamp() + %(lasts)s"
    _sql(patch, deltas.SQL, "hold", until, b"CASE WHEN lease_owner IS NOT NULL THEN " + until + b" END")
    _sql(patch, accounts.SQL, "move_cursor", b" AND cursor = %(expected)s AND %(to)s >= cursor", b"")


@shown_by("mail_arrives_during_work")
def the_wake_counter(patch: Patch) -> None:
    """A notification that comes during a run is forgotten when the account is given back."""
    _sql(
        patch,
        deltas.SQL,
        "release",
        b"wake = coalesce(%(seen_wake)s::bigint, wake) AS quiet",
        b"true AS quiet",
    )


@shown_by("dies_at_work")
def the_cursor_in_the_same_transaction(patch: Patch) -> None:
    """The cursor moves by itself, before the ledger rows are committed."""
    real = accounts.move_cursor

    def alone(_conn, *args, **named):
        with Database.transaction(Schedule.db) as conn:
            return real(conn, *args, **named)

    patch.setattr(delta.accounts, "move_cursor", alone)


@shown_by("history_expires", "mail_arrives_during_work")
def the_anchor_before_the_listing(patch: Patch) -> None:
    """After expired history the cursor is set to Gmail's newest when the listing has ended, and not looked again."""
    _sql(patch, searches.SQL, "look_again", b"WHERE id = %(id)s", b"WHERE false AND id = %(id)s")
    real = reconcile.confirm

    def late(db, gmail, settings, lease, search):
        real(db, gmail, settings, lease, search)
        with db.transaction() as conn:
            account = accounts.by_id(conn, lease.account_id)
            accounts.restart_cursor(conn, account.id, expected=account.cursor, to=gmail.profile().history_id)

    patch.setattr(reconcile, "confirm", late)


@shown_by("history_expires")
def the_long_way_round(patch: Patch) -> None:
    """Expired history is answered by starting from now."""

    def skipped(conn, account_id, **_):
        return None

    patch.setattr(reconcile.searches, "recover", skipped)


@shown_by("history_expires", "is_moved")
def asking_before_calling_it_gone(patch: Patch) -> None:
    """What a listing does not name is gone."""

    def hasty(db, _gmail, settings, lease, search):
        with db.transaction() as conn:
            doubtful = ledger.in_doubt(conn, lease.account_id, search.id, limit=1000)
            reconcile.vanish(conn, settings, lease.account_id, doubtful)
            reconcile.searches.finish(conn, search)

    patch.setattr(reconcile, "confirm", hasty)


@shown_by("is_moved", "is_rescued_from_spam")
def label_changes_as_arrivals(patch: Patch) -> None:
    """Only messagesAdded counts: rescued spam has none."""

    def added_only(records, skip=()):
        all_ = list(records)
        told = fold(all_, skip).told
        new = {change.message.id for record in all_ for change in record.messages_added}
        return Fold({id_: one for id_, one in told.items() if id_ in new or one.gone})

    patch.setattr(delta, "fold", added_only)


@shown_by("is_moved", "is_rescued_from_spam")
def reopening_what_labels_ruled_out(patch: Patch) -> None:
    """What was spam once stays excluded."""
    patch.setattr(delta, "reopened", lambda *_: [])


@shown_by("is_moved", "is_rescued_from_spam", "history_expires")
def rescue_in_the_gap(patch: Patch) -> None:
    """The listing after expired history does not look at what was excluded before."""
    patch.setattr(backfill, "_rescued", lambda *_: None)


@shown_by("the_index_lags")
def patience_with_a_lagging_index(patch: Patch) -> None:
    """A message announced a moment ago that answers 404 is gone."""
    patch.setattr(capture, "LAG_PAUSES", ())
    patch.setattr(capture, "LAG_AGE", capture.timedelta(0))


@shown_by("know", "forget", "rematches")
def rematching(patch: Patch) -> None:
    """Stored mail does not follow the rules."""
    patch.setattr(rematch, "_rematch", lambda *_, **__: None)


@shown_by("an_answer_comes_from_home", "know", "forget", "rematches")
def joining_and_dividing_conversations(patch: Patch) -> None:
    """Stored mail stays in the conversation it was put in, whosever it turns out to be."""
    patch.setattr(rematch, "regroup", lambda *_: ([], set()))


@shown_by("know", "rematches")
def the_search_for_a_new_investors_past(patch: Patch) -> None:
    """What was nobody's stays nobody's."""
    patch.setattr(rematch, "_search", lambda *_: None)


@shown_by("know", "rematches")
def judging_again_for_a_new_investor(patch: Patch) -> None:
    """A search names a message that was unmatched by the old rules, and it stays so."""
    _sql(patch, ledger.SQL, "name", b"OR %(again)s", b"")


@shown_by()
def labels_before_bodies(patch: Patch) -> None:
    """Drafts and spam are read like any other mail."""
    patch.setattr(capture, "ruled_out", lambda *_: False)


@shown_by()
def matching_before_bodies(patch: Patch) -> None:
    """Everything is fetched whole, and judged then."""
    patch.setattr(capture, "_skips_the_scales", lambda _: True)


@shown_by()
def the_quiet_poll(patch: Patch) -> None:
    """Without a notification nobody looks."""
    patch.setattr(run, "_outcome", _never_again)


def _never_again(deps, lease, looked):
    del deps, lease
    return run.Outcome(run.timedelta(days=3650), looked.wake if looked else None, 0)
