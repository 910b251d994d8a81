"""What keeps mail from being lost, each taken out by itself: without any one of them the simulation must fail."""

from types import SimpleNamespace

import pytest

from consumer import backfill, capture, delta, reconcile, rematch, run, storing
from consumer.history import Fold, fold
from shared.store import accounts, deltas, ledger, matching
from shared.store.database import Database
from tests.simulation.machine import Schedule

Patch = pytest.MonkeyPatch


def _sql(patch: Patch, queries: dict[str, bytes], name: str, old: bytes, new: bytes) -> None:
    assert old in queries[name], f"{name} no longer has {old!r}"
    patch.setitem(queries, name, queries[name].replace(old, new))


def the_fence(patch: Patch) -> None:
    """A worker that was overtaken can still write."""
    _sql(patch, deltas.SQL, "hold", b" AND fence = %(fence)s AND lease_owner IS NOT NULL", b"")
    _sql(patch, accounts.SQL, "move_cursor", b" AND cursor = %(expected)s", b"")


def the_wake_counter(patch: Patch) -> None:
    """A notification that comes during a run is forgotten when the account is given back."""
    _sql(
        patch,
        deltas.SQL,
        "release",
        b"wake = coalesce(%(seen_wake)s::bigint, wake) AS quiet",
        b"true AS quiet",
    )


def the_cursor_in_the_same_transaction(patch: Patch) -> None:
    """The cursor moves by itself, before the ledger rows are committed."""
    real = accounts.move_cursor

    def alone(_conn, *args, **named):
        with Database.transaction(Schedule.db) as conn:
            return real(conn, *args, **named)

    patch.setattr(delta.accounts, "move_cursor", alone)


def the_anchor_before_the_listing(patch: Patch) -> None:
    """After expired history the cursor is set to Gmail's newest when the listing has ended."""
    real = reconcile.confirm

    def late(db, gmail, settings, lease, search):
        real(db, gmail, settings, lease, search)
        with db.transaction() as conn:
            account = accounts.by_id(conn, lease.account_id)
            accounts.restart_cursor(conn, account.id, expected=account.cursor, to=gmail.profile().history_id)

    patch.setattr(reconcile, "confirm", late)


def the_long_way_round(patch: Patch) -> None:
    """Expired history is answered by starting from now."""

    def skipped(conn, account_id, **_):
        return None

    patch.setattr(reconcile.searches, "recover", skipped)


def asking_before_calling_it_gone(patch: Patch) -> None:
    """What a listing does not name is gone."""

    def hasty(db, _gmail, settings, lease, search):
        with db.transaction() as conn:
            doubtful = ledger.in_doubt(conn, lease.account_id, search.id, limit=1000)
            reconcile.vanish(conn, settings, lease.account_id, doubtful)
            reconcile.searches.finish(conn, search)

    patch.setattr(reconcile, "confirm", hasty)


def label_changes_as_arrivals(patch: Patch) -> None:
    """Only messagesAdded counts: rescued spam has none."""

    def added_only(records, skip=()):
        all_ = list(records)
        told = fold(all_, skip).told
        new = {change.message.id for record in all_ for change in record.messages_added}
        return Fold({id_: one for id_, one in told.items() if id_ in new or one.gone})

    patch.setattr(delta, "fold", added_only)


def reopening_what_labels_ruled_out(patch: Patch) -> None:
    """What was spam once stays excluded."""
    patch.setattr(delta, "reopened", lambda *_: [])


def rescue_in_the_gap(patch: Patch) -> None:
    """The listing after expired history does not look at what was excluded before."""
    patch.setattr(backfill.reconcile, "reappear", lambda *_: None)


def patience_with_a_lagging_index(patch: Patch) -> None:
    """A message announced a moment ago that answers 404 is gone."""
    patch.setattr(capture, "LAG_PAUSES", ())
    patch.setattr(capture, "LAG_AGE", capture.timedelta(0))


def rules_checked_while_storing(patch: Patch) -> None:
    """A message is stored by the rules it was matched by, whatever they are now."""
    real = storing.store

    def unchecked(db, lease, mails, *, generation):
        with Database.transaction(Schedule.db) as conn:
            generation = matching.generation(conn)
        real(db, lease, mails, generation=generation)

    patch.setattr(capture, "store", unchecked)


def rematching(patch: Patch) -> None:
    """Stored mail does not follow the rules."""
    patch.setattr(rematch, "_rematch", lambda *_: None)


def the_search_for_a_new_investors_past(patch: Patch) -> None:
    """What was nobody's stays nobody's."""
    patch.setattr(rematch, "_search", lambda *_: None)


def judging_again_for_a_new_investor(patch: Patch) -> None:
    """A search names a message that was unmatched by the old rules, and it stays so."""
    _sql(patch, ledger.SQL, "name", b"OR %(again)s", b"")


def labels_before_bodies(patch: Patch) -> None:
    """Drafts and spam are read like any other mail."""
    patch.setattr(capture, "ruled_out", lambda *_: False)


def matching_before_bodies(patch: Patch) -> None:
    """Everything is fetched whole, and judged then."""
    patch.setattr(capture, "_skips_the_scales", lambda _: True)


def counting_only_a_messages_own_failures(patch: Patch) -> None:
    """A pause that Gmail asks for counts against the message that met it."""
    real = ledger.postpone

    def counted(conn, account_id, ids, why):
        real(conn, account_id, ids, ledger.Postponed(why.after, why.error, counts=True))

    patch.setattr(capture.ledger, "postpone", counted)
    patch.setattr(capture, "Unanswered", capture.TryLater)
    patch.setattr(Schedule, "retry_max", 3)


def the_quiet_poll(patch: Patch) -> None:
    """Without a notification nobody looks."""
    patch.setattr(run, "_outcome", _never_again)


def _never_again(deps, lease, looked):
    del deps, lease
    return run.Outcome(run.timedelta(days=3650), looked.wake if looked else None, 0)


DEFENCES = {
    name.replace("_", " "): act
    for name, act in SimpleNamespace(**globals()).__dict__.items()
    if callable(act) and getattr(act, "__module__", "") == __name__ and not name.startswith("_")
}
