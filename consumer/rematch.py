"""After a change of the rules, stored mail is matched again: it makes no difference what came first."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast

from consumer.mail.message import Participant, Role
from consumer.matching import Matching
from consumer.rethread import regroup
from shared.log import logger
from shared.store import accounts, deltas, disappearance, emails, investors, matching, searches, threads
from shared.store.database import Connection, Database
from shared.store.emails import NewMatch

log = logger("consumer")

CHANGES_TOGETHER = 1_000
MAILS_TOGETHER = 500
ERASED_TOGETHER = 200
LEFT_OUT = ("own", "excluded_address", "excluded_domain")
BY_ADDRESS = ("address", "own", "excluded_address")


def catch_up(db: Database, rules: Matching, *, stopped: Callable[[], bool] = lambda: False) -> int:
    """Re-match what the rules' changes concern, until none is left; return how many messages were.

    Some hundred at a time: nobody can store meanwhile, and mail that arrives takes its turn in between.
    New addresses and domains are also searched for in the past of every account.  Safe to run from
    several consumers at once: one does it, the others go on.
    """
    total = 0
    while not stopped() and (done := _one_step(db, rules)) is not None:
        total += done
    return total


def _one_step(db: Database, rules: Matching) -> int | None:
    """Re-match the next messages in one transaction; None when there are none, or somebody else is at it."""
    with db.transaction() as conn:
        reached = matching.claim(conn)
        if reached is None:
            return None
        changes = matching.changes(conn, after=reached.done, upto=reached.target, limit=CHANGES_TOGETHER)
        if not changes:
            return None
        rules.refresh(conn)
        concerned = matching.concerned(
            conn,
            addresses=[one.value for one in changes if one.kind in BY_ADDRESS],
            domains=[one.value for one in changes if one.kind in ("domain", "excluded_domain")],
            after=reached.position,
            limit=MAILS_TOGETHER,
        )
        if concerned:
            _rematch(conn, rules, concerned, taken_back=any(map(_takes_back, changes)))
        if len(concerned) == MAILS_TOGETHER:
            matching.advance(conn, target=changes[-1].id, position=concerned[-1])
        else:
            _search(conn, _to_search(conn, changes))
            matching.finished(conn, changes[-1].id)
    log.info("rematch.step", changes=len(changes), messages=len(concerned))
    return len(concerned)


def misfiled(conn: Connection, rules: Matching, email_ids: Sequence[int]) -> list[int]:
    """Return the stored messages that are linked otherwise than today's rules say, or shown otherwise."""
    rules.refresh(conn)
    known = matching.investors_of(conn, email_ids)
    wrong = {
        email_id
        for email_id, found in _found(conn, rules, email_ids).items()
        if {one.investor_id for one in found} != known.get(email_id, set())
    }
    return sorted(wrong.union(matching.wrongly_shown(conn, email_ids)))


def refile(db: Database, rules: Matching, email_ids: Sequence[int]) -> None:
    """Match stored messages again whatever the rules did, and have the views show them as they should."""
    for start in range(0, len(email_ids), MAILS_TOGETHER):
        some = email_ids[start : start + MAILS_TOGETHER]
        with db.transaction() as conn:
            matching.exclude(conn)
            rules.refresh(conn)
            _rematch(conn, rules, some)
            emails.announce(conn, [(one, "visibility", True) for one in some])


def _found(conn: Connection, rules: Matching, email_ids: Sequence[int]) -> dict[int, list[NewMatch]]:
    return {
        email_id: [
            NewMatch(one.investor_id, one.role, one.address, one.strategy, one.ambiguous)
            for one in rules.match([Participant(cast("Role", p.role), p.address, p.name) for p in group])
        ]
        for email_id, group in matching.participants(conn, email_ids).items()
    }


def _takes_back(change: matching.Change) -> bool:
    return change.change == "removed" and change.kind in ("address", "domain")


def _rematch(
    conn: Connection, rules: Matching, email_ids: Sequence[int], *, taken_back: bool = False
) -> None:
    """*taken_back*: an investor may be gone, and their links with them: all that is still matched is told."""
    found = _found(conn, rules, email_ids)
    back, lost = matching.replace(conn, found)
    if taken_back:
        back = [one for one, matches in found.items() if matches]
    # Whose a message is decides whom it belongs together with.  All of them: who was deleted has left no
    # link to compare with, and who became a colleague has changed none.
    moved, concerned = regroup(conn, rules.own, email_ids)
    # As everybody does it: the feed is locked after the messages.
    told = {"matched": back, "unmatched": lost, "moved": moved}
    emails.announce(conn, [(one, kind, True) for kind, ids in told.items() for one in ids])
    if concerned:
        threads.settle(conn, concerned)


def _to_search(conn: Connection, changes: Sequence[matching.Change]) -> list[str]:
    """Return the addresses and domains whose mail of the past may be an investor's now and was not before.

    What was left out because somebody was excluded, or ours, is found among all investors' mail: asking
    for that somebody's would read mail that is nobody's.
    """
    if any(one.change == "removed" and one.kind in LEFT_OUT for one in changes):
        return list(investors.terms(conn))
    return [one.value for one in changes if one.change == "added" and one.kind in ("address", "domain")]


def _search(conn: Connection, terms: Sequence[str]) -> None:
    """Order the search of the past; before the first account is enrolled there is none."""
    if terms and searches.ask(conn, sorted(set(terms))):
        deltas.wake(conn, [account.id for account in accounts.every(conn)])


def erase_outlived(db: Database, *, after: timedelta) -> int:
    """Erase messages that have matched nobody for *after*; return how many."""
    with db.transaction() as conn:
        ids = matching.outlived(conn, older_than=after, limit=ERASED_TOGETHER)
        disappearance.erase(conn, ids)
    if ids:
        log.info("unmatched.erased", messages=len(ids))
    return len(ids)
